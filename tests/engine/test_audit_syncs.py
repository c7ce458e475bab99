"""Audits of several syncs at once, of held ones, and in ledgers of earlier versions (C13)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sync.commit.approval import approve_held
from pack_sync.commit.full_sync_audit import last_audits, read_audits
from pack_sync.commit.held_syncs import read_held
from pack_sync.engine import crawl as crawl_module
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.ledger.audit_rows import read_audit_rows
from pack_sync.ledger.ledger_versions import create_ledger, upgrade_ledger
from pack_sync.ledger.sync_runs import RunRecord, record_run
from tests.engine import test_full_sync_audit as test_audit
from tests.engine.sync_harness import Engine, Scripted, last_page
from tests.engine.test_crawl import Forum, outcome
from tests.engine.test_full_sync_audit import audits, found, page
from tests.ledger.earlier_ledger import make_earlier_warehouse
from tests.warehouses import only_a_file

execute, engine = test_audit.execute, test_audit.engine


def test_each_sync_of_a_table_is_audited_by_itself(engine: Engine, execute: Scripted) -> None:
    """Rows of the others are none of its business; the table has the last of each (C18)."""
    engine.syncs = ("east", "west")
    for name in engine.syncs:
        execute.then(page({"id": "a"}), page({"id": "b"}))
        engine.sync(name=name)
        record = engine.sync("full", name=name).record
        assert found(record) == {"missed": 1, "undeleted": 1}
    assert audited_sync(engine, execute, "east", {"id": "b"}) == {}
    with engine.warehouse.read() as connection:
        last = {line.key.sync: line.audit.faults for line in last_audits(connection, engine.key())}
    assert last == {"east": 0, "west": 2}
    engine.syncs = ("east",)
    assert audited_sync(engine, execute, "east", {"id": "b"}) == {}
    with engine.warehouse.read() as connection:  # west has gone
        assert [line.key.sync for line in last_audits(connection, engine.key())] == ["east"]
    assert [line.key.sync for line in audits(engine)] == ["east", "east", "west", "east"]


def audited_sync(
    engine: Engine, execute: Scripted, name: str, *rows: dict[str, Any]
) -> dict[str, int] | None:
    """What a full sync of one of the table's syncs finds."""
    execute.then(page(*rows))
    return found(engine.sync("full", name=name).record)


def test_the_children_of_a_crawl_are_audited_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch by batch; a child that is new there is no part of it (D7)."""
    monkeypatch.setattr(crawl_module, "BATCH_SIZE", 2)
    forum = Forum(tmp_path)
    assert found(outcome(forum.run()).record) is None
    forum.comments = {"p1": ["p1-c1"], "p2": ["p2-c1", "p2-c2", "p2-c3"]}
    forum.posts.append("p4")
    forum.posts.remove("p3")
    done = outcome(forum.run(mode="full"))
    assert found(done.record) == {"missed": 1, "undeleted": 1}
    assert done.record.audit_samples == {"missed": ["p2-c3"], "undeleted": ["p1-c2"]}
    with forum.warehouse.read() as connection:
        lines = read_audits(connection, done.record.pack, done.record.table_name)
        rows = read_audit_rows(connection, [each for line in lines for each in line.executions])
    assert [(row.sync, row.kind, row.row_id) for row in rows] == [
        ("default/p2", "missed", "p2-c3"), ("default/p1", "undeleted", "p1-c2"),
    ]  # fmt: skip
    assert found(outcome(forum.run()).record) is None


def test_the_batches_of_a_run_are_one_audit(engine: Engine) -> None:
    """In the history and for the check; those of other runs are others (D7)."""
    lines = [("b1", "run1", 1), ("b2", "run1", 2), ("b3", "run2", 4), ("b4", None, 8)]
    with engine.warehouse.write() as connection:
        create_ledger(connection)
        for number, (execution, run, missed) in enumerate(lines):
            record_run(connection, line_of(execution, run, number, missed))
    assert [(line.rows, line.audit.missed) for line in audits(engine)] == [(8, 8), (4, 4), (3, 3)]
    assert audits(engine)[-1].audit.samples == {"missed": ["b1", "b2"]}


def line_of(execution: str, run: str | None, number: int, missed: int) -> RunRecord:
    """A line of the ledger about an audit that missed some rows, all it has."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return RunRecord(
        execution_id=execution,
        dagster_run_id=run,
        pack="acme",
        table_name="Items",
        sync="default",
        mode="full",
        mode_reason="a test",
        status="succeeded",
        started_at=at,
        finished_at=at,
        inserted=missed,
        audit_missed=missed,
        audit_stale=0,
        audit_undeleted=0,
        audit_recent=0,
        audit_samples={"missed": [execution]},
    )


def test_a_child_without_a_cursor_is_no_part_of_the_audit(tmp_path: Path) -> None:
    """It is always synced fully; what it loses, no increment could have told (D3, D7)."""
    forum = Forum(tmp_path)
    original = forum.page_of_comments

    def without_cursor(post: str, context: Any) -> Any:
        page = original(post, context)
        if post == "p2":
            page.pop("completion", None)
        return page

    forum.page_of_comments = without_cursor  # type: ignore[method-assign]
    forum.run()
    forum.comments = {"p1": ["p1-c1"], "p2": ["p2-c1"]}
    record = outcome(forum.run(mode="full")).record
    assert record.deleted == 2
    assert (found(record), record.audit_samples) == ({"undeleted": 1}, {"undeleted": ["p1-c2"]})


def test_a_held_sync_that_is_approved_is_an_audit(engine: Engine, execute: Scripted) -> None:
    """Its deletions are what the increments had failed to do (D8).

    Not if a newer sync has gone by: then only a part of what differs is looked at.
    """
    for newer, expected in ((False, {"undeleted": 200, "stale": 1}), (True, None)):
        execute.then(page(*({"id": f"r{n}"} for n in range(201))))
        engine.sync("full")
        execute.then(page({"id": "r0", "name": "new"}))
        with pytest.raises(SyncFailedError, match="The guard holds it"):
            engine.sync("full")
        if newer:
            execute.then(page({"id": "r0", "name": "newer"}))
            engine.sync("incremental")
        with engine.warehouse.read() as connection:
            (held,) = read_held(connection)
        approval = approve_held(engine.warehouse, held)
        assert (approval.behind, found(approval.record)) == (newer, expected)


@only_a_file
def test_a_ledger_of_an_earlier_version(tmp_path: Path) -> None:
    """It has no audits; the first is of a sync whose configuration is known."""
    brought: list[dict[str, str]] = [{"a": "first"}, {"a": "first", "b": "x"}]
    engine = Engine(
        folder=tmp_path, execute=Scripted(*(last_page("t2", **rows) for rows in brought))
    )
    make_earlier_warehouse(engine.warehouse.path)
    upgrade_ledger(engine.warehouse)
    assert audits(engine) == []
    assert found(engine.sync("full").record) is None  # for which configuration is not known
    assert found(engine.sync("full").record) == {"missed": 1}
    assert [found_in(line) for line in engine.ledger()] == [None, None, 1]


def found_in(line: dict[str, Any]) -> int | None:
    """The missed rows of a line of the ledger."""
    return line["audit_missed"]
