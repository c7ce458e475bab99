"""Runs of the jobs: what they bring into the warehouse and what Dagster shows of it."""

import re
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.context.system import StepExecutionContext

from packs.demo.source import SourceChange
from tests.dagster import dagster_project
from tests.dagster.dagster_project import (
    DagsterProject,
    Demo,
    open_project,
    pack_of,
    served_demo,
    synced_tables,
    values_of,
)
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project

EVERY_TABLE = {"demo.Projects", "demo.Tasks", "demo.Events"}


@dataclass(frozen=True, kw_only=True)
class TwoRuns:
    """The demo pack after a first run, a change of the source, and a second run."""

    project: DagsterProject
    demo: Demo
    change: SourceChange
    first: dg.ExecuteInProcessResult
    second: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Generator[TwoRuns]:
    """Two runs of the job `incremental`; the tests only look at them."""
    folder = tmp_path_factory.mktemp("runs")
    with (
        pytest.MonkeyPatch.context() as patch,
        open_project(folder, patch) as project,
        served_demo() as demo,
    ):
        project.switch_on_demo(demo.url)
        first = project.run("incremental")
        change = demo.source.change(updated=4, inserted=3, deleted=2)
        second = project.run("incremental")
        yield TwoRuns(project=project, demo=demo, change=change, first=first, second=second)


def test_every_table_of_the_first_run_is_synced_fully(runs: TwoRuns) -> None:
    """What has never been synced is synced fully, with that reason (design: mode)."""
    assert runs.first.success
    assert synced_tables(runs.first) == EVERY_TABLE
    for table in ("Projects", "Tasks", "Events"):
        values = values_of(runs.first, table)
        assert values["sync/mode"] == "full"
        assert values["sync/mode_reason"] == "it has never been synced"
        assert values["sync/inserted"] == values["dagster/row_count"] > 0


def test_the_next_run_brings_the_changes_of_tables_with_a_cursor(runs: TwoRuns) -> None:
    """Tasks and Events have cursors, so their second sync is incremental (contract C6)."""
    assert runs.second.success
    tasks, events = values_of(runs.second, "Tasks"), values_of(runs.second, "Events")
    for values in (tasks, events):
        assert values["sync/mode"] == "incremental"
        assert values["sync/mode_reason"] == "there is a cursor to continue from"
        assert values["sync/rows_returned"] == 4 + 3
        assert (values["sync/inserted"], values["sync/updated"]) == (3, 4)
    # The API cannot say that a task was deleted (contract C10 finds it); of events it does (C9).
    assert (tasks["sync/deleted"], events["sync/deleted"]) == (0, 2)
    assert (tasks["dagster/row_count"], events["dagster/row_count"]) == (30 + 3, 20 + 3 - 2)


def test_a_table_without_a_cursor_is_synced_fully_again(runs: TwoRuns) -> None:
    """Projects has no completion, hence no cursor: each sync is full and finds deletes (C10)."""
    values = values_of(runs.second, "Projects")
    assert values["sync/mode"] == "full"
    assert values["sync/mode_reason"] == "its last full sync ended without a cursor"
    assert [values[f"sync/{what}"] for what in ("inserted", "updated", "deleted")] == [1, 2, 1]
    assert values["sync/cursor"] == "none"


def test_the_cursors_of_a_sync_are_shown(runs: TwoRuns) -> None:
    """The cursor before a sync is the one after the last sync, as the pack gave it (C6)."""
    first, second = values_of(runs.first, "Tasks"), values_of(runs.second, "Tasks")
    before = '{"modifiedSince":"2026-01-05T08:59:59+00:00"}'
    assert first["sync/cursor"] == f"none → {before}"
    after = '{"modifiedSince":"2026-01-05T09:00:59+00:00"}'
    assert second["sync/cursor"] == f"{before} → {after}"


def test_the_warehouse_holds_what_the_source_has(runs: TwoRuns) -> None:
    """After an incremental run the rows are the source's, but for deletes it did not tell of."""
    source, query = runs.demo.source, runs.project.query
    events = {(event["id"], event["startsAt"][:16]) for event in source.events()}
    starts = "strftime(starts_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M')"
    assert set(query(f"SELECT id, {starts} FROM demo.Events")) == events
    assert {row[0] for row in query("SELECT id FROM demo.Projects")} == {
        record["id"] for record in source.projects()
    }
    tasks = {(task["id"], task["status"]) for task in source.tasks()}
    found = set(query("SELECT id, status FROM demo.Tasks"))
    assert tasks < found
    assert {row[0] for row in found - tasks} == set(runs.change.tasks.deleted)


