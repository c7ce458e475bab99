"""A connection of a configured pack, as commands about accounts work with it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from pack_sdk.authentication import Authentication
from pack_sync.budgets.books import books_for
from pack_sync.cli.context import Configured, warehouse_resource
from pack_sync.cli.terminal import fail
from pack_sync.connect.connected import account_store
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.http.connection import Connection
from pack_sync.state.accounts import AccountStore
from pack_sync.state.postgres_secrets import shared_stores
from pack_sync.state.secret_store import SecretStores


@dataclass(frozen=True, kw_only=True)
class ChosenConnection:
    """A connection, with all that belongs to it.

    `settings` are as the `defs.yaml` and the environment have them, without the connected account;
    variables that are not set are left out.
    """

    name: str
    definition: PackTables
    resource: PackResource
    warehouse: WarehouseResource
    settings: ConnectionSettings
    where: str

    @property
    def pack(self) -> str:
        """The pack's name."""
        return self.settings.pack

    @property
    def authentication(self) -> Authentication:
        """What the pack declares."""
        return self.definition.pack.authentication

    @property
    def shared(self) -> SecretStores | None:
        """Where all workers of a lake keep secrets."""
        return shared_stores(self.warehouse.database)

    @property
    def store(self) -> AccountStore:
        """Where its account is kept."""
        return account_store(self.settings, self.shared)

    def open(self, settings: ConnectionSettings) -> Connection:
        """A connection with these settings; to be closed."""
        pack = self.definition.pack
        return Connection(
            settings,
            pack.authentication,
            pack.network_domains,
            shared=self.shared,
            books=books_for(self.warehouse.database),
            rate_limits=pack.rate_limits,
        )


@contextmanager
def chosen_connection(configured: Configured, name: str) -> Generator[ChosenConnection]:
    """The connection of that name; exits with the choices if there is none."""
    component, definition = configured
    if name not in component.connection_names:
        fail(
            f"{component.shown_name} has no connection {name!r}; choose from "
            f"{', '.join(component.connection_names)}, or write it below `connections` in "
            f"{component.where}"
        )
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    with dg.build_resources(resources) as built:
        resource: PackResource = getattr(built, definition.resource_key)
        yield ChosenConnection(
            name=name,
            definition=definition,
            resource=resource,
            warehouse=built.warehouse,
            settings=resource.configured(name, complete=False),
            where=component.where,
        )
