"""`PackSyncComponent`: a pack, switched on by a `defs.yaml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from resources.runtimes.pack_loader import load_pack
from sync_assets.assets import build_pack_assets
from sync_assets.configuration import (
    ConfigurationError,
    ConnectionConfiguration,
    ScheduleConfiguration,
    TableConfiguration,
    check_connections,
    check_schedule,
    choose,
)
from sync_assets.pack_assets import PackAssets
from sync_assets.resources import ConnectionConfig, PackResource
from sync_assets.schedules import PackSchedules, build_pack_schedules

DEFAULT_CONNECTION = "default"


class PackSyncComponent(dg.Component, dg.Resolvable, dg.Model):
    """The sync tables of a pack as assets, with their schedules.

    Every key but `pack` may be left out: then all tables are synced with their defaults.
    """

    pack: str = Field(description="A folder of packs/, or the path of a module of your own.")
    name: str | None = Field(
        default=None, description="Asset key prefix and DuckDB schema; the pack's name if unset."
    )
    connections: dict[str, ConnectionConfiguration] = Field(
        default_factory=dict, description="Accounts of the service; tables use `default`."
    )
    tables: dict[str, TableConfiguration] | None = Field(
        default=None, description="The tables to sync; all of the pack's if unset."
    )
    schedule: ScheduleConfiguration = Field(
        default_factory=ScheduleConfiguration, description="When the tables are synced (C12)."
    )
    owners: list[str] = Field(default_factory=list, description='"team:x" or e-mail addresses.')
    page_timeout_seconds: float = Field(default=60, description="Contract C14.")
    attempts: int = Field(default=3, ge=1, description="How often a failing sync is tried (C17).")
    retry_wait_seconds: float = Field(default=5, description="Before the second try; doubles.")
    full_every_days: float = Field(default=7, description="How old a full sync may get (C12).")
    max_parallel_tables: int = Field(default=4, ge=1, description="Tables synced at once in a run.")
    max_rejected_rows: int | None = Field(
        default=None, ge=0, description="A sync with more rejected rows fails (S4); no limit."
    )
    max_rejected_share: float | None = Field(
        default=None, ge=0, le=1, description="A sync with a larger share of them fails; no limit."
    )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The pack's assets, schedules and resource.

        Raises `ConfigurationError` that names the file, the key and the choices.
        """
        definition = self.definition(_shown(context.path))
        schedules = build_pack_schedules(
            PackSchedules(
                name=definition.name,
                tables={t: list(definition.syncs_of(t)) for t in definition.configured_tables},
                schedule=self.schedule,
            )
        )
        return dg.Definitions(
            assets=build_pack_assets(definition),
            schedules=schedules,
            resources={definition.resource_key: self.resource()},
        )

    def definition(self, where: str = "defs.yaml") -> PackAssets:
        """The pack, loaded and checked. Raises `ConfigurationError`; `where` names the file."""
        try:
            pack = load_pack(self.pack)
        except PackDefinitionError as error:
            raise ConfigurationError(f"{where}.pack: {error}") from error
        self._check(pack, where)
        return PackAssets(
            name=self.name or self.pack.rpartition(".")[2],
            pack=pack,
            tables=self.tables,
            owners=self.owners,
            where=where,
        )

    def _check(self, pack: Pack, where: str) -> None:
        connections = self._connections()
        check_connections(pack, connections, where=where)
        check_schedule(self.schedule, where=f"{where}.schedule")
        if self.tables is None:  # then every table uses this one
            choose(
                [DEFAULT_CONNECTION], connections, where=f"{where}.connections", what="connection"
            )
        for name, table in (self.tables or {}).items():
            key = f"{where}.tables.{name}"
            choose([table.connection], connections, where=f"{key}.connection", what="connection")
            for sync, configured in table.syncs.items():
                choose(
                    [configured.connection or table.connection],
                    connections,
                    where=f"{key}.syncs.{sync}.connection",
                    what="connection",
                )

    @property
    def connection_names(self) -> Sequence[str]:
        """The connections that there are."""
        return list(self._connections())

    def _connections(self) -> Mapping[str, ConnectionConfiguration]:
        """The configured connections; a pack without credentials needs none to be written."""
        return self.connections or {DEFAULT_CONNECTION: ConnectionConfiguration()}

    def resource(self) -> PackResource:
        """The pack as a resource; credentials are read when a run starts."""
        connections = {
            name: ConnectionConfig(
                **connection.model_dump(exclude={"credentials"}),
                credentials={
                    key: dg.EnvVar(variable.env) for key, variable in connection.credentials.items()
                },
                variables={key: given.env for key, given in connection.credentials.items()},
            )
            for name, connection in self._connections().items()
        }
        return PackResource(
            pack=self.pack,
            connections=connections,
            page_timeout_seconds=self.page_timeout_seconds,
            attempts=self.attempts,
            retry_wait_seconds=self.retry_wait_seconds,
            full_every_days=self.full_every_days,
            max_parallel_tables=self.max_parallel_tables,
            max_rejected_rows=self.max_rejected_rows,
            max_rejected_share=self.max_rejected_share,
        )


def _shown(folder: Path) -> str:
    """The component's file, from the working directory where that is shorter."""
    file = folder / "defs.yaml" if folder.is_dir() else folder
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
