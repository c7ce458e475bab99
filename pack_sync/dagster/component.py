"""`PackSyncComponent`: a pack, switched on by a `defs.yaml`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import dagster as dg
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver
from pydantic import Field, PrivateAttr

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.configuration import (
    ConfigurationError,
    ConnectionConfiguration,
    FreshnessConfiguration,
    ScheduleConfiguration,
    TableConfiguration,
    check_connections,
    check_schedule,
    choose,
)
from pack_sync.dagster.freshness import freshness_policy
from pack_sync.dagster.pack_tables import PackAssets
from pack_sync.dagster.resources import ConnectionConfig, PackResource
from pack_sync.dagster.scaffolder import PackSyncScaffolder
from pack_sync.dagster.schedules import build_pack_jobs, build_pack_schedules
from pack_sync.dagster.translator import PackSyncTranslator, SyncTableData
from pack_sync.project import use_project
from pack_sync.runtimes.loader import load_pack, pack_name

DEFAULT_CONNECTION = "default"


def _translation() -> TranslationFnResolver[SyncTableData]:
    resolver = TranslationFnResolver[SyncTableData](
        lambda data: {"data": data, "table": data.table, "pack": data.pack_name}
    )
    resolver.description = (  # its constructor does not take one
        "Changes to the tables' assets, such as key, group_name, tags or deps; templates may "
        "use {{ table }}, {{ pack }}, {{ spec }} and {{ data }}."
    )
    return resolver


@dg.scaffold_with(PackSyncScaffolder)
class PackSyncComponent(dg.Component, dg.Resolvable, dg.Model):
    """The sync tables of a pack as assets, with their schedules.

    Every key but `pack` may be left out: then all tables are synced with their defaults.
    """

    pack: Annotated[
        str,
        dg.Resolver.default(
            description="A folder of packs/, the path of a TypeScript pack's folder, or a module's."
        ),
    ]
    name: Annotated[
        str | None,
        dg.Resolver.default(
            description="Asset key prefix and DuckDB schema; the pack's name if unset."
        ),
    ] = None
    connections: Annotated[
        dict[str, ConnectionConfiguration],
        dg.Resolver.default(description="Accounts of the service; tables use `default`."),
    ] = Field(default_factory=dict)
    tables: Annotated[
        dict[str, TableConfiguration] | None,
        dg.Resolver.default(description="The tables to sync; all of the pack's if unset."),
    ] = None
    schedule: Annotated[
        ScheduleConfiguration, dg.Resolver.default(description="When the tables are synced (C12).")
    ] = Field(default_factory=ScheduleConfiguration)
    owners: Annotated[
        list[str], dg.Resolver.default(description='"team:x" or e-mail addresses.')
    ] = Field(default_factory=list)
    tags: Annotated[
        dict[str, str], dg.Resolver.default(description="Tags of every asset, for selections.")
    ] = Field(default_factory=dict)
    kinds: Annotated[
        list[str] | None,
        dg.Resolver.default(
            description="Kinds of every asset beside duckdb and python; the pack's name if unset."
        ),
    ] = None
    freshness: Annotated[
        FreshnessConfiguration,
        dg.Resolver.default(description="How old the tables may get before they count as stale."),
    ] = Field(default_factory=FreshnessConfiguration)
    translation: Annotated[TranslationFn[SyncTableData] | None, _translation()] = None
    op_per_table: Annotated[
        bool,
        dg.Resolver.default(
            description="An op for each table, for executors that spread ops over workers."
        ),
    ] = False
    op_tags: Annotated[
        dict[str, Any],
        dg.Resolver.default(
            description="Tags of the ops, such as what an executor for Kubernetes reads."
        ),
    ] = Field(default_factory=dict)
    page_timeout_seconds: Annotated[float, dg.Resolver.default(description="Contract C14.")] = 60
    attempts: Annotated[
        int, dg.Resolver.default(description="How often a failing sync is tried (C17).")
    ] = Field(default=3, ge=1)
    retry_wait_seconds: Annotated[
        float, dg.Resolver.default(description="Before the second try; doubles.")
    ] = 5
    full_every_days: Annotated[
        float, dg.Resolver.default(description="How old a full sync may get (C12).")
    ] = 7
    resume_within_minutes: Annotated[
        float,
        dg.Resolver.default(
            description="How old pages of a sync that died may be to go on with (D9)."
        ),
    ] = Field(default=60, ge=0)
    max_parallel_tables: Annotated[
        int, dg.Resolver.default(description="Tables synced at once in a run.")
    ] = Field(default=4, ge=1)
    show_changed_rows: Annotated[
        bool,
        dg.Resolver.default(
            description="A few changed rows in each materialization; off where they are private."
        ),
    ] = True
    max_rejected_rows: Annotated[
        int | None,
        dg.Resolver.default(description="A sync with more rejected rows fails (S4); no limit."),
    ] = Field(default=None, ge=0)
    max_rejected_share: Annotated[
        float | None,
        dg.Resolver.default(description="A sync with a larger share of them fails; no limit."),
    ] = Field(default=None, ge=0, le=1)
    max_deleted_share: Annotated[
        float,
        dg.Resolver.default(
            description="A full sync that deletes a larger share of its rows, and more than "
            "max_deleted_rows, is held for approval (D8)."
        ),
    ] = Field(default=0.5, ge=0, le=1)
    max_deleted_rows: Annotated[int, dg.Resolver.default(description="See max_deleted_share.")] = (
        Field(default=100, ge=0)
    )
    hold_empty: Annotated[
        bool,
        dg.Resolver.default(
            description="A full sync without rows, where there are some, is held (D8)."
        ),
    ] = True

    _where: str = PrivateAttr(default="defs.yaml")

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The pack's assets, schedules and resource.

        Raises `ConfigurationError` that names the file, the key and the choices.
        """
        del context
        definition = self.definition()
        return dg.Definitions(
            assets=build_pack_assets(definition, execute=self.execute),
            jobs=build_pack_jobs(definition),
            schedules=build_pack_schedules(definition, self.schedule),
            resources={definition.resource_key: self.resource()},
        )

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        """The asset of a table, before `translation`. Override it to have it otherwise."""
        return PackSyncTranslator().get_asset_spec(data)

    def execute(
        self, context: dg.AssetExecutionContext, pack: PackResource
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        """What the pack's ops do. Override it to do more before or after the syncs."""
        yield from pack.run(context)

    @classmethod
    def load(cls, attributes: Any, context: dg.ComponentLoadContext) -> Self:
        """As Dagster loads any component; this one knows its file, which errors name."""
        use_project(context.project_root)
        component = super().load(attributes, context)
        component._where = _shown(context.path)
        return component

    def definition(self) -> PackAssets:
        """The pack, loaded and checked. Raises `ConfigurationError` that names the file."""
        where = self._where
        try:
            pack = load_pack(self.pack)
        except PackDefinitionError as error:
            raise ConfigurationError(f"{where}.pack: {error}") from error
        self._check(pack, where)
        folder = pack_name(self.pack)
        return PackAssets(
            name=self.name or folder,
            pack=pack,
            tables=self.tables,
            owners=self.owners,
            tags=self.tags,
            kinds=[_kind_of(folder)] if self.kinds is None else self.kinds,
            freshness_policy=freshness_policy(
                self.freshness, self.schedule, where=f"{where}.freshness"
            ),
            translator=_ComponentTranslator(self),
            op_per_table=self.op_per_table,
            op_tags=self.op_tags,
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
            resume_within_minutes=self.resume_within_minutes,
            max_parallel_tables=self.max_parallel_tables,
            show_changed_rows=self.show_changed_rows,
            max_rejected_rows=self.max_rejected_rows,
            max_rejected_share=self.max_rejected_share,
            max_deleted_share=self.max_deleted_share,
            max_deleted_rows=self.max_deleted_rows,
            hold_empty=self.hold_empty,
        )


class _ComponentTranslator(PackSyncTranslator):
    """Makes the specs as the component says, whose methods a subclass may have overridden."""

    def __init__(self, component: PackSyncComponent) -> None:
        self._component = component

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        spec = self._component.get_asset_spec(data)
        translation = self._component.translation
        return translation(spec, data) if translation else spec


def _kind_of(pack: str) -> str:
    """The service that a pack is for, as Dagster writes kinds; it has logos for many."""
    return re.sub(r"[^a-z0-9_.-]", "", pack.lower())


def _shown(folder: Path) -> str:
    """The component's file, from the working directory where that is shorter."""
    file = folder / "defs.yaml" if folder.is_dir() else folder
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
