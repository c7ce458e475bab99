"""Re-execution from failure, and what lies below synced tables in the same run."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest

from pack_sdk import SyncExecutionContext
from pack_sync.dagster.project_definitions import load_definitions
from pack_sync.project import find_project
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project

BELOW = """
import dagster as dg

@dg.asset(deps=[dg.AssetKey(["acme", "Good"])])
def below_good() -> None: ...

@dg.asset(deps=[dg.AssetKey(["acme", "Parts"])])
def below_parts() -> None: ...

everything = dg.define_asset_job("everything", "*", executor_def=dg.in_process_executor)
"""


class Flaky:
    """Fails until it is mended."""

    mended = False

    def __call__(self, _args: Sequence[Any], _context: SyncExecutionContext) -> Any:
        """One page."""
        if not Flaky.mended:
            raise ValueError("not yet")
        return {"result": [{"id": "x", "n": "1"}]}


def everything_job() -> dg.JobDefinition:
    """The job, for Dagster to find it again when it re-executes a run."""
    return load_definitions(find_project()).resolve_job_def("everything")


@pytest.fixture
def acme(project: DagsterProject, monkeypatch: pytest.MonkeyPatch) -> DagsterProject:
    """A table that is well, one that fails, one of two syncs, and assets below."""
    monkeypatch.setattr(Flaky, "mended", False)
    page = last_page("t1", a="1")
    pack = pack_of(Good=Scripted(page, page), Bad=Flaky(), Parts=Scripted(page, page, page, page))
    tables: dict[str, Any] = {"Good": {}, "Bad": {}, "Parts": {"syncs": {"one": {}, "two": {}}}}
    project.switch_on_pack("acme", pack, tables=tables)
    project.write(f"{project.module}/defs/below.py", BELOW)
    return project


def ledger(project: DagsterProject, run_id: str) -> set[tuple[Any, ...]]:
    """Table, sync and status of what a run did."""
    return set(
        project.query(
            "SELECT table_name, sync, status FROM _sync.runs "
            f"WHERE dagster_run_id = '{run_id}' AND status <> 'failed'"
        )
    )


def again(project: DagsterProject, run_id: str, *, from_failure: bool) -> str:
    """Re-execute a run as the UI and the daemon do, with their tag; returns the new run's id."""
    options = (
        dg.ReexecutionOptions.from_failure(run_id, project.instance)
        if from_failure
        else dg.ReexecutionOptions(parent_run_id=run_id)
    )
    return dg.execute_job(
        dg.reconstructable(everything_job),
        instance=project.instance,
        reexecution_options=options,
        tags={"dagster/is_resume_retry": "true"} if from_failure else None,
    ).run_id


def made(project: DagsterProject, run_id: str) -> list[str]:
    """The assets that a run materialized, one for each event."""
    logs = project.instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return sorted(str(entry.get_dagster_event().asset_key.to_user_string()) for entry in logs)  # pyright: ignore[reportOptionalMemberAccess]


def test_assets_below_a_table_of_several_syncs_follow_in_the_same_run(
    acme: DagsterProject,
) -> None:
    """Its materializations are events of our own, of which the assets below it know nothing."""
    Flaky.mended = True
    result = acme.run("everything")
    assert result.success
    assert {"below_parts", "below_good"} <= synced_tables(result)
    assert made(acme, result.run_id).count("acme/Parts") == 2


def test_reexecution_from_failure_syncs_what_is_left(acme: DagsterProject) -> None:
    """And nothing twice; the assets below follow, and each table has its checks."""
    first = acme.run("everything")
    assert ledger(acme, first.run_id) == {
        ("Good", "default", "succeeded"),
        ("Parts", "one", "succeeded"),
        ("Parts", "two", "succeeded"),
    }
    still = again(acme, first.run_id, from_failure=True)
    assert ledger(acme, still) == set()
    Flaky.mended = True
    last = again(acme, still, from_failure=True)
    assert ledger(acme, last) == {("Bad", "default", "succeeded")}
    assert made(acme, last) == ["acme/Bad", "below_good"]
    log = "\n".join(entry.user_message for entry in acme.instance.all_logs(last))
    assert "did not yield" not in log
    assert "1 sync was done before the failure, of 2" in log


def test_reexecution_of_all_syncs_all(acme: DagsterProject) -> None:
    """Only from failure means: what is left."""
    first = acme.run("everything")
    Flaky.mended = True
    last = again(acme, first.run_id, from_failure=False)
    assert made(acme, last) == [
        "acme/Bad",
        "acme/Good",
        "acme/Parts",
        "acme/Parts",
        "below_good",
        "below_parts",
    ]
