"""The ledger: positions and runs, readable with SQL (contract C6, C18)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pack_sync import __version__
from pack_sync.ledger import ledger_versions
from pack_sync.ledger.cursors import PositionChange, SyncPosition, read_position, write_positions
from pack_sync.ledger.ledger_versions import (
    MIGRATIONS,
    NewerLedgerError,
    create_ledger,
    ledger_exists,
    upgrade_ledger,
)
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, read_last_run, record_run
from tests.warehouses import SERVED, files_of, warehouse_in

KEY = SyncKey(pack="acme", table="Tasks")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
POSITION = SyncPosition(
    cursor={"at": 1},
    no_cursor_reason="",
    fingerprint={"schema": "abc"},
    last_full_at=NOON,
    last_incremental_at=NOON + timedelta(hours=4),
    full_due_reason="somebody wants it",
    execution_id="e1",
)
RECORD = RunRecord(
    execution_id="e1",
    dagster_run_id="d1",
    pack="acme",
    table_name="Tasks",
    sync="default",
    mode="full",
    mode_reason="it has never been synced",
    status="succeeded",
    started_at=NOON,
    finished_at=NOON + timedelta(seconds=5),
    pages=2,
    rows_returned=3,
    inserted=4,
    updated=5,
    unchanged=6,
    deleted=7,
    rejected=8,
    duplicates=9,
    requests=10,
    retries=11,
    bytes_received=2**40,
    fetch_seconds=1.5,
    stage_seconds=2.5,
    apply_seconds=3.5,
    cursor_before=None,
    cursor_after={"at": 1},
    error_type="HttpStatusError",
    error_status_code=500,
    error_message='it\'s "gone"',
    audit_missed=12,
    audit_stale=13,
    audit_undeleted=14,
    audit_recent=15,
    audit_samples={"missed": ["a"]},
)


def write_position(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    position: SyncPosition,
    *,
    reason: str,
    at: datetime,
) -> None:
    """Move one sync to a position."""
    before = read_position(connection, key)
    change = PositionChange(sync=key.sync, before=before, after=position, reason=reason)
    write_positions(connection, key, [change], at=at)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with an empty ledger."""
    with warehouse_in(tmp_path, "w.duckdb").write() as opened:
        create_ledger(opened)
        yield opened


def test_a_warehouse_without_a_ledger(tmp_path: Path) -> None:
    """It has no position and no run; reading creates nothing."""
    warehouse = warehouse_in(tmp_path, "w.duckdb")
    with warehouse.read() as connection:
        assert not ledger_exists(connection)
        assert read_position(connection, KEY) == SyncPosition()
        assert read_last_run(connection, KEY) is None
    assert SERVED or not warehouse.path.exists()


def test_create_ledger_keeps_what_is_there(connection: duckdb.DuckDBPyConnection) -> None:
    """It may be called before every sync."""
    write_position(connection, KEY, POSITION, reason="r", at=NOON)
    create_ledger(connection)
    assert ledger_exists(connection)
    assert read_position(connection, KEY) == POSITION


def test_a_sync_that_was_never_committed(connection: duckdb.DuckDBPyConnection) -> None:
    """The default position says why there is no cursor."""
    position = read_position(connection, KEY)
    assert (position.cursor, position.execution_id) == (None, None)
    assert position.no_cursor_reason == "it has never been synced"


def test_a_position_comes_back_as_it_was_written(connection: duckdb.DuckDBPyConnection) -> None:
    """Cursor, fingerprint and times, the times in UTC (contract C6)."""
    write_position(connection, KEY, POSITION, reason="r", at=NOON)
    found = read_position(connection, KEY)
    assert found == POSITION
    assert found.last_full_at is not None
    assert found.last_full_at.utcoffset() == timedelta(0)


