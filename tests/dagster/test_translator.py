"""Assets otherwise than by default: `translation`, `PackSyncTranslator`, `PackResource.run`."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from pack_sdk import Pack
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.broken_packs import VALIDATING
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.configuration import SyncConfiguration, TableConfiguration
from pack_sync.dagster.freshness import longest_gap
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_op import PackEvent
from pack_sync.dagster.translator import PackSyncTranslator, SyncTableData
from pack_sync.dagster.warehouse_resource import WarehouseResource
from pack_sync.project import ConfigurationError
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import ITEM, Scripted, last_page

project = dagster_project.project
stored_project = dagster_project.stored_project


class Bronze(PackSyncTranslator):
    """Every key below `bronze`, in a group of its own."""

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(  # pyright: ignore[reportUnknownMemberType]
            key=spec.key.with_prefix("bronze"), group_name="raw", tags={"mine": "yes"}
        )


def specs_of(project: DagsterProject) -> dict[str, dg.AssetSpec]:
    """All assets by their keys."""
    specs = project.definitions().resolve_all_asset_specs()
    return {".".join(spec.key.path): spec for spec in specs}


def crawling_pack(parent: Any, child: Any) -> Pack:
    """Members, crawled from Teams."""
    pack = Pack()
    pack.add_sync_table(name="Teams", identity_name="Team", schema=ITEM, execute=parent)
    pack.add_sync_table(
        name="Members",
        identity_name="Member",
        schema=ITEM,
        execute=child,
        parameters=[
            {
                "name": "team",
                "type": "string",
                "crawlStrategy": {"parentTable": {"tableName": "Teams", "propertyKey": "id"}},
            }
        ],
    )
    return pack


def test_a_defs_yaml_can_change_its_assets(project: DagsterProject) -> None:
    """`translation` takes the attributes that Dagster's own components take, with templates."""
    project.switch_on_pack(
        "acme",
        pack_of(Items=Scripted(last_page("t1", a="1"))),
        tags={"team": "data"},
        kinds=["github"],
        translation={
            "key": "raw/{{ pack }}_{{ table }}",
            "group_name": "bronze",
            "tags": {"of": "{{ data.table }}"},
            "description": "{{ spec.description }}: {{ table }}",
        },
    )
    (spec,) = specs_of(project).values()
    assert spec.key == dg.AssetKey(["raw", "acme_Items"])
    assert (spec.group_name, spec.description) == (
        "bronze",
        "The table Items of the pack acme.: Items",
    )
    assert spec.tags.items() >= {("team", "data"), ("of", "Items"), ("sync/table", "true")}
    assert spec.kinds == {"duckdb", "python", "github"}
    result = project.run()
    assert result.success
    assert synced_tables(result) == {"raw.acme_Items"}
    assert project.query("SELECT id FROM acme.Items") == [("a",)], "DuckDB's names stay"


def kinds_of(project: DagsterProject, table: str = "Items") -> set[str]:
    """The kinds that the graph shows."""
    return specs_of(project)[f"acme.{table}"].kinds


def test_the_graph_tells_incremental_tables_from_full_ones(project: DagsterProject) -> None:
    """By what their last syncs left: a cursor or none."""
    items = Scripted(last_page("t1", a="1"), last_page("t2"), {"result": [{"id": "a"}]})
    project.switch_on_pack("acme", pack_of(Items=items, Full=Scripted({"result": []})))
    assert kinds_of(project) == {"duckdb", "python"}, "nobody knows yet"
    project.run()
    assert kinds_of(project) == {"duckdb", "python", "incremental"}
    assert kinds_of(project, "Full") == {"duckdb", "python"}
    project.run("incremental", "acme.Items")
    assert kinds_of(project) == {"duckdb", "python", "incremental"}
    project.run("full_refresh", "acme.Items")
    assert kinds_of(project) == {"duckdb", "python"}, "the cursor is gone"


def test_a_crawled_table_is_shown_as_incremental(project: DagsterProject) -> None:
    """Once its children have used their cursors; it has none of its own."""
    child = Scripted(*[last_page("t1", a="1")] * 2)
    parent = Scripted(*[last_page("t1", x="1")] * 2)
    project.switch_on_pack("acme", crawling_pack(parent, child))
    project.run()
    project.run()
    assert "incremental" in kinds_of(project, "Members")
    project.run("incremental", "acme.Teams")
    assert "incremental" in kinds_of(project, "Members"), "of which that run says nothing"


def test_a_table_of_several_syncs_is_incremental_if_one_is(project: DagsterProject) -> None:
    """The asset is one for all of them."""
    execute = Scripted(last_page("t1", a="1"), {"result": [{"id": "b"}]})
    tables: Any = {"Items": {"syncs": {"one": {}, "two": {}}}}
    project.switch_on_pack("acme", pack_of(Items=execute), tables=tables, max_parallel_tables=1)
    project.run()
    assert "incremental" in kinds_of(project)


