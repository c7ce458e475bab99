"""Rows, deletes, cursor and ledger: one commit, or nothing (design 1, contract D2)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sync.commit.commit import SupersededError, commit_stage
from pack_sync.commit.commit_request import CommitResult
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.ledger.leases import Lease
from pack_sync.ledger.ledger_versions import MIGRATIONS, NewerLedgerError
from pack_sync.ledger.sync_runs import read_last_run
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.storage_errors import WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import SyncBench, a_page, counts_of, spooled
from tests.warehouses import files_of, only_a_file


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table with one row and a cursor."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "a", "size": 1}), cursor={"at": 1})
    return bench


def test_everything_is_there_after_the_commit(bench: SyncBench) -> None:
    """Rows, cursor, its history, the rejects and the ledger's line (design 1)."""
    page = a_page({"id": "b"}, {"id": "c", "size": "x"})
    applied = bench.incremental(page, cursor={"at": 2})
    assert [row["id"] for row in bench.rows()] == ["a", "b"]
    assert bench.position().cursor == {"at": 2}
    assert bench.query("SELECT cursor, execution_id FROM _sync.cursor_history ORDER BY ALL") == [
        ('{"at":1}', "execution-1"),
        ('{"at":2}', "execution-2"),
    ]
    assert [found[0] for found in bench.rejected()] == ["c"]
    with bench.warehouse.read() as connection:
        recorded = read_last_run(connection, bench.key)
    assert recorded is not None
    assert recorded == applied.record
    assert (recorded.cursor_before, recorded.cursor_after) == ({"at": 1}, {"at": 2})
    assert (recorded.inserted, recorded.rejected, recorded.mode) == (1, 1, "incremental")


@pytest.mark.parametrize(
    "step",
    [
        "pack_sync.commit.commit.TableLedger.read",
        "pack_sync.commit.target_table.TargetTable.fit_columns",
        "pack_sync.commit.commit.find_changes",
        "pack_sync.commit.commit.make_changes",
        "pack_sync.commit.commit.keep_rejects",
        "pack_sync.commit.commit.write_positions",
        "pack_sync.commit.commit.record_run",
        "pack_sync.commit.commit.sample_of_changes",
    ],
)
def test_a_failure_at_any_step_leaves_everything_as_it_was(
    step: str, bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between two steps can neither lose nor repeat a change (design 1)."""
    before = bench.snapshot()

    def fail(*_args: Any, **_options: Any) -> None:
        raise OSError("power cut")

    page = a_page({"id": "a", "size": 2}, {"id": "b"}, {"id": "c", "size": "x"})
    with monkeypatch.context() as patched:
        patched.setattr(step, fail)
        with pytest.raises(OSError, match="power cut"):
            bench.full(page, cursor={"at": 2})
    assert bench.snapshot() == before
    assert counts_of(bench.full(page, cursor={"at": 2})) == {
        "inserted": 1,
        "updated": 1,
        "rejected": 1,
    }


def test_a_failure_of_the_very_first_sync_leaves_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even an empty one, and no ledger (design 1)."""
    bench = SyncBench(folder=tmp_path)

    def fail(*_args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pack_sync.commit.commit.record_run", fail)
    with pytest.raises(KeyboardInterrupt):
        bench.full(a_page({"id": "a"}))
    assert bench.snapshot() == {"columns": []}
    assert bench.position() == SyncPosition()


def test_a_sync_that_was_overtaken_applies_nothing(bench: SyncBench) -> None:
    """Its cursor is not the table's any more: rows, columns and ledger stay (design 1)."""
    started_from = bench.position()
    bench.incremental(a_page({"id": "b"}), cursor={"at": 2})
    before = bench.snapshot()
    with pytest.raises(SupersededError, match=r"acme\.Tasks: another sync \(execution-2\) was"):
        bench.full(a_page({"id": "z"}), cursor={"at": 9}, before=started_from)
    assert bench.snapshot() == before
    bench.full(a_page({"id": "z"}), cursor={"at": 9})
    assert [row["id"] for row in bench.rows()] == ["z"]


def test_two_first_syncs_cannot_both_be_the_first(bench: SyncBench) -> None:
    """A sync that began when there was none is overtaken by the first (design 1)."""
    with pytest.raises(SupersededError):
        bench.full(a_page({"id": "z"}), before=SyncPosition())


def test_the_cursor_is_stored_as_it_came(bench: SyncBench) -> None:
    """`{}` is a cursor; none is none, with its reason (contract C3, C6, D3)."""
    cursors: list[Any] = [{}, [], "x", 5, {"a": {"b": [None, 1.5, "é"]}}]
    for cursor in cursors:
        bench.incremental(a_page(), cursor=cursor)
        assert bench.position().cursor == cursor
        assert bench.position().no_cursor_reason == ""
    bench.incremental(a_page(), cursor=None)
    assert bench.position().cursor is None
    assert bench.position().no_cursor_reason == "the pack gave none"


def test_a_database_that_stays_locked_is_left_alone(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error reaches the caller, and the sync can be applied later (design 1)."""
    before = bench.snapshot()

    def locked(*_: object, **__: object) -> None:
        raise WarehouseLockedError("somebody has it")

    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "write", locked)
        with pytest.raises(WarehouseLockedError):
            bench.full(a_page({"id": "b"}))
    assert bench.snapshot() == before


@only_a_file  # a lake's ledger has always had versions
@pytest.mark.parametrize("leased", [True, False])
def test_a_commit_upgrades_an_earlier_ledger(leased: bool, bench: SyncBench) -> None:
    """A backup from before versions may have been restored since the lease was taken."""
    with bench.warehouse.write() as connection:
        connection.execute("DROP TABLE _sync.ledger_versions; DROP TABLE _sync.absent_rows")
    assert commit_last(bench, leased=leased).record.inserted == 1
    versions = bench.query("SELECT version FROM _sync.ledger_versions ORDER BY ALL")
    assert versions == [(number + 1,) for number in range(len(MIGRATIONS))]
    assert bench.query("SELECT count(*) FROM _sync.absent_rows") == [(0,)]


@pytest.mark.parametrize("leased", [True, False])
def test_a_commit_does_not_touch_a_newer_ledger(leased: bool, bench: SyncBench) -> None:
    """Whoever upgraded since may keep what this program would not write."""
    with bench.warehouse.write() as connection:
        connection.execute("INSERT INTO _sync.ledger_versions VALUES (99, '7.0.0', now())")
    before = files_of(bench.warehouse)
    with pytest.raises(NewerLedgerError, match=r"Pack Sync 7\.0\.0"):
        commit_last(bench, leased=leased)
    assert files_of(bench.warehouse) == before


def commit_last(bench: SyncBench, *, leased: bool) -> CommitResult:
    """Commit a row as the sync would that began when the bench's only one had ended."""
    with Stage(bench.folder / "stage.duckdb", bench.schema) as stage:
        spool = spooled(bench.folder / "spool", [a_page({"id": "b"})])
        counts = stage.load(spool, [StagePart(sync=bench.key.sync, complete=False)])
        started = SyncPosition(cursor={"at": 1}, execution_id="execution-1")
        request = bench.request("execution-2", bench.key, complete=False, before=started)
        lease = Lease(key=bench.key) if leased else None
        return commit_stage(bench.warehouse, stage, counts, replace(request, lease=lease))
