"""The audit: what a full sync finds that increments should have brought, counted (contract C13)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema, make_parameter
from pack_sync.commit import full_sync_audit
from pack_sync.commit.full_sync_audit import AuditLine, last_audits, read_audits
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.ledger.audit_rows import read_audit_rows
from pack_sync.ledger.sync_runs import RunRecord, read_last_run
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import Engine, Scripted
from tests.warehouses import LEDGER_POSITIONS

TASK = make_object_schema(
    properties={
        "id": {"type": "string"},
        "name": {"type": "string"},
        "modified": {"type": "string", "hint": "datetime"},
        "seconds": {"type": "number", "hint": "datetime"},
        "day": {"type": "string", "hint": "date"},
        "due": {"type": "string", "hint": "datetime"},
    },
    id_property="id",
    display_property="name",
)


@pytest.fixture
def execute() -> Scripted:
    """Steps to come."""
    return Scripted()


UNGUARDED = SyncSettings(attempts=1, small_table_deleted_share=1)


@pytest.fixture
def engine(tmp_path: Path, execute: Scripted) -> Engine:
    """A table of tasks, with timestamps of several kinds."""
    return Engine(folder=tmp_path, execute=execute, schema=TASK, settings=UNGUARDED)


def page(*rows: dict[str, Any], cursor: Any = "t") -> dict[str, Any]:
    """The only page of a sync."""
    return {"result": list(rows), "completion": {"incrementalContinuation": cursor}}


def found(record: RunRecord) -> dict[str, int] | None:
    """What an audit counted, without zeros; None if it was none."""
    kinds = ("missed", "stale", "undeleted", "recent")
    counts = {kind: getattr(record, f"audit_{kind}") for kind in kinds}
    if None in counts.values():
        assert set(counts.values()) == {None}
        assert record.audit_samples is None
        return None
    return {kind: count for kind, count in counts.items() if count}


def audits(engine: Engine) -> list[AuditLine]:
    """The audits in the ledger."""
    with engine.warehouse.read() as connection:
        return read_audits(connection, engine.key().pack, engine.table)


def synced(engine: Engine, execute: Scripted, *rows: dict[str, Any]) -> None:
    """A full sync that brings these rows, and an incremental one that brings nothing."""
    execute.then(page(*rows), page())
    engine.sync()
    engine.sync()


def audited(engine: Engine, execute: Scripted, *rows: dict[str, Any]) -> dict[str, int] | None:
    """What a full sync with these rows finds."""
    execute.then(page(*rows))
    return found(engine.sync("full").record)


def test_what_increments_should_have_brought_is_counted(engine: Engine, execute: Scripted) -> None:
    """Rows that were new, that differed, that were gone; with ids to look at, in the ledger."""
    synced(engine, execute, *({"id": i, "name": "old"} for i in ("a", "b", "c", "d", "e")))
    rows = [{"id": "a", "name": "old"}, *({"id": i, "name": "new"} for i in ("b", "n1", "n2"))]
    assert audited(engine, execute, *rows) == {"missed": 2, "stale": 1, "undeleted": 3}
    with engine.warehouse.read() as connection:
        record = read_last_run(connection, engine.key())
    assert record is not None
    assert record.audit_samples == {
        "missed": ["n1", "n2"], "stale": ["b"], "undeleted": ["c", "d", "e"],
    }  # fmt: skip
    (line,) = audits(engine)
    assert (line.key, line.rows, line.audit.faults) == (engine.key(), 4, 6)
    assert line.share == 6 / 7
    assert line.finished_at == record.finished_at


def ids_kept(engine: Engine) -> list[tuple[str, str]]:
    """Kind and id of the rows that the last audit found, as far as they are kept."""
    with engine.warehouse.read() as connection:
        rows = read_audit_rows(connection, audits(engine)[0].executions)
    return [(row.kind, row.row_id) for row in rows]


def test_every_row_at_fault_is_named(engine: Engine, execute: Scripted) -> None:
    """By its kind and id, each audit by itself."""
    synced(engine, execute, *({"id": f"r{n:03}", "name": "old"} for n in range(100)))
    rows = [{"id": f"r{n:03}", "name": "new" if n < 40 else "old"} for n in range(80)]
    counts = audited(engine, execute, *rows, {"id": "n"})
    assert counts == {"missed": 1, "stale": 40, "undeleted": 20}
    assert ids_kept(engine) == [
        ("missed", "n"),
        *(("stale", f"r{n:03}") for n in range(40)),
        *(("undeleted", f"r{n:03}") for n in range(80, 100)),
    ]
    assert audited(engine, execute, *rows) == {"undeleted": 1}
    assert ids_kept(engine) == [("undeleted", "n")]
    assert audited(engine, execute, *rows) == {}
    assert ids_kept(engine) == []


def test_there_is_a_bound_of_ids(
    engine: Engine, execute: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each kind the least are kept; the counts are whole."""
    monkeypatch.setattr(full_sync_audit, "IDS_KEPT", 3)
    synced(engine, execute, *({"id": f"r{n}"} for n in range(9)))
    assert audited(engine, execute, {"id": "a"}, {"id": "r8"}) == {"missed": 1, "undeleted": 8}
    assert ids_kept(engine) == [("missed", "a"), *(("undeleted", f"r{n}") for n in range(3))]


