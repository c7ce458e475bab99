"""`packsync backfill` and Dagster's backfills, with a daemon running: full syncs by every road."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
import duckdb
import pytest
import yaml

from tests.dagster.dagster_project import (
    COMPONENT,
    Demo,
    ProjectCopy,
    copy_project,
    served_demo,
)
from tests.project.test_dev import free_port, running_dev, wait_until_up

PATIENCE = 300.0


@pytest.fixture(scope="module")
def demo() -> Generator[Demo]:
    """The demo API."""
    with served_demo() as demo:
        yield demo


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, demo: Demo) -> ProjectCopy:
    """A copy of the project whose tables are synced once, Tasks by two syncs; schedules are off."""
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    attributes: dict[str, Any] = {
        "pack": "demo",
        "connections": {"default": {"endpoint": demo.url, "allow_http_localhost": True}},
        "tables": {
            "Events": {},
            "Projects": {},
            "Tasks": {
                "syncs": {
                    "one": {"parameters": {"project": "PROJ-1"}},
                    "two": {"parameters": {"project": "PROJ-2"}},
                    "three": {"parameters": {"project": "PROJ-3"}},
                }
            },
        },
    }
    file = copy.folder / "sync_assets" / "defs" / "demo" / "defs.yaml"
    file.write_text(yaml.safe_dump({"type": COMPONENT, "attributes": attributes}))
    done = copy.run("packsync", "sync", "demo", timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


@contextmanager
def dagster_instance(copy: ProjectCopy) -> Generator[dg.DagsterInstance]:
    """The instance of the copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(copy.folder))
        patch.chdir(copy.folder)
        with dg.DagsterInstance.get() as instance:
            yield instance


def full_syncs(copy: ProjectCopy, reason: str) -> set[str]:
    """The syncs whose ledger gives this reason."""
    with duckdb.connect(copy.folder / "warehouse.duckdb", read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name || ':' || sync FROM _sync.runs WHERE mode = 'full' "
            "AND status = 'succeeded' AND contains(mode_reason, ?)",
            [reason],
        ).fetchall()
    return {row[0] for row in rows}


def wait_for(what: Callable[[], bool], text: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, text
        time.sleep(0.5)


def is_done(copy: ProjectCopy, backfill_id: str) -> bool:
    """Whether the daemon has finished a backfill; fails if the backfill failed."""
    with dagster_instance(copy) as instance:
        backfill = instance.get_backfill(backfill_id)
    assert backfill is not None
    assert "FAIL" not in backfill.status.value, backfill.error
    return backfill.status.value == "COMPLETED_SUCCESS"


def requested(done: subprocess.CompletedProcess[str]) -> str:
    """The id that `packsync backfill` printed."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[1].rstrip(":")


def graphql(port: int, query: str, variables: Mapping[str, Any]) -> Any:
    """What the UI's server answers."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)["data"]


LAUNCH = """mutation($params: LaunchBackfillParams!) {
launchPartitionBackfill(backfillParams: $params)
{ __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
REEXECUTE = """mutation($params: ReexecutionParams!) {
launchRunReexecution(reexecutionParams: $params)
{ __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


def asset_key(table: str) -> dict[str, list[str]]:
    """An asset's key, as GraphQL takes it."""
    return {"path": ["demo", table]}


def test_every_road_forces_full_syncs(copy: ProjectCopy) -> None:
    """The command line, GraphQL without partitions, two partitions as the UI's dialog asks.

    And re-execution of a backfill's run, which loses its tag.
    """
    port, demo_port = free_port(), free_port()
    early = requested(copy.run("packsync", "backfill", "demo.Events", "demo.Tasks"))
    late = copy.run("packsync", "backfill", "demo.Tasks", "--sync", "two")
    assert "No daemon is running" in late.stdout
    with running_dev(copy, "--port", str(port), "--demo-port", str(demo_port)) as process:
        wait_until_up(process, port)
        # All are asked for before any is waited for: the daemon looks for new ones twice a minute.
        params: dict[str, Any] = {"assetSelection": [asset_key("Events")], "allPartitions": True}
        answer = graphql(port, LAUNCH, {"params": params})["launchPartitionBackfill"]
        params = {"assetSelection": [asset_key("Tasks")], "partitionNames": ["one", "three"]}
        dialog = graphql(port, LAUNCH, {"params": params})["launchPartitionBackfill"]["backfillId"]

        wait_for(lambda: is_done(copy, early) and is_done(copy, requested(late)), "packsync's")
        assert full_syncs(copy, f"backfill {early}") == {
            "Events:default",
            "Tasks:one",
            "Tasks:two",
            "Tasks:three",
        }
        assert full_syncs(copy, f"backfill {requested(late)}") == {"Tasks:two"}

        wait_for(lambda: is_done(copy, answer["backfillId"]), "unpartitioned by GraphQL")
        assert full_syncs(copy, f"backfill {answer['backfillId']}") == {"Events:default"}

        wait_for(lambda: is_done(copy, dialog), "two partitions, as the dialog asks")
        assert full_syncs(copy, f"backfill {dialog}") == {"Tasks:one", "Tasks:three"}

        again = reexecuted(copy, port, answer["backfillId"])
        wait_for(lambda: ended(copy, again) == "SUCCESS", "re-execution")
        with duckdb.connect(copy.folder / "warehouse.duckdb", read_only=True) as connection:
            line = connection.execute(
                "SELECT mode, mode_reason FROM _sync.runs WHERE dagster_run_id = ?", [again]
            ).fetchall()
        assert line == [("full", f"the run first belongs to backfill {answer['backfillId']}")]


def reexecuted(copy: ProjectCopy, port: int, backfill_id: str) -> str:
    """Re-execute the run of a backfill; returns the new run's id."""
    with dagster_instance(copy) as instance:
        filters = dg.RunsFilter(tags={"dagster/backfill": backfill_id})
        (run,) = instance.get_runs(filters)
    params = {"parentRunId": run.run_id, "strategy": "ALL_STEPS"}
    answer = graphql(port, REEXECUTE, {"params": params})["launchRunReexecution"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def ended(copy: ProjectCopy, run_id: str) -> str:
    """The status of a run."""
    with dagster_instance(copy) as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status.value != "FAILURE"
    return run.status.value


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo.Nothing"], "demo has no table 'Nothing'"),
        (["demo.Tasks", "--sync", "four"], "demo.Tasks has no sync 'four'; choose from"),
        (["demo.Events", "--sync", "default"], "demo.Events has one sync only"),
        (["demo", "--sync", "one"], "has no sync 'one'"),
    ],
)
def test_a_selection_that_is_none_is_refused(
    copy: ProjectCopy, words: list[str], message: str
) -> None:
    """With the choices; nothing is asked of the daemon."""
    done = copy.run("packsync", "backfill", *words)
    assert done.returncode == 1
    assert message in done.stdout + done.stderr
