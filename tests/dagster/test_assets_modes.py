"""How a run says which mode it wants: config, tags, jobs, backfills."""

from collections.abc import Generator, Mapping
from typing import Any

import dagster as dg
import pytest

from pack_sync.dagster.project_definitions import load_definitions
from pack_sync.project import find_project
from tests.dagster.dagster_project import DagsterProject, open_project, pack_of, values_of
from tests.engine.sync_harness import last_page

BACKFILL = "dagster/backfill"
AUTOMATION = "dagster/from_automation_condition"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Generator[DagsterProject]:
    """A pack whose table has been synced once and has a cursor, as after each further sync."""
    folder = tmp_path_factory.mktemp("modes")
    with pytest.MonkeyPatch.context() as patch, open_project(folder, patch) as project:
        project.switch_on_pack("acme", pack_of(Items=execute), full_every_days=1000)
        assert project.run().success
        yield project


def execute(*_: object) -> Any:
    """The only page, with a cursor."""
    return last_page("t1", a="1")


def mode_in_config(mode: str) -> Mapping[str, Any]:
    """The run config that the launchpad makes."""
    return {"ops": {"sync_acme": {"config": {"mode": mode}}}}


def decided(result: Any) -> tuple[str, str]:
    """Mode and reason in the metadata of the run's materialization."""
    values = values_of(result, "Items")
    return values["sync/mode"], values["sync/mode_reason"]


def test_a_run_that_asks_for_nothing_is_incremental(project: DagsterProject) -> None:
    """With a cursor, and no full sync due, only changes are fetched (contract C12)."""
    assert decided(project.run()) == ("incremental", "there is a cursor to continue from")


def test_a_runs_config_can_ask_for_a_full_sync(project: DagsterProject) -> None:
    """`mode: full` in the launchpad forces one."""
    result = project.run(run_config=mode_in_config("full"))
    assert decided(result) == ("full", "the run's config says mode: full")


def test_a_runs_config_wins_over_its_tag(project: DagsterProject) -> None:
    """Who fills in the launchpad of the job `full_refresh` means it (design: mode)."""
    result = project.run("full_refresh", run_config=mode_in_config("incremental"))
    assert decided(result) == ("incremental", "the run's config says mode: incremental")


def test_a_mode_that_does_not_exist_is_refused_with_the_choices(project: DagsterProject) -> None:
    """Dagster refuses it before the run starts."""
    with pytest.raises(dg.DagsterInvalidConfigError, match="auto") as refusal:
        project.run(run_config=mode_in_config("weekly"))
    assert "incremental" in str(refusal.value)


def test_a_tag_can_ask_for_a_full_sync(project: DagsterProject) -> None:
    """A tag needs no config for each asset and survives re-execution."""
    result = project.run(tags={"sync/mode": "full"})
    assert decided(result) == ("full", "the run is tagged sync/mode: full")


def test_a_tag_with_an_unknown_mode_fails_the_tables(project: DagsterProject) -> None:
    """A misspelt tag must not turn into a cheap incremental sync."""
    result = project.run(tags={"sync/mode": "Full"})
    assert not result.success
    assert "the run's tag sync/mode is 'Full'; use auto, full or incremental" in project.logged(
        result
    )


def test_the_job_full_refresh_syncs_fully(project: DagsterProject) -> None:
    """It is tagged (contract C13)."""
    assert decided(project.run("full_refresh")) == ("full", "the run is tagged sync/mode: full")


def test_a_run_of_a_backfill_is_full(project: DagsterProject) -> None:
    """A Dagster backfill is a forced full sync (design: mode)."""
    result = project.run(tags={BACKFILL: "qxyz"})
    assert decided(result) == ("full", "the run belongs to backfill qxyz")


def test_a_backfill_that_automation_started_is_not_forced(project: DagsterProject) -> None:
    """Dagster's automation tags its runs as backfills too; they are no wish for a full sync."""
    result = project.run(tags={BACKFILL: "qxyz", AUTOMATION: "true"})
    assert decided(result) == ("incremental", "there is a cursor to continue from")


def incremental_job() -> dg.JobDefinition:
    """The job, for Dagster to find it again when it re-executes a run."""
    return load_definitions(find_project()).resolve_job_def("incremental")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({BACKFILL: "qxyz"}, ("full", "belongs to backfill qxyz")),
        ({BACKFILL: "qxyz", AUTOMATION: "true"}, ("incremental", "a cursor to continue from")),
    ],
)
def test_the_reexecution_of_a_backfills_run_is_what_the_first_was(
    project: DagsterProject, tags: Mapping[str, str], expected: tuple[str, str]
) -> None:
    """Re-executing drops the backfill's tag, so the root run is asked too (design: mode)."""
    first = project.run(tags=tags)
    again = dg.execute_job(
        dg.reconstructable(incremental_job),
        instance=project.instance,
        reexecution_options=dg.ReexecutionOptions(parent_run_id=first.run_id),
        raise_on_error=True,
    )
    run = project.instance.get_run_by_id(again.run_id)
    assert run is not None
    assert run.root_run_id == first.run_id
    assert BACKFILL not in run.tags
    records = project.instance.fetch_materializations(dg.AssetKey(["acme", "Items"]), limit=1)
    materialization = records.records[0].asset_materialization
    assert records.records[0].run_id == again.run_id
    assert materialization is not None
    metadata = materialization.metadata
    assert metadata["sync/mode"].value == expected[0]
    assert str(metadata["sync/mode_reason"].value).endswith(expected[1])
