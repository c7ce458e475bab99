"""`PackSyncComponent`: a pack, switched on by a `defs.yaml`."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

import dagster as dg
from dagster.components.utils.translation import TranslationFn
from pydantic import ConfigDict, Field, PrivateAttr

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.broken_packs import (
    broken_pack_definitions,
    is_validating,
    logger,
    one_line,
)
from pack_sync.dagster.configuration import (
    ConnectionConfiguration,
    Described,
    EnvironmentVariable,
    FreshnessConfiguration,
    ScheduleConfiguration,
    TableConfiguration,
    check_connections,
    check_schedule,
    choose,
    unset_variable,
)
from pack_sync.dagster.freshness import freshness_policy
from pack_sync.dagster.jobs import build_pack_jobs
from pack_sync.dagster.notify_configuration import NotifyConfiguration
from pack_sync.dagster.notify_sensor import build_notify_sensor
from pack_sync.dagster.pack_resource import PackConnection, PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.scaffolder import PackSyncScaffolder
from pack_sync.dagster.schedules import build_pack_schedules
from pack_sync.dagster.shared_names import refuse_shared_names
from pack_sync.dagster.translator import (
    PackSyncTranslator,
    SyncTableData,
    translation_resolver,
)
from pack_sync.project import ConfigurationError, use_project
from pack_sync.runtimes.loader import load_pack, pack_name
from pack_sync.settings import SyncSettings

DEFAULT_CONNECTION = "default"


@dg.scaffold_with(PackSyncScaffolder)
class PackSyncComponent(SyncSettings, dg.Component, Described):
    """The sync tables of a pack as assets, with their schedules.

    Every key but `pack` may be left out: then all tables are synced with their defaults.
    """

    # Beside `pack_sync.settings`, whose groups do not change, a component of a user's own may.
    model_config = ConfigDict(frozen=False)

    pack: str = Field(
        description="A folder of packs/, the path of a TypeScript pack's folder, or a module's."
    )
    name: str | None = Field(
        default=None, description="Asset key prefix and DuckDB schema; the pack's name if unset."
    )
    connections: dict[str, ConnectionConfiguration] = Field(
        default_factory=dict, description="Accounts of the service; tables use `default`."
    )
    tables: dict[str, TableConfiguration] | None = Field(
        default=None,
        description="The tables to sync, `*` being all others; all of the pack's if unset.",
    )
    schedule: ScheduleConfiguration = Field(
        default_factory=ScheduleConfiguration, description="When the tables are synced."
    )
    owners: list[str] = Field(
        default_factory=list, description='Owners of every asset: "team:x" or e-mail addresses.'
    )
    tags: dict[str, str] = Field(
        default_factory=dict, description="Tags of every asset, for selections."
    )
    kinds: list[str] = Field(
        default_factory=list,
        description="Kinds of every asset, such as the service's; Dagster shows three, these first "
        "after duckdb, then incremental where tables are, then the pack's language.",
    )
    freshness: FreshnessConfiguration = Field(
        default_factory=FreshnessConfiguration,
        description="How old the tables may get before they count as stale.",
    )
    notify: NotifyConfiguration | None = Field(
        default=None, description="Who is told of what goes wrong with this pack; nobody if unset."
    )
    translation: Annotated[TranslationFn[SyncTableData] | None, translation_resolver()] = None
    op_per_table: bool = Field(
        default=False,
        description="Give each table an op of its own, for executors that spread ops over workers.",
    )
    op_tags: dict[str, Any] = Field(
        default_factory=dict,
        description="Tags of the ops, such as what an executor for Kubernetes reads.",
    )

    _where: str = PrivateAttr(default="defs.yaml")
    _refused: str = PrivateAttr(default="")
    _told_elsewhere: bool = PrivateAttr(default=False)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The pack's assets, schedules and resource.

        What is wrong, in the file or in the pack, does not stop other packs: then there is one
        asset that says what it is, see `broken_pack_definitions`. Where a variable of a
        credential is not set, the assets are there, and their syncs fail. When definitions are
        checked, both are a `ConfigurationError` that names the file, the key and the choices.
        """
        with suppress(Exception):  # another file's: that one is told of where it is read
            refuse_shared_names(context.component_tree.get_all_components(PackSyncComponent))
        if self._told_elsewhere and not is_validating():
            return dg.Definitions()
        try:
            definition = self.definition()
            definitions = dg.Definitions(
                assets=build_pack_assets(definition, execute=self.execute),
                jobs=build_pack_jobs(definition),
                schedules=build_pack_schedules(definition, self.schedule),
                sensors=self._sensors(),
                resources={definition.resource_key: self.resource()},
            )
            self._tell_of_unset_variables()
            if left_out := definition.not_synced:
                _warn_once(left_out)
        except Exception as error:  # also from a translation, or a subclass of a user's own
            if is_validating():
                raise
            reason = str(error) if isinstance(error, ConfigurationError) else self._told(error)
            return broken_pack_definitions(self.shown_name, reason, self.schedule)
        return definitions

    def _sensors(self) -> list[dg.SensorDefinition]:
        if self.notify is None:
            return []
        name, where = f"{self.shown_name}_notify", f"{self._where}.notify"
        return [build_notify_sensor(name, self.notify, where=where, pack=self.shown_name)]

    def _told(self, error: Exception) -> str:
        logger.debug("%s", self._where, exc_info=error)
        return f"{self._where}: {type(error).__name__}: {one_line(error)}"

    def _tell_of_unset_variables(self) -> None:
        unset = self.unset_variables()
        if unset and is_validating():
            raise ConfigurationError(unset[0])
        for each in unset:
            logger.warning("the pack %s cannot be synced: %s", self.shown_name, each)

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
        where = _shown(context.path)
        try:
            component = super().load(attributes, context)
        except Exception as error:  # a template in it, such as that of a variable that is not set
            if is_validating():
                raise
            component = cls.model_construct(pack=context.path.name)
            component._refused = f"{where}: {one_line(error)}"
        component._where = where
        return component

    @property
    def shown_name(self) -> str:
        """The pack's name, which is known even where the pack cannot be loaded."""
        return self.name or pack_name(self.pack)

    @property
    def where(self) -> str:
        """The file that errors name."""
        return self._where

    def refuse(self, reason: str, *, quietly: bool) -> None:
        """Have the pack not synced, for that reason; `quietly` if another component says it."""
        self._refused = reason
        self._told_elsewhere = quietly

    def definition(self) -> PackTables:
        """The pack, loaded and checked. Raises `ConfigurationError` that names the file."""
        where = self._where
        if self._refused:
            raise ConfigurationError(self._refused)
        try:
            pack = load_pack(self.pack)
        except PackDefinitionError as error:
            raise ConfigurationError(f"{where}.pack: {error}") from error
        self._check(pack, where)
        return PackTables(
            name=self.shown_name,
            pack=pack,
            tables=self.tables,
            owners=self.owners,
            tags=self.tags,
            kinds=self.kinds,
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
        if self.tables is None and DEFAULT_CONNECTION not in connections:
            raise ConfigurationError(
                f"{where}.connections: tables use the connection {DEFAULT_CONNECTION!r}, and there "
                f"are only {', '.join(connections)}. Name the tables below `tables`, each with its "
                "`connection`"
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

    def unset_variables(self) -> Sequence[str]:
        """What is wrong with credentials whose variables are not set: file, key and remedy."""
        return [
            f"{self._where}.{unset_variable(name, key, variable.env)}"
            for name, connection in self._connections().items()
            for key, variable in connection.credentials.items()
            if not _is_set(variable)
        ]

    def resource(self) -> PackResource:
        """The pack as a resource; credentials are read when a run starts."""
        connections = {
            name: PackConnection(
                **connection.model_dump(exclude={"credentials"}),
                credentials={
                    key: dg.EnvVar(variable.env)
                    for key, variable in connection.credentials.items()
                    if _is_set(variable)  # else Dagster would fail all packs of a run
                },
                variables={key: given.env for key, given in connection.credentials.items()},
            )
            for name, connection in self._connections().items()
        }
        settings = {name: getattr(self, name) for name in SyncSettings.model_fields}
        return PackResource(
            pack=self.pack, name=self.shown_name, connections=connections, **settings
        )


class _ComponentTranslator(PackSyncTranslator):
    """Makes the specs as the component says, whose methods a subclass may have overridden.

    Dagster's `create_component_translator_cls` leaves `translation` to its caller and passes over
    `get_asset_spec` of the component itself, so it would not make this any shorter.
    """

    def __init__(self, component: PackSyncComponent) -> None:
        self._component = component

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        spec = self._component.get_asset_spec(data)
        translation = self._component.translation
        return translation(spec, data) if translation else spec


@cache  # some of Dagster's commands load the definitions several times
def _warn_once(text: str) -> None:
    logging.getLogger("pack_sync").warning(text)


def _is_set(variable: EnvironmentVariable) -> bool:
    return bool(dg.EnvVar(variable.env).get_value())


def _shown(folder: Path) -> str:
    """The component's file, from the working directory where that is shorter."""
    file = folder / "defs.yaml" if folder.is_dir() else folder
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