def test_a_position_is_replaced_and_its_cursor_remembered(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """One position a sync; the history has every cursor with its reason (contract C6)."""
    write_position(connection, KEY, POSITION, reason="first", at=NOON)
    dropped = replace(POSITION, cursor=None, no_cursor_reason="gone", execution_id="e2")
    write_position(connection, KEY, dropped, reason="second", at=NOON)
    assert read_position(connection, KEY) == dropped
    assert connection.execute("SELECT count(*) FROM _sync.cursors").fetchone() == (1,)
    history = connection.execute(
        "SELECT cursor, reason, execution_id FROM _sync.cursor_history ORDER BY reason"
    ).fetchall()
    assert history == [('{"at":1}', "first", "e1"), (None, "second", "e2")]


def test_each_sync_has_its_own_position(connection: duckdb.DuckDBPyConnection) -> None:
    """Pack, table and sync tell them apart (contract C18)."""
    keys = [KEY, replace(KEY, sync="b"), replace(KEY, table="b"), replace(KEY, pack="b")]
    for number, key in enumerate(keys):
        write_position(connection, key, replace(POSITION, cursor=number), reason="r", at=NOON)
    assert [read_position(connection, key).cursor for key in keys] == [0, 1, 2, 3]


def test_a_run_comes_back_as_it_was_recorded(connection: duckdb.DuckDBPyConnection) -> None:
    """Every field of the ledger's line has its own column."""
    record_run(connection, RECORD)
    assert read_last_run(connection, KEY) == RECORD


def test_the_last_run_is_the_one_that_finished_last(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Of this sync, whatever order they were written in and whatever others did."""
    later = replace(RECORD, execution_id="later", finished_at=NOON + timedelta(days=1))
    other = replace(later, sync="other", finished_at=NOON + timedelta(days=9))
    for record in (later, RECORD, other):
        record_run(connection, record)
    found = read_last_run(connection, KEY)
    assert found is not None
    assert found.execution_id == "later"


@pytest.mark.parametrize(
    ("key", "shown"),
    [(KEY, "acme.Tasks"), (replace(KEY, sync="east"), "acme.Tasks[east]")],
)
def test_a_key_as_text(key: SyncKey, shown: str) -> None:
    """The default sync goes without saying (contract C18)."""
    assert str(key) == shown


def test_a_newer_ledger_is_neither_read_nor_written(tmp_path: Path) -> None:
    """Who wrote it, what this program knows, and what to do; the file stays as it was."""
    warehouse = warehouse_in(tmp_path, "w.duckdb")
    with warehouse.write() as connection:
        create_ledger(connection)
        connection.execute("INSERT INTO _sync.ledger_versions VALUES (99, '7.0.0', now())")
    before = files_of(warehouse)
    message = r"written by Pack Sync 7\.0\.0, whose ledger has version 99"
    with warehouse.read() as connection, pytest.raises(NewerLedgerError, match=message):
        ledger_exists(connection)
    with pytest.raises(NewerLedgerError, match=message), warehouse.write() as connection:
        create_ledger(connection)
    with pytest.raises(NewerLedgerError, match=r"Install Pack Sync 7\.0\.0 or later"):
        upgrade_ledger(warehouse)
    assert files_of(warehouse) == before


def test_a_ledger_has_the_version_of_its_last_migration(tmp_path: Path) -> None:
    """Each migration is recorded once, with the program that made it."""
    warehouse = warehouse_in(tmp_path, "w.duckdb")
    for _ in range(2):
        with warehouse.write() as connection:
            create_ledger(connection)
    with warehouse.read() as connection:
        found = connection.execute("SELECT version, program FROM _sync.ledger_versions").fetchall()
    assert found == [(number + 1, __version__) for number in range(len(MIGRATIONS))]


def test_a_migration_and_its_record_are_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that fails leaves neither; the next program that opens the file runs it."""
    warehouse = warehouse_in(tmp_path, "w.duckdb")
    with warehouse.write() as connection:
        create_ledger(connection)
    broken = (*MIGRATIONS, "CREATE TABLE _sync.more (a INTEGER); SELECT no_such_function();")
    monkeypatch.setattr(ledger_versions, "MIGRATIONS", broken)
    with pytest.raises(duckdb.CatalogException), warehouse.write() as connection:
        create_ledger(connection)
    mended = (*MIGRATIONS, "CREATE TABLE _sync.more (a INTEGER);")
    monkeypatch.setattr(ledger_versions, "MIGRATIONS", mended)
    upgrade_ledger(warehouse)
    with warehouse.read() as connection:
        assert connection.execute("SELECT max(version) FROM _sync.ledger_versions").fetchall() == [
            (len(mended),)
        ]
        assert connection.execute("FROM _sync.more").fetchall() == []