def test_a_line_of_the_ledger_has_some_ids(engine: Engine, execute: Scripted) -> None:
    """A handful of each kind: the least."""
    synced(engine, execute, {"id": "a"}, *({"id": f"r{n}"} for n in range(10, 20)))
    assert audited(engine, execute, {"id": "a"}) == {"undeleted": 10}
    (line,) = audits(engine)
    assert line.audit.samples == {"undeleted": ["r10", "r11", "r12", "r13", "r14"]}
    assert line.share == 10 / 11


def test_an_audit_that_finds_nothing(engine: Engine, execute: Scripted) -> None:
    """It is one all the same: the increments were complete."""
    synced(engine, execute, {"id": "a"})
    assert audited(engine, execute, {"id": "a"}) == {}
    (line,) = audits(engine)
    assert (line.audit.faults, line.share) == (0, 0.0)


@pytest.mark.parametrize(
    "column", [{"modified": "iso"}, {"seconds": "number"}], ids=["text", "number"]
)
def test_what_changed_since_the_last_sync_is_no_fault(
    engine: Engine, execute: Scripted, column: dict[str, str]
) -> None:
    """A timestamp after that sync began tells: no increment could have brought the row."""
    (name,) = column

    def value(moment: datetime) -> Any:
        return moment.timestamp() if name == "seconds" else moment.isoformat()

    old = datetime.now(UTC) - timedelta(days=30)
    synced(engine, execute, *({"id": i, name: value(old)} for i in ("a", "b", "c")))
    since = engine.position().last_incremental_at
    assert since is not None
    before = value(since - timedelta(seconds=1.5))

    def changed(*_: Any) -> Any:
        now = value(datetime.now(UTC))
        rows = [{"id": i, name: now} for i in ("a", "b", "new")]
        return page(*rows, {"id": "c", name: before}, {"id": "older", name: before})

    execute.then(changed)
    record = engine.sync("full").record
    assert found(record) == {"recent": 3, "stale": 1, "missed": 1}
    assert record.audit_samples == {"missed": ["older"], "stale": ["c"]}
    (line,) = audits(engine)
    assert line.audit.faults == 2


def days_ago(days: float | None) -> datetime | None:
    """A time in the past, None for none."""
    return None if days is None else datetime.now(UTC) - timedelta(days=days)