def test_the_ledger_names_the_dagster_run(runs: TwoRuns) -> None:
    """From each line of the ledger one finds the run in Dagster, and back."""
    lines = runs.project.query("SELECT dagster_run_id, execution_id, table_name FROM _sync.runs")
    for result in (runs.first, runs.second):
        mine = {(line[1], line[2]) for line in lines if line[0] == result.run_id}
        shown = {(values_of(result, table)["sync/execution_id"], table) for _, table in mine}
        assert len(mine) == 3
        assert mine == shown


def test_all_figures_are_numbers_that_dagster_plots(runs: TwoRuns) -> None:
    """Counts and times are metadata of the types that Dagster's UI shows over time."""
    values = values_of(runs.first, "Tasks")
    figures = "inserted updated unchanged deleted rejected pages rows_returned requests"
    for name in figures.split():
        assert type(values[f"sync/{name}"]) is int, name
    assert type(values["sync/seconds"]) is float
    assert values["sync/requests"] == 1
    assert re.search(r"typing [\d.]+ s, .*rows per second; [\d,]+ bytes", values["sync/details"])


def test_a_materialization_shows_the_table_and_its_columns(runs: TwoRuns) -> None:
    """Columns are there under the key that Dagster knows, hidden columns too."""
    values = values_of(runs.second, "Tasks")
    shown = {column.name: column.type for column in values["dagster/column_schema"].columns}
    assert list(shown)[-3:] == ["_sync", "_changed_at", "_run_id"]
    described = runs.project.query("SELECT column_name, column_type FROM (DESCRIBE demo.Tasks)")
    assert [name for name, _ in described] == list(shown)


def test_a_run_over_some_tables_syncs_only_those(project: DagsterProject) -> None:
    """Selecting a subset of a pack's assets leaves the other tables alone."""
    left, right = Scripted(last_page("t1", a="1")), Scripted()
    project.switch_on_pack("acme", pack_of(Left=left, Right=right))
    result = project.run("incremental", "acme.Left")
    assert result.success
    assert synced_tables(result) == {"acme.Left"}
    assert project.query("SELECT table_name FROM _sync.runs") == [("Left",)]


def test_packs_are_synced_in_one_run(project: DagsterProject) -> None:
    """The jobs take the tables of all packs, each pack by its own op and resource."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    project.switch_on_pack("initech", pack_of(Items=Scripted(last_page("t1", b="2", c="3"))))
    result = project.run("incremental")
    assert synced_tables(result) == {"acme.Items", "initech.Items"}
    assert project.query("SELECT id FROM acme.Items") == [("a",)]
    assert project.query("SELECT id FROM initech.Items ORDER BY id") == [("b",), ("c",)]


def test_what_a_table_costs_in_dagster_does_not_grow_with_the_tables(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks at all outputs is done once a run; what looks at all checks, once a check."""
    calls: Counter[str] = Counter()

    def count(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def counted(*given: object) -> object:
            calls[name] += 1
            return real(*given)

        monkeypatch.setattr(kind, name, counted)

    count(StepExecutionContext, "get_output_asset_keys")
    count(dg.AssetCheckResult, "to_asset_check_evaluation")

    def sync_items(*_: object) -> Any:
        return last_page("t1", a="1")

    tables = dict.fromkeys(("One", "Two", "Three", "Four"), sync_items)
    project.switch_on_pack("acme", pack_of(**tables))
    result = project.run()
    assert len(result.get_asset_check_evaluations()) == 4 * 6
    assert calls["to_asset_check_evaluation"] == 4 * 6
    assert calls["get_output_asset_keys"] <= 2  # Dagster asks before the step, too


def test_an_op_names_some_of_many_tables(project: DagsterProject) -> None:
    """Dagster keeps the op's description with each of its assets: named all, it is squared."""

    def sync_items(*_: object) -> Any:
        return last_page("t1")

    for name, tables in (("few", 12), ("many", 1_014)):
        project.switch_on_pack(name, pack_of(**{f"T{n}": sync_items for n in range(tables)}))
    graph = project.definitions().resolve_asset_graph()
    described = {
        key.path[0]: graph.get(key).assets_def.op.description for key in graph.get_all_asset_keys()
    }
    first = ", ".join(f"T{n}" for n in range(12))
    assert described == {
        "few": f"Syncs tables of the pack few: {first}.",
        "many": f"Syncs tables of the pack many: {first} and 1,002 more.",
    }
