"""A pack as a Dagster resource: its code, its connections, and how its syncs behave."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from pack_sdk.pack import Pack
from pack_sync.budgets.books import books_for
from pack_sync.connect.connected import what_is_missing, with_account
from pack_sync.connection_settings import ConnectionOptions, ConnectionSettings
from pack_sync.dagster.account_check import account_results
from pack_sync.dagster.configuration import not_connected, unset_variable
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_op import PackEvent, PackRun, definition_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.http.budget import Budget, budget_of
from pack_sync.http.connection import Connection
from pack_sync.project import ConfigurationError
from pack_sync.runtimes.loader import code_version_of, load_pack, load_runtime, pack_name
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.settings import SyncSettings
from pack_sync.state.postgres_secrets import shared_stores
from pack_sync.warehouse.database import Database

_WHOLE_NUMBER_VARIABLE = type(dg.EnvVar.int(""))


class _ReadLater(BaseModel):
    """Lets a setting be `dg.EnvVar.int(…)`: a number 0 until a run reads it, then checked."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _not_yet(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        return value if isinstance(value, _WHOLE_NUMBER_VARIABLE) else check(value)


class PackConnection(_ReadLater, ConnectionOptions, dg.Config):
    """One account of the service; its credentials are `dg.EnvVar`s."""

    credentials: dict[str, str] = Field(
        default_factory=dict, repr=False, description="The pack's credentials, by name."
    )
    variables: dict[str, str] = Field(
        default_factory=dict,
        description="The environment variables that the credentials are from, for errors to name.",
    )


class PackResource(_ReadLater, SyncSettings, dg.ConfigurableResource["PackResource"]):
    """A pack: its code, its connections, and how its syncs behave.

    Connections are opened when a table first needs them and closed with the run; all
    tables of a run share them, and with them the limit on requests at once.
    """

    pack: str = Field(description="A folder of packs/, or the path of a folder or a module.")
    name: str | None = Field(
        default=None, description="The pack's name in the warehouse; its own if unset."
    )
    connections: dict[str, PackConnection] = Field(
        default_factory=dict, description="Accounts of the service, by name."
    )

    _open: dict[str, Connection] = PrivateAttr(default_factory=dict[str, Connection])

    def run(
        self, context: dg.AssetExecutionContext, definition: PackTables | None = None
    ) -> Iterator[PackEvent]:
        """Sync the tables that the run has selected, in an op that `build_pack_assets` made.

        Yields a `dg.MaterializeResult` for each table as soon as it is synced (for partitioned
        tables the event is logged instead, one for each partition) and `dg.AssetCheckResult`s.
        Raises `dg.Failure` at the end, naming the tables that failed. In an op of your own,
        give the `definition` whose assets it has.
        """
        warehouse: WarehouseResource = getattr(context.resources, WAREHOUSE)
        known = definition or definition_of(context)
        run = PackRun(context=context, definition=known, pack=self, warehouse=warehouse)
        # The database is looked at when the checks are: an address that is none is told of before.
        yield from run.events(lambda: account_results(context, known, self, warehouse.database))

    def load(self) -> Pack:
        """The pack's definition."""
        return load_pack(self.pack)

    def code_version(self) -> str:
        """What changes with the pack's code (see `pack_sync.runtimes.loader`)."""
        return code_version_of(self.pack)

    def runtime(self) -> PackRuntime:
        """What runs the pack's code."""
        return load_runtime(self.pack)

    def settings(self) -> SyncSettings:
        """How the pack's syncs behave."""
        return SyncSettings(**{name: getattr(self, name) for name in SyncSettings.model_fields})

    def connection(self, name: str, database: Database) -> Connection:
        """The connection of that name, opened on first use.

        Tokens that it obtains are kept where all who sync into this database find them.
        Raises `ConfigurationError` where a variable of its credentials is not set, or neither it
        nor a connected account has what the pack needs.
        """
        if name not in self._open:
            pack, shared = self.load(), shared_stores(database)
            settings = with_account(self.configured(name), pack.authentication, shared)
            if missing := what_is_missing(settings, pack.authentication):
                raise ConfigurationError(not_connected(self.shown_name, name, missing))
            self._open[name] = Connection(
                settings,
                pack.authentication,
                pack.network_domains,
                shared=shared,
                books=books_for(database),
                rate_limits=pack.rate_limits,
            )
        return self._open[name]

    def budget(self, name: str, database: Database) -> Budget | None:
        """What the account of a connection may request, credentials or not; None without a rate."""
        return budget_of(self.configured(name, complete=False), books_for(database))

    def configured(self, name: str, *, complete: bool = True) -> ConnectionSettings:
        """The connection of that name as it and the pack say, without a connected account.

        Raises `ConfigurationError` where a variable of its credentials is not set, unless it need
        not be `complete`.
        """
        config = self.connections.get(name) or PackConnection()
        for credential, variable in config.variables.items():
            if complete and not config.credentials.get(credential):
                raise ConfigurationError(unset_variable(name, credential, variable))
        settings = ConnectionSettings(name=name, pack=self.shown_name, **config.model_dump())
        return _with_rate(settings, self.load())

    @property
    def shown_name(self) -> str:
        """The pack's name as commands take it."""
        return self.name or pack_name(self.pack)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Close the connections."""
        del context
        while self._open:
            self._open.popitem()[1].close()


def _with_rate(settings: ConnectionSettings, pack: Pack) -> ConnectionSettings:
    """With the service's rate, as the pack says it, where the connection has none."""
    update: dict[str, Any] = {}
    if not settings.rate:
        update["rate"] = list(pack.rate)
    if settings.count_not_modified is None:
        update["count_not_modified"] = pack.count_not_modified
    return settings.model_copy(update=update)