@pytest.mark.parametrize(
    ("full", "incremental", "changed", "kind"),
    [
        (7, 1, 2, "missed"),
        (1, 7, 2, "missed"),
        (7, 3, 2, "recent"),
        (3, 7, 2, "recent"),
        (3, None, 2, "recent"),
        (1, None, 2, "missed"),
    ],
)
def test_the_last_sync_counts_whichever_it_was(
    engine: Engine,
    execute: Scripted,
    full: float,
    incremental: float | None,
    changed: float,
    kind: str,
) -> None:
    """Full or incremental, so many days ago: what changed before it should be there."""
    synced(engine, execute)
    with engine.warehouse.write() as connection:
        connection.execute(
            f"UPDATE {LEDGER_POSITIONS} SET last_full_at = ?, last_incremental_at = ?",
            [days_ago(full), days_ago(incremental)],
        )
    row = {"id": "a", "modified": str(days_ago(changed))}
    assert audited(engine, execute, row) == {kind: 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"due": "2999-01-01T00:00:00Z"}, {"name": "new", "due": "2999-01-01T00:00:00Z"}),
        ({"due": "2998-01-01T00:00:00Z"}, {"due": "2999-01-01T00:00:00Z"}),
        ({"name": "old"}, {"name": "new"}),
        ({"modified": "2020-01-01T00:00:00Z"}, {"modified": "2021-01-01T00:00:00Z"}),
        ({"modified": "2020-01-01T00:00:00Z"}, {}),
        ({"day": "2020-01-01"}, {"day": datetime.now(UTC).date().isoformat()}),
    ],
    ids=["due", "due moved", "no timestamp", "earlier", "taken away", "day"],
)
def test_what_does_not_plainly_tell_is_a_fault(
    engine: Engine, execute: Scripted, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """A time to come says nothing, nor does a day, which may have begun before the last sync."""
    synced(engine, execute, {"id": "a", **before})
    assert audited(engine, execute, {"id": "a", **after}) == {"stale": 1}


def test_a_timestamp_that_was_there_before_says_nothing(engine: Engine, execute: Scripted) -> None:
    """Though it is of a time since the last sync began: the row was changed without it."""
    start: dict[str, Any] = {}

    def while_it_syncs(*_: Any) -> Any:
        start["due"] = datetime.now(UTC).isoformat()
        return page({"id": "a", "name": "old", **start})

    execute.then(while_it_syncs)
    engine.sync()
    assert audited(engine, execute, {"id": "a", "name": "new", **start}) == {"stale": 1}


def test_only_a_full_sync_after_increments_is_an_audit(engine: Engine, execute: Scripted) -> None:
    """Not the first sync, no incremental one, and none of a sync without a cursor (D3)."""
    execute.then(page({"id": "a"}, cursor=None), page({"id": "b"}), page({"id": "c"}))
    records = [engine.sync().record for _ in range(3)]
    assert [record.mode for record in records] == ["full", "full", "incremental"]
    assert [found(record) for record in records] == [None] * 3
    assert audits(engine) == []
    with engine.warehouse.read() as connection:
        assert last_audits(connection, engine.key()) == []


def test_a_full_sync_that_another_configuration_forces_is_none(
    engine: Engine, execute: Scripted
) -> None:
    """Everything may differ then, and no increment is at fault (D5). The next is one again."""
    engine.parameters = [make_parameter(name="team", type="string", optional=True)]
    synced(engine, execute, {"id": "a"})
    engine.values = {"team": "red"}
    assert audited(engine, execute, {"id": "b"}) is None
    engine.schema = replace(TASK, properties={**TASK.properties, "more": TASK.properties["name"]})
    assert audited(engine, execute, {"id": "b", "more": "x"}) is None
    assert audited(engine, execute, {"id": "b", "more": "y"}) == {"stale": 1}


def test_a_full_sync_that_is_cut_short_is_none(engine: Engine, execute: Scripted) -> None:
    """It does not have all rows (D6)."""
    synced(engine, execute, {"id": "a"})
    execute.then({"result": [{"id": "b"}], "continuation": 1})
    with engine.prepared() as sync:
        limited = replace(sync, row_limit=1)
        record = run_sync(limited, engine.warehouse, ModeRequest(configured="full")).record
    assert (record.inserted, found(record)) == (1, None)


def test_a_full_sync_in_place_of_an_incomplete_one_is_none(
    engine: Engine, execute: Scripted
) -> None:
    """The cursor has expired: the increments said so themselves, and are not to blame (C8)."""
    synced(engine, execute, {"id": "a"})
    execute.then({"result": [], "completion": {"hasIncompleteResults": True}}, page({"id": "b"}))
    assert found(engine.sync().record) is None
    assert audits(engine) == []


def test_a_failed_full_sync_is_none(engine: Engine, execute: Scripted) -> None:
    """Nothing of it was applied."""
    synced(engine, execute, {"id": "a"})
    execute.then(ValueError("down"))
    with pytest.raises(Exception, match="down"):
        engine.sync("full")
    assert audits(engine) == []