def test_a_note_that_cannot_be_kept_stops_no_sync(project: DagsterProject) -> None:
    """It is for the eye alone."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    project.write(".dagster/incremental", "a file where a folder should be")
    assert project.run().success
    assert kinds_of(project) == {"duckdb", "python"}


def test_kinds_of_ones_own_come_first(project: DagsterProject) -> None:
    """Dagster shows three."""
    items = Scripted(last_page("t1", a="1"))
    project.switch_on_pack("acme", pack_of(Items=items), kinds=["github"])
    project.run()
    assert kinds_of(project) == {"duckdb", "github", "incremental"}


def test_a_changed_key_reaches_schedules_and_checks(stored_project: DagsterProject) -> None:
    """A tick asks for the asset as it is called, and its check can be run alone."""
    project = stored_project
    pack = pack_of(Items=Scripted(last_page("t1", a="1")))
    project.switch_on_pack("acme", pack, translation={"key": "raw/things"})
    definitions = project.definitions()
    with dg.build_schedule_context(
        instance=project.instance, resources=project.resources
    ) as context:
        tick = definitions.resolve_schedule_def("acme_incremental").evaluate_tick(context)
    assert tick.run_requests is not None
    assert tick.run_requests[0].asset_selection == [dg.AssetKey(["raw", "things"])]
    check = dg.AssetCheckKey(dg.AssetKey(["raw", "things"]), "no_rejected_rows")
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_check_selection={check}, asset_selection=set()
    )
    result = job.execute_in_process(instance=project.instance)
    assert [e.passed for e in result.get_asset_check_evaluations()] == [True]


def test_a_crawled_table_depends_on_its_parent_as_that_is_called(project: DagsterProject) -> None:
    """Lineage follows changed keys (contract C20)."""
    pack = crawling_pack(Scripted(), Scripted())
    project.switch_on_pack("acme", pack, translation={"key": "raw/{{ table }}"})
    (dep,) = specs_of(project)["raw.Members"].deps
    assert dep.asset_key == dg.AssetKey(["raw", "Teams"])


def test_a_translator_of_python(project: DagsterProject) -> None:
    """The tag that the jobs select by stays, whatever a translator makes of the tags."""
    path = project.add_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    resource = PackResource(pack=path)
    definition = PackTables(name="acme", pack=resource.load(), translator=Bronze())
    assets = build_pack_assets(definition)
    (spec,) = assets[0].specs
    assert spec.key == dg.AssetKey(["bronze", "acme", "Items"])
    assert spec.group_name == "raw"
    assert {"mine": "yes", "sync/table": "true"}.items() <= spec.tags.items()
    result = dg.materialize(
        assets,
        instance=project.instance,
        resources={
            "acme_pack": resource,
            "warehouse": WarehouseResource(path=str(project.warehouse)),
        },
    )
    assert synced_tables(result) == {"bronze.acme.Items"}


@pytest.mark.parametrize(
    ("translation", "message"),
    [
        ({"key": "one"}, "the tables 'Items' and 'Other' would both be the asset one"),
        ({"partitions_def": {"type": "static", "partition_keys": ["a"]}}, "cannot be given part"),
    ],
)
def test_a_translation_that_cannot_work_is_refused(
    project: DagsterProject, translation: dict[str, Any], message: str
) -> None:
    """Two tables in one asset, or partitions that are no syncs."""
    pack = pack_of(Items=Scripted(), Other=Scripted())
    project.switch_on_pack("acme", pack, translation=translation)
    project.monkeypatch.setenv(VALIDATING, "1")  # as `dg check defs` does
    with pytest.raises(Exception, match=r"defs\.yaml") as refusal:
        project.definitions()
    causes = [refusal.value, refusal.value.__cause__]
    assert any(isinstance(cause, ConfigurationError) for cause in causes)
    assert any(message in str(cause) for cause in causes)


class Greeting(PackSyncComponent):
    """A component of a user, which does something before and after the syncs."""

    def execute(self, context: dg.AssetExecutionContext, pack: PackResource) -> Iterator[PackEvent]:
        context.log.info("before")
        yield from super().execute(context, pack)
        context.log.info("after")

    def get_asset_spec(self, data: SyncTableData) -> dg.AssetSpec:
        return super().get_asset_spec(data).merge_attributes(metadata={"greeted": True})


def test_a_component_can_be_extended(project: DagsterProject) -> None:
    """`execute` and `get_asset_spec` are there to be overridden, as in dagster-dlt."""
    path = project.add_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    text = (
        f"type: {__name__}.Greeting\nattributes: {{pack: {path}, attempts: 1, "
        "translation: {group_name: mine}}\n"
    )
    project.write(f"{project.module}/defs/acme/defs.yaml", text)
    spec = specs_of(project)["acme.Items"]
    assert (spec.metadata["greeted"], spec.group_name) == (True, "mine")
    result = project.run()
    lines = project.logged(result)
    assert lines.index("before") < lines.index("acme.Items: full sync") < lines.index("after")


def test_run_in_an_op_of_your_own(project: DagsterProject) -> None:
    """`PackResource.run(context, definition)` yields the events where the user wants them."""
    path = project.add_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    resource = PackResource(pack=path)
    definition = PackTables(name="acme", pack=resource.load())
    seen: list[str] = []

    @dg.multi_asset(specs=list(definition.specs.values()))
    def mine(
        context: dg.AssetExecutionContext,
        acme_pack: PackResource,
        warehouse: WarehouseResource,  # noqa: ARG001 - says that the op needs it
    ) -> Iterator[Any]:
        for event in acme_pack.run(context, definition):
            seen.append(type(event).__name__)
            yield event

    resources: dict[str, Any] = {
        "acme_pack": resource,
        "warehouse": WarehouseResource(path=str(project.warehouse)),
    }
    result = dg.materialize([mine], instance=project.instance, resources=resources)
    assert synced_tables(result) == {"acme.Items"}
    assert seen == ["MaterializeResult"]


def test_run_without_a_definition_says_what_is_missing(project: DagsterProject) -> None:
    """In an op that `build_pack_assets` has not made, nobody could know which tables."""
    path = project.add_pack("acme", pack_of(Items=Scripted()))

    @dg.asset
    def mine(
        context: dg.AssetExecutionContext,
        acme_pack: PackResource,
        warehouse: WarehouseResource,  # noqa: ARG001 - says that the op needs it
    ) -> None:
        list(acme_pack.run(context))

    resources: dict[str, Any] = {
        "acme_pack": PackResource(pack=path),
        "warehouse": WarehouseResource(path=str(project.warehouse)),
    }
    with pytest.raises(TypeError, match="mine is no op of a pack; make its assets with"):
        dg.materialize([mine], instance=project.instance, resources=resources)


def test_tables_of_a_connection_share_an_op_and_a_pool() -> None:
    """So a run pays for one step a connection, and a pool limits each account by itself."""
    syncs = {"a": SyncConfiguration(), "b": SyncConfiguration()}
    tables = {
        "One": TableConfiguration(),
        "Two": TableConfiguration(),
        "Far": TableConfiguration(connection="eu"),
        "Many": TableConfiguration(syncs=syncs),
    }
    pack = pack_of(One=Scripted(), Two=Scripted(), Far=Scripted(), Many=Scripted())
    ops = {
        assets.op.name: (sorted(key.path[-1] for key in assets.keys), assets.op.pool)
        for assets in build_pack_assets(PackTables(name="acme", pack=pack, tables=tables))
    }
    assert ops == {
        "sync_acme": (["One", "Two"], "acme_default"),
        "sync_acme_eu": (["Far"], "acme_eu"),
        "sync_acme_Many": (["Many"], "acme_default"),
    }


def test_an_op_for_each_table(project: DagsterProject) -> None:
    """`op_per_table` spreads them over workers; what a user sees stays the same."""
    execute = Scripted(last_page("t1", a="1"), last_page("t1", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute, Other=execute), op_per_table=True)
    result = project.run()
    assert synced_tables(result) == {"acme.Items", "acme.Other"}
    assert {e.step_key for e in result.get_step_success_events()} == {
        "sync_acme_Items",
        "sync_acme_Other",
    }


@pytest.mark.parametrize(
    ("cron", "hours"),
    [("0 */4 * * *", 4), ("0 2 * * *", 24), ("0 3 * * 0", 168), ("*/5 8-18 * * 1-5", 61 + 1 / 12)],
)
def test_the_longest_gap_of_a_cadence(cron: str, hours: float) -> None:
    """Nights and weekends count, or a table would be stale every Monday."""
    assert longest_gap(cron) == timedelta(hours=hours)


def window_of(project: DagsterProject, **attributes: Any) -> Any:
    """Warning and failure of the freshness policy, in hours; None if there is no policy."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()), **attributes)
    (spec,) = specs_of(project).values()
    policy: Any = spec.freshness_policy
    if policy is None:
        return None
    windows = (policy.warn_window, policy.fail_window)
    return tuple(w.to_timedelta().total_seconds() / 3600 for w in windows)


@pytest.mark.parametrize(
    ("attributes", "hours"),
    [
        ({}, (36, 60)),
        ({"schedule": {"incremental": "*/10 * * * *", "without_cursor": "0 * * * *"}}, (1.5, 2.5)),
        ({"freshness": {"warn_after_hours": 2, "fail_after_hours": 3}}, (2, 3)),
        ({"freshness": {"fail_after_hours": 10}}, (6, 10)),
        ({"freshness": {"enabled": False}}, None),
    ],
)
def test_freshness_follows_the_cadence(
    project: DagsterProject, attributes: dict[str, Any], hours: Any
) -> None:
    """One missed tick warns, two fail; hours of one's own count, and so does switching it off."""
    assert window_of(project, **attributes) == hours


def test_an_asset_without_words_of_the_pack_says_what_it_is(project: DagsterProject) -> None:
    """Where it says nothing Dagster shows the op's description, with all of its tables."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(), Other=Scripted()))
    specs = {spec.key.path[-1]: spec for spec in project.definitions().resolve_all_asset_specs()}
    assert specs["Items"].description == "The table Items of the pack acme."
