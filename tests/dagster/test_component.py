"""`PackSyncComponent`: what a defs.yaml may say, and what becomes of it."""

from typing import Any

import dagster as dg
import pytest

from pack_sdk import Pack
from pack_sync.dagster.component import PackSyncComponent
from tests.dagster import dagster_project
from tests.dagster.dagster_project import (
    DagsterProject,
    pack_of,
    values_of,
)
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project


def keys_of(definitions: dg.Definitions) -> set[tuple[str, ...]]:
    """The keys of all assets."""
    return {tuple(key.path) for key in definitions.resolve_asset_graph().get_all_asset_keys()}


def pack_resource(project: DagsterProject, name: str) -> Any:
    """A pack's resource, as it is configured."""
    return dict(project.definitions().resources or {})[f"{name}_pack"]


@pytest.mark.parametrize(
    ("path", "name"), [("acme", "acme"), ("a.b.tracker", "tracker"), ("a.tracker.pack", "tracker")]
)
def test_the_name_of_a_pack_comes_from_its_path(
    monkeypatch: pytest.MonkeyPatch, path: str, name: str
) -> None:
    """A module that is called `pack`, as ours are, has the name of its folder."""

    def load(_: str) -> Pack:
        return pack_of(Items=Scripted())

    monkeypatch.setattr("pack_sync.dagster.component.load_pack", load)
    assert PackSyncComponent(pack=path).definition().name == name


def test_only_the_pack_has_to_be_named(project: DagsterProject) -> None:
    """All of its tables are then synced, with their defaults."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(), Other=Scripted()))
    assert keys_of(project.definitions()) == {("acme", "Items"), ("acme", "Other")}


def test_tables_can_be_limited(project: DagsterProject) -> None:
    """Tables that `tables` does not name are no assets."""
    pack = pack_of(Items=Scripted(), Other=Scripted())
    project.switch_on_pack("acme", pack, tables={"Other": {}})
    assert keys_of(project.definitions()) == {("acme", "Other")}


def test_a_pack_can_be_given_another_name(project: DagsterProject) -> None:
    """`name` is the prefix of keys, schedules and resource, and the schema in DuckDB."""
    pack = pack_of(Items=Scripted(last_page("t1", a="1")))
    project.switch_on_pack("acme", pack, name="acme_eu")
    definitions = project.definitions()
    assert keys_of(definitions) == {("acme_eu", "Items")}
    assert {schedule.name for schedule in definitions.schedules or ()} == {
        "acme_eu_incremental",
        "acme_eu_without_cursor",
        "acme_eu_full_refresh",
    }
    assert "acme_eu_pack" in (definitions.resources or {})
    assert project.run().success
    assert project.query("SELECT id FROM acme_eu.Items") == [("a",)]


def test_one_pack_can_be_switched_on_twice(project: DagsterProject) -> None:
    """Two accounts of a service are two defs.yaml with two names."""
    execute = Scripted(last_page("t1", a="1"), last_page("t1", a="1"))
    path = project.add_pack("acme", pack_of(Items=execute))
    for name in ("acme_eu", "acme_us"):
        project.switch_on(name, pack=path, name=name)
    assert keys_of(project.definitions()) == {("acme_eu", "Items"), ("acme_us", "Items")}


def test_owners_are_on_every_asset(project: DagsterProject) -> None:
    """Teams and e-mail addresses, as Dagster knows them."""
    owners = ["team:data-platform", "ada@example.com"]
    pack = pack_of(Items=Scripted(), Other=Scripted())
    project.switch_on_pack("acme", pack, owners=owners)
    for spec in project.definitions().resolve_all_asset_specs():
        assert list(spec.owners) == owners


def test_tags_of_the_ops(project: DagsterProject) -> None:
    """As `dlt_assets` and `sling_assets` take them: executors read them, not selections."""
    resources: dict[str, Any] = {"dagster-k8s/config": {"container_config": {"resources": {}}}}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), op_tags=resources)
    (assets,) = project.definitions().resolve_asset_graph().assets_defs
    assert dict(assets.op.tags) == {"dagster-k8s/config": '{"container_config": {"resources": {}}}'}


def test_parameters_reach_the_pack(project: DagsterProject) -> None:
    """Configured values are the table's `args`, in declared order (contract C1)."""
    execute = Scripted(last_page("t1"))
    pack = Pack()
    schema = pack_of(Items=execute).sync_tables["Items"].schema
    pack.add_sync_table(
        name="Items",
        identity_name="Item",
        schema=schema,
        execute=execute,
        parameters=[
            {"name": "team", "type": "string"},
            {"name": "labels", "type": "stringArray", "optional": True},
            {"name": "limit", "type": "number", "optional": True, "suggestedValue": 50},
            {"name": "since", "type": "string", "optional": True},
        ],
    )
    # A text of digits in both kinds of quotes, as the error for a number says.
    tables = {"Items": {"parameters": {"labels": ["a", "b"], "team": "'7'"}}}
    project.switch_on_pack("acme", pack, tables=tables)
    assert project.run().success
    assert execute.calls[0].args == ["7", ["a", "b"], 50, None]


