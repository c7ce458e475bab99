"""The asset check `no_rejected_rows`: it warns as long as rejected rows are kept (S4)."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pack_sdk import Pack, make_object_schema
from pack_sync.commit.table_state import TableState
from pack_sync.dagster.checks import NO_REJECTED_ROWS, no_rejected_rows
from pack_sync.ledger.held_summary import HeldSummary
from pack_sync.ledger.rejected_rows import RejectSummary
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.stage.reject_reasons import ReasonCount
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import Scripted, last_page
from tests.engine.test_crawl import Forum, outcome

project = dagster_project.project

ITEMS = dg.AssetKey(["acme", "Items"])
TABLE = SyncKey(pack="acme", table="Items")


def page(cursor: Any, *ids: str | None) -> dict[str, Any]:
    """The only page of a sync; a row whose id is None is rejected."""
    rows = [{"id": row_id, "name": "n"} if row_id else {"name": "no id"} for row_id in ids]
    return {"result": rows, "completion": {"incrementalContinuation": cursor}}


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """The checks that a run evaluated, by table; each at most once."""
    found = [
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == NO_REJECTED_ROWS
    ]
    by_table = {".".join(evaluation.asset_key.path): evaluation for evaluation in found}
    assert len(by_table) == len(found)
    return by_table


def checked(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, Any]]:
    """The tables whose check a run evaluated: whether it passed, and how many are kept."""
    return {
        table: (evaluation.passed, evaluation.metadata["sync/rejected_rows_kept"].value)
        for table, evaluation in evaluations(result).items()
    }


def state(rejects: RejectSummary) -> TableState:
    """A table that keeps these rejects."""
    key = SyncKey(pack="acme", table="Items")
    return TableState(key=key, rejects=rejects, held=HeldSummary(), audits=[])


def test_each_table_s_check_is_evaluated_with_its_materialization(project: DagsterProject) -> None:
    """A table with rejects warns, one without passes; the run succeeds (S4)."""
    good, bad = Scripted(page("t", "a")), Scripted(page("t", "a", None))
    project.switch_on_pack("acme", pack_of(Good=good, Bad=bad))
    result = project.run("incremental")
    assert result.success
    assert checked(result) == {"acme.Good": (True, 0), "acme.Bad": (False, 1)}
    for evaluation in evaluations(result).values():
        assert evaluation.severity is dg.AssetCheckSeverity.WARN
        assert evaluation.target_materialization_data is not None


def test_the_check_is_about_what_is_kept(project: DagsterProject) -> None:
    """Rejects of earlier syncs count until something ends them (S4)."""
    pages = page("t1", "a", None), page("t2", "b"), page("t3", "a", "b")
    project.switch_on_pack("acme", pack_of(Items=Scripted(*pages)))
    assert checked(project.run("incremental")) == {"acme.Items": (False, 1)}
    assert checked(project.run("incremental")) == {"acme.Items": (False, 1)}
    assert checked(project.run("full_refresh")) == {"acme.Items": (True, 0)}


def test_a_failed_table_s_check_is_not_evaluated(project: DagsterProject) -> None:
    """Nothing was applied that it could be about; the others are (S4)."""
    good, broken = Scripted(page("t", None)), Scripted(ValueError("no"))
    project.switch_on_pack("acme", pack_of(Good=good, Broken=broken))
    result = project.run("incremental")
    assert not result.success
    assert checked(result) == {"acme.Good": (False, 1)}


def test_a_run_without_the_check_evaluates_none(project: DagsterProject) -> None:
    """Only what the run has selected is evaluated (S4)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(page("t", None))))
    job = project.definitions().resolve_implicit_global_asset_job_def()
    subset = job.get_subset(asset_selection={ITEMS}, asset_check_selection=set())
    result = subset.execute_in_process(instance=project.instance)
    assert (checked(result), synced_tables(result)) == ({}, {"acme.Items"})


