"""The check `increments_complete`, and the figures of audits in Dagster (contract C13)."""

from typing import Any

import dagster as dg

from pack_sync.dagster.audit_report import INCREMENTS_COMPLETE
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, values_of
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project

NO_AUDIT = "no full sync has followed increments yet"
ZERO = {"audit/missed": 0, "audit/stale": 0, "audit/undeleted": 0, "audit/recent": 0}


def evaluation(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """The run's only evaluation of the check."""
    (found,) = (
        each
        for each in result.get_asset_check_evaluations()
        if each.check_name == INCREMENTS_COMPLETE
    )
    assert found.severity is dg.AssetCheckSeverity.WARN
    return found


def shown(found: dg.AssetCheckEvaluation) -> dict[str, Any]:
    """The check's metadata as plain values."""
    return {name: value.value for name, value in found.metadata.items()}


def of_audit(values: dict[str, Any]) -> dict[str, Any]:
    """The figures of an audit among a materialization's metadata."""
    return {name: value for name, value in values.items() if name.startswith("audit/")}


def switch_on(project: DagsterProject, *pages: dict[str, str], **more: Any) -> None:
    """The pack `acme` with the table `Items`, whose syncs bring these rows in turn."""
    execute = Scripted(*(last_page("t", **rows) for rows in pages))
    project.switch_on_pack("acme", pack_of(Items=execute), **more)


def test_an_audit_is_plotted_and_warns(project: DagsterProject) -> None:
    """The figures are integers of that materialization; the check names some ids."""
    switch_on(project, {"a": "1", "b": "1", "c": "1"}, {"a": "2", "b": "1", "n": "1"})
    first = project.run()
    assert of_audit(values_of(first, "Items")) == {}
    result = project.run("full_refresh")
    assert result.success
    counts = {"audit/missed": 1, "audit/stale": 1, "audit/undeleted": 1, "audit/recent": 0}
    values = of_audit(values_of(result, "Items"))
    summary = values.pop("audit/summary")
    assert values == counts
    assert all(type(value) is int for value in values.values())
    assert summary == (
        "of 3 rows, increments had missed 1, left 1 stale and failed to delete 1; 0 more changed "
        "after the last sync began"
    )
    check = evaluation(result)
    metadata = shown(check)
    assert not check.passed
    assert "packsync audit" in metadata.pop("audit/remedy")
    assert metadata == {
        **counts,
        "audit/missed_sample": ["n"],
        "audit/stale_sample": ["a"],
        "audit/undeleted_sample": ["c"],
    }


def test_the_check_keeps_the_last_audit(project: DagsterProject) -> None:
    """Until the next one: increments between them neither pass nor fail it."""
    switch_on(project, {"a": "1"}, {"a": "1", "b": "1"}, {}, {"a": "1", "b": "1"}, {})
    check = evaluation(project.run())
    assert (check.passed, check.description, check.metadata) == (True, NO_AUDIT, {})
    assert not evaluation(project.run("full_refresh")).passed
    between = project.run()
    assert values_of(between, "Items")["sync/mode"] == "incremental"
    assert of_audit(values_of(between, "Items")) == {}
    check = evaluation(between)
    assert (check.passed, shown(check)["audit/missed"]) == (False, 1)
    check = evaluation(project.run("full_refresh"))
    assert (check.passed, shown(check)) == (True, ZERO)
    assert "had missed 0, left 0 stale" in str(check.description)
    assert evaluation(project.run()).passed


def test_the_check_can_be_run_by_itself(project: DagsterProject) -> None:
    """It reads the ledger and syncs nothing."""
    switch_on(project, {"a": "1"}, {"a": "1", "b": "1"})
    project.run()
    project.run("full_refresh")
    key = dg.AssetCheckKey(dg.AssetKey(["acme", "Items"]), INCREMENTS_COMPLETE)
    job = project.definitions().resolve_implicit_global_asset_job_def()
    subset = job.get_subset(asset_selection=set(), asset_check_selection={key})
    result = subset.execute_in_process(instance=project.instance)
    assert not result.get_asset_materialization_events()
    assert shown(evaluation(result))["audit/missed_sample"] == ["b"]


def test_the_check_of_a_partitioned_table_is_of_all_its_syncs(project: DagsterProject) -> None:
    """The last audit of each counts, whichever syncs the run was about (C18)."""
    tables: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    pages = [{"a": "1"}, {"a": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "1"}, {"a": "1"}]
    switch_on(project, *pages, tables=tables, max_parallel_tables=1)
    project.run()
    check = evaluation(project.run("full_refresh"))
    assert (check.passed, shown(check)["audit/missed"]) == (False, 2)
    check = evaluation(project.run("full_refresh", partition_key="west"))
    assert (shown(check)["audit/missed"], shown(check)["audit/undeleted"]) == (1, 1)


def test_a_table_without_a_cursor_passes(project: DagsterProject) -> None:
    """It has no increments that could be incomplete (D3)."""
    execute = Scripted(*(last_page(None, **{name: "1"}) for name in ("a", "b")))
    project.switch_on_pack("acme", pack_of(Items=execute))
    project.run()
    check = evaluation(project.run())
    assert (check.passed, check.description) == (True, NO_AUDIT)