def test_a_connections_settings_reach_the_resource(project: DagsterProject) -> None:
    """Every key of a connection does (contract F4, F5, F6)."""
    connection = {
        "endpoint": "http://localhost:1",
        "allow_http_localhost": True,
        "allow_private_addresses": True,
        "max_response_bytes": 1_000,
        "max_concurrent_requests": 2,
        "request_timeout_seconds": 3.5,
    }
    project.switch_on("demo", pack="demo", connections={"default": connection})
    resource = pack_resource(project, "demo")
    configured = resource.connections["default"]
    assert {name: getattr(configured, name) for name in connection} == connection


def test_the_packs_settings_reach_the_resource(project: DagsterProject) -> None:
    """Timeout, retries, full syncs and parallel tables are settings (contract C12, C14, C17)."""
    settings = {
        "page_timeout_seconds": 7.0,
        "attempts": 5,
        "retry_wait_seconds": 0.5,
        "full_every_days": 2.0,
        "max_parallel_tables": 9,
    }
    project.switch_on("acme", pack=project.add_pack("acme", pack_of(Items=Scripted())), **settings)
    resource = pack_resource(project, "acme")
    assert {name: getattr(resource, name) for name in settings} == settings
    shown = resource.settings()
    assert (shown.page_timeout_seconds, shown.attempts) == (7.0, 5)
    assert (shown.retry_wait_seconds, shown.full_every.days) == (0.5, 2)


def test_the_periodic_full_sync_can_be_set(project: DagsterProject) -> None:
    """`full_every_days: 0` makes one due at once (contract C12)."""
    execute = Scripted(last_page("t1", a="1"), last_page("t2", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute), full_every_days=0)
    project.run()
    values = values_of(project.run(), "Items")
    assert values["sync/mode"] == "full"
    assert values["sync/mode_reason"].startswith("the periodic full sync (every 0 hours) is due")


def test_a_file_may_ask_for_environment_variables(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`{{ env(…) }}` is read when the definitions load, with its default where it is not set."""
    endpoint = "{{ env('DEMO_API_URL', 'http://localhost:8765') }}"
    connection = {"endpoint": endpoint, "allow_http_localhost": True}
    project.switch_on("demo", pack="demo", connections={"default": connection})
    resource = pack_resource(project, "demo")
    assert resource.connections["default"].endpoint == "http://localhost:8765"
    monkeypatch.setenv("DEMO_API_URL", "http://localhost:4321")
    resource = pack_resource(project, "demo")
    assert resource.connections["default"].endpoint == "http://localhost:4321"


def test_a_component_can_be_made_of_its_attributes() -> None:
    """Dagster's way to test a component works with ours."""
    component = PackSyncComponent.from_attributes_dict(  # pyright: ignore[reportUnknownMemberType]
        attributes={"pack": "demo", "attempts": 2}
    )
    assert isinstance(component, PackSyncComponent)
    assert (component.pack, component.attempts, component.tables) == ("demo", 2, None)
