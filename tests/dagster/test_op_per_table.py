"""An op for each table: what an executor that spreads ops over workers needs of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan, execute_plan

from pack_sync.dagster.project_definitions import load_definitions
from pack_sync.project import find_project
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DEFINITIONS, DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project
stored_project = dagster_project.stored_project

BIG = {"dagster-k8s/config": {"container_config": {"resources": {"limits": {"memory": "8Gi"}}}}}

KILLED_ONCE = """
import os, signal
from pathlib import Path
from pack_sdk import Pack
from tests.dagster.dagster_project import pack_of

def killed_once(args, context):
    begun = Path({marker!r})
    if not begun.exists():
        begun.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {{"result": [{{"id": "x"}}]}}

def fails(args, context):
    with Path({calls!r}).open("a") as file:
        file.write("called\\n")
    raise ValueError("never")

pack = pack_of(Lost=killed_once, Bad=fails)
"""


def op_tags(definitions: dg.Definitions) -> dict[str, dict[str, Any]]:
    """The tags of each op, by its name."""
    ops = [assets.op for assets in definitions.resolve_asset_graph().assets_defs]
    return {op.name: {key: json.loads(value) for key, value in op.tags.items()} for op in ops}


def test_a_table_has_tags_of_its_own(project: DagsterProject) -> None:
    """Beside the pack's, of which it replaces those of the same name."""
    small: dict[str, Any] = {
        "dagster-k8s/config": {"container_config": {"resources": {}}},
        "other": [1],
    }
    pack = pack_of(Items=Scripted(), Huge=Scripted())
    tables: dict[str, Any] = {"Huge": {"op_tags": BIG}, "*": {}}
    project.switch_on_pack("acme", pack, op_per_table=True, op_tags=small, tables=tables)
    assert op_tags(project.definitions()) == {
        "sync_acme_Items": small,
        "sync_acme_Huge": {**small, **BIG},
    }


def test_tags_of_a_table_that_shares_its_op_are_refused(project: DagsterProject) -> None:
    """Else they would be those of its neighbours too, or of nobody."""
    pack = pack_of(Items=Scripted(), Huge=Scripted())
    project.switch_on_pack("acme", pack, tables={"Huge": {"op_tags": BIG}, "*": {}})
    refusal = project.refusal()
    assert "tables.Huge.op_tags: Huge shares an op with the other tables" in refusal
    assert "`op_per_table: true`" in refusal


def test_a_table_of_several_syncs_has_an_op_of_its_own(project: DagsterProject) -> None:
    """So it may have tags without `op_per_table`."""
    tables: dict[str, Any] = {"Items": {"syncs": {"a": {}, "b": {}}, "op_tags": BIG}}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), tables=tables)
    assert op_tags(project.definitions()) == {"sync_acme_Items": BIG}


@pytest.mark.parametrize(("op_per_table", "executor"), [(True, "elsewhere"), (False, "in_process")])
def test_the_executor_of_a_packs_jobs(
    project: DagsterProject, op_per_table: bool, executor: str
) -> None:
    """The project's own where each table has an op; else the run's process, which is cheaper."""
    text = DEFINITIONS.replace(
        "executor=dg.in_process_executor",
        "executor=dg.multiprocess_executor.configured({}, name='elsewhere')",
    ).replace("build_sync_jobs()", "build_sync_jobs(executor=None)")
    project.write(f"{project.module}/definitions.py", text)
    project.switch_on_pack("acme", pack_of(Items=Scripted()), op_per_table=op_per_table)
    definitions = project.definitions()
    for job in ("acme_incremental", "acme_full_refresh"):
        assert definitions.resolve_job_def(job).executor_def.name == executor
    assert definitions.resolve_job_def("incremental").executor_def.name == "elsewhere"


def test_what_a_run_has_synced_is_not_synced_again_by_it(project: DagsterProject) -> None:
    """A worker may be lost after a table's sync is done and before anybody is told."""
    execute = Scripted(last_page("t1", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute), op_per_table=True)
    job = project.definitions().resolve_job_def("acme_incremental")
    run = project.instance.create_run_for_job(job)  # pyright: ignore[reportUnknownMemberType]
    assert [event.event_type_value for event in execute_step(project, job, run)][-1] == (
        "STEP_SUCCESS"
    )
    again = execute_step(project, job, run)
    assert again[-1].event_type_value == "STEP_SUCCESS"
    assert project.query("SELECT count(*) FROM _sync.runs") == [(1,)]
    assert len(execute.calls) == 1


def execute_step(
    project: DagsterProject, job: dg.JobDefinition, run: dg.DagsterRun
) -> Sequence[dg.DagsterEvent]:
    """What a worker does with the run's only step."""
    plan = create_execution_plan(job)
    return list(execute_plan(plan, InMemoryJob(job), project.instance, run))


def lost_job() -> dg.JobDefinition:
    """The job, for the processes of its steps to find."""
    return load_definitions(find_project()).resolve_job_def("acme_incremental")


@pytest.mark.slow
def test_an_op_whose_process_was_killed_is_tried_again(
    stored_project: DagsterProject, tmp_path: Path
) -> None:
    """In the same run; an op that fails by itself is not, for its sync has been tried again."""
    text = DEFINITIONS.replace("in_process_executor", "multiprocess_executor")
    stored_project.write(f"{stored_project.module}/definitions.py", text)
    marker, calls = tmp_path / "begun", tmp_path / "calls"
    code = KILLED_ONCE.format(marker=str(marker), calls=str(calls))
    stored_project.write(f"{stored_project.module}/lost_pack.py", code)
    stored_project.switch_on(
        "acme",
        pack=f"{stored_project.module}.lost_pack",
        name="acme",
        op_per_table=True,
        attempts=1,
    )
    result = dg.execute_job(
        dg.reconstructable(lost_job), instance=stored_project.instance, raise_on_error=False
    )
    assert marker.exists()
    kinds = {(e.step_key, e.event_type_value) for e in result.all_events if e.step_key}
    assert ("sync_acme_Lost", "STEP_UP_FOR_RETRY") in kinds
    assert ("sync_acme_Lost", "STEP_SUCCESS") in kinds
    assert ("sync_acme_Bad", "STEP_FAILURE") in kinds
    assert ("sync_acme_Bad", "STEP_UP_FOR_RETRY") not in kinds
    assert calls.read_text() == "called\n"
    assert stored_project.query("SELECT id FROM acme.Lost") == [("x",)]