def test_the_check_alone_does_not_sync(project: DagsterProject) -> None:
    """Run from the UI's check page, after a replay for example, it looks and no more (S4)."""
    items, others = Scripted(page("t", "a", None)), Scripted(page("t", None))
    project.switch_on_pack("acme", pack_of(Items=items, Others=others))
    project.run("incremental")
    check = dg.AssetCheckKey(ITEMS, NO_REJECTED_ROWS)
    job = project.definitions().resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_check_selection={check}).execute_in_process(
        instance=project.instance
    )
    assert (checked(result), synced_tables(result)) == ({"acme.Items": (False, 1)}, set())
    assert len(items.calls) == 1


def test_a_table_with_several_syncs_has_one_check(project: DagsterProject) -> None:
    """Of the whole table, evaluated once a run, whichever partitions are synced (S4, C18)."""
    execute = Scripted(*(page(f"t{n}", None, f"x{n}") for n in range(4)))
    tables: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    project.switch_on_pack("acme", pack_of(Items=execute), tables=tables)
    both = project.run("incremental")
    assert checked(both) == {"acme.Items": (False, 2)}
    one = project.run("incremental", "acme.Items", partition_key="east")
    assert checked(one) == {"acme.Items": (False, 2)}  # an identical one without an id is one
    evaluation = evaluations(one)["acme.Items"]
    assert evaluation.target_materialization_data is not None
    assert evaluation.target_materialization_data.run_id == one.run_id


def test_a_passed_check_has_no_remedy() -> None:
    """There is nothing to do (S4)."""
    result = no_rejected_rows(ITEMS, state(RejectSummary()))
    assert (result.passed, set(result.metadata)) == (True, {"sync/rejected_rows_kept"})


def test_a_warning_says_why_and_what_to_do() -> None:
    """Count, reasons as a markdown list, and the commands that help (S4)."""
    reason = ReasonCount(reason="it is\n*<b>`7`</b>*", rows=3, sample_id="[a](b)")
    result = no_rejected_rows(ITEMS, state(RejectSummary(count=3, reasons=[reason])))
    assert not result.passed
    assert result.description == "3 rejected rows are kept"
    metadata = result.metadata or {}
    values: dict[str, Any] = {name: value.value for name, value in metadata.items()}
    assert values["sync/rejected_rows_kept"] == 3
    assert values["sync/reject_reasons"] == (
        "- it is \\*\\<b\\>\\`7\\`\\</b\\>\\* (3 rows like this, one is id \\[a\\](b))"
    )
    assert "`packsync rejects replay acme.Items`" in values["sync/remedy"]


def test_last_page_is_good(project: DagsterProject) -> None:
    """A table that never had a reject passes (S4)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t", a="1"))))
    assert checked(project.run()) == {"acme.Items": (True, 0)}


@pytest.mark.parametrize("batch", [1, 1_000])
def test_a_crawl_says_what_is_kept_of_all_children(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all batches, for the check of the crawled table (S4, D7)."""
    monkeypatch.setattr("pack_sync.engine.crawl.BATCH_SIZE", batch)
    forum = Forum(folder=tmp_path, comments={post: ["", f"c-{post}"] for post in ("p1", "p2")})
    kept = outcome(forum.run()).result.table.rejects
    assert (kept.count, kept.reasons[0].rows) == (2, 2)


@pytest.mark.parametrize(
    ("configured", "rows"), [({}, 1), ({"bad_values": "reject"}, 1), ({"bad_values": None}, 2)]
)
def test_bad_values_in_a_defs_yaml(
    project: DagsterProject, configured: dict[str, Any], rows: int
) -> None:
    """`bad_values: null`, as YAML reads it, stores rows without what does not fit (S4)."""
    dated = make_object_schema(
        id_property="id",
        display_property="id",
        properties={"id": {"type": "string"}, "at": {"type": "string", "hint": "date"}},
    )
    pack = Pack()
    found = {"result": [{"id": "1", "at": "2024-01-02"}, {"id": "2", "at": "soon"}]}
    pack.add_sync_table(name="Items", identity_name="Item", schema=dated, execute=lambda *_: found)
    project.switch_on_pack("acme", pack, tables={"Items": configured})
    project.run()
    assert len(project.query('SELECT id FROM acme."Items"')) == rows
