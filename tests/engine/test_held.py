"""The guard: full syncs that would delete too much are held, approved, discarded (D8)."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_files import remove_stages
from pack_sync.commit.held_syncs import HeldSync, NotHeldError, discard_held, read_held
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import DeleteGuard, SyncSettings
from pack_sync.state.shared_files import shared_files
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.sync_harness import Engine, Scripted, items
from tests.warehouses import LEDGER_POSITIONS, only_a_file


def guard(
    share: float, rows: int, *, hold_empty: bool = True, small: tuple[float, int] = (1, 0)
) -> DeleteGuard:
    """What is held; `small` are share and rows for small tables."""
    return DeleteGuard(
        max_deleted_share=share,
        max_deleted_rows=rows,
        small_table_deleted_share=small[0],
        small_table_deleted_rows=small[1],
        hold_empty=hold_empty,
    )


SMALL = guard(0.5, 2)


def page(cursor: Any, *ids: str, deleted: tuple[str, ...] = (), name: str = "n") -> dict[str, Any]:
    """The last page of a sync."""
    return {
        "result": items(**dict.fromkeys(ids, name)),
        "deletedRowIds": list(deleted),
        "completion": {"incrementalContinuation": cursor},
    }


def engine_of(folder: Path, *pages: Any, guard: DeleteGuard = SMALL) -> Engine:
    """A table whose syncs bring these pages, one after another."""
    settings = SyncSettings(attempts=1, **guard.model_dump())
    return Engine(folder=folder, execute=Scripted(*pages), settings=settings)


def full(engine: Engine, *, approve: bool = False) -> Any:
    """Sync fully, in a run that may approve the deletes."""
    with engine.prepared() as sync:
        sync = replace(sync, approve_deletes=approve)
        return run_sync(sync, engine.warehouse, ModeRequest(configured="full"))


def held(engine: Engine) -> list[HeldSync]:
    """What is held."""
    with engine.warehouse.read() as connection:
        return read_held(connection)


def hold(engine: Engine) -> HeldSync:
    """Sync fully, be held."""
    with pytest.raises(SyncFailedError):
        engine.sync("full")
    (found,) = held(engine)
    return found


def stages(engine: Engine) -> list[str]:
    """The files of staged sets that are kept, here or for all machines."""
    here = [path.name for path in engine.spools.rglob("*.duckdb")]
    shared = shared_files(engine.warehouse.database)
    return [*here, *(shared.names("held") if shared else [])]


def is_kept(warehouse: Warehouse, held: HeldSync) -> bool:
    """Whether the staged rows of a held sync are there."""
    shared = shared_files(warehouse.database)
    return Path(held.stage).exists() or (shared is not None and held.stage in shared.names("held"))


FIVE = page("t1", "a", "b", "c", "d", "e")


def test_a_full_sync_that_would_delete_too_much_is_held(tmp_path: Path) -> None:
    """Nothing is applied; the error says how many rows are at stake and how to approve (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "x"))
    engine.sync()
    before = engine.state()
    with pytest.raises(SyncFailedError) as caught:
        engine.sync("full")
    message = str(caught.value)
    assert "would delete 4 of 5 rows; it brought 2" in message
    assert "packsync held approve acme.Items" in message
    assert "approve_deletes: true" in message
    assert engine.state() == before
    line = engine.ledger()[-1]
    assert (line["status"], line["error_type"]) == ("held", "Held")


@pytest.mark.parametrize(
    ("limits", "returned", "is_held"),
    [
        (guard(0.5, 2), "ab", True),  # 3 of 5
        (guard(0.6, 2), "ab", False),  # not more than the share
        (guard(0.5, 3), "ab", False),  # not more than the rows
        (guard(0.5, 100), "", True),  # nothing where there was something
        (guard(0.5, 100, hold_empty=False), "", False),
        (guard(0.5, 4, hold_empty=False), "", True),
        (guard(0.5, 0), "abc", False),  # 2 of 5
        (guard(0.0, 0), "abcd", True),
        (guard(0.0, 0), "abcdef", False),  # deletes nothing
        (guard(0.5, 100, small=(0.3, 1)), "abc", True),  # 2 of 5
        (guard(0.5, 100, small=(0.4, 1)), "abc", False),  # not more than the share
        (guard(0.5, 100, small=(0.3, 2)), "abc", False),  # not more than the rows
        (guard(0.5, 1, small=(0.3, 1)), "abc", False),  # 5 rows are no small table
    ],
)
def test_more_than_the_share_and_more_than_the_rows(
    limits: DeleteGuard, returned: str, is_held: bool, tmp_path: Path
) -> None:
    """Both limits must be exceeded, or the sync brings nothing (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", *returned), guard=limits)
    engine.sync()
    if is_held:
        hold(engine)
        assert set(engine.names()) == set("abcde")
    else:
        engine.sync("full")
        assert set(engine.names()) == set(returned)
        assert held(engine) == []


def test_the_defaults_are_more_than_half_and_more_than_a_hundred() -> None:
    """As the contract says (D8)."""
    settings = SyncSettings()
    assert (settings.max_deleted_share, settings.max_deleted_rows) == (0.5, 100)
    assert settings.hold_empty


@pytest.mark.parametrize(
    ("deletes", "rows_before", "is_held"),
    [
        (100, 300, True),  # one of three pages is missing
        (101, 301, False),  # a third of a table that is not small
        (151, 301, True),
        (3, 3, False),  # a handful
        (5, 7, True),
        (20, 60, True),
        (4, 14, False),  # less than the share
    ],
)
def test_the_defaults_protect_small_tables(deletes: int, rows_before: int, is_held: bool) -> None:
    """A share alone, with a floor: a table of 60 rows never loses more than 100 (D8)."""
    assert SyncSettings().holds(deletes, rows_before) is is_held


def test_deletes_by_id_are_proof(tmp_path: Path) -> None:
    """An incremental sync deletes as many as the pack names (contract C9, D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", deleted=tuple("abcde")))
    engine.sync()
    engine.sync()
    assert engine.names() == {}


def test_rejected_rows_are_not_deletes(tmp_path: Path) -> None:
    """Rows that came but could not be stored keep their earlier versions (contract S4, D8)."""
    bad = {"result": [{"id": i, "name": {"no": 1}} for i in "abcde"]}
    engine = engine_of(tmp_path, FIVE, bad)
    engine.sync()
    engine.sync("full")
    assert set(engine.names()) == set("abcde")


def test_what_is_held_is_listed(tmp_path: Path) -> None:
    """Counts and a sample of the rows that would go (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "x"))
    engine.sync()
    found = hold(engine)
    assert (found.rows_before, found.rows_returned, found.deletes) == (5, 2, 4)
    assert sorted(row["id"] for row in found.sample) == ["b", "c", "d", "e"]
    assert found.sample[0]["name"] == "n"
    assert found.run.mode == "full"


def test_incremental_syncs_go_on_meanwhile(tmp_path: Path) -> None:
    """Without a full sync in every run, although the periodic one was due (C12, D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), page("t3", "f"), page("t4", "g"))
    engine.sync()
    engine.configure(full_every_days=0)
    with pytest.raises(SyncFailedError):
        engine.sync()
    engine.configure(full_every_days=7)
    with engine.warehouse.write() as connection:  # it was due before it was held, and still is
        connection.execute(f"UPDATE {LEDGER_POSITIONS} SET last_full_at = '2020-01-01'")
    records = [engine.sync().record for _ in range(2)]
    assert [record.mode for record in records] == ["incremental", "incremental"]
    assert "is held" in records[0].mode_reason
    assert set(engine.names()) == set("abcdefg")
    assert len(held(engine)) == 1


def test_the_periodic_full_sync_is_tried_again(tmp_path: Path) -> None:
    """It never blocks for ever: a period later a full sync that passes settles it (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), page("t3", "a", "b", "c", "d"))
    engine.sync()
    hold(engine)
    with engine.warehouse.write() as connection:
        connection.execute("UPDATE _sync.held_syncs SET held_at = '2020-01-01'")
        connection.execute(f"UPDATE {LEDGER_POSITIONS} SET last_full_at = '2020-01-01'")
    assert engine.sync().record.mode == "full"
    assert (held(engine), stages(engine)) == ([], [])
    assert set(engine.names()) == set("abcd")


def test_a_later_held_sync_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    """There is one decision to make for each sync (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), page("t3"))
    engine.sync()
    first, second = hold(engine), hold(engine)
    assert (first.rows_returned, second.rows_returned) == (1, 0)
    assert len(stages(engine)) == 1


def test_approving_applies_what_was_held(tmp_path: Path) -> None:
    """Rows, deletes, cursor and ledger in one commit, as the sync would have (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "x", name="new"), page("t3", "y"))
    engine.sync()
    approval = approve_held(engine.warehouse, hold(engine))
    assert engine.names() == {"a": "new", "x": "new"}
    assert (approval.record.deleted, approval.record.inserted, approval.behind) == (4, 1, False)
    assert engine.position().cursor == "t2"
    assert (held(engine), stages(engine)) == ([], [])
    line = engine.ledger()[-1]
    assert (line["status"], line["deleted"]) == ("succeeded", 4)
    assert "approved" in line["mode_reason"]
    assert engine.sync().record.mode == "incremental"


def test_approving_is_for_once(tmp_path: Path) -> None:
    """The next large delete is held again (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "b"), page("t3"))
    engine.sync()
    approve_held(engine.warehouse, hold(engine))
    hold(engine)
    assert set(engine.names()) == {"a", "b"}


def test_what_was_approved_or_discarded_cannot_be_again(tmp_path: Path) -> None:
    """Of two people who decide at once, the second is told (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), page("t3"))
    engine.sync()
    found = hold(engine)
    hold(engine)  # another in its place
    state = engine.state()
    with pytest.raises(NotHeldError, match="settled"):
        discard_held(engine.warehouse, found)
    with pytest.raises(NotHeldError):
        approve_held(engine.warehouse, found)
    assert engine.state() == state


def test_approving_overwrites_nothing_newer(tmp_path: Path) -> None:
    """Rows that incremental syncs have changed or deleted since stay so; the cursor too (D8)."""
    increment = page("t3", "b", "z", deleted=("a",), name="newer")
    again = page("t4", "b", "x", "z", name="newest")
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "x", name="held"), increment, again)
    engine.sync()
    found = hold(engine)
    engine.sync()
    approval = approve_held(engine.warehouse, found)
    # c, d and e go; b was changed since; a was deleted since and x may have been; z is new
    assert engine.names() == {"b": "newer", "z": "newer"}
    assert (approval.behind, engine.position().cursor) == (True, "t3")
    record = engine.sync().record
    assert record.mode == "full"  # which brings the rest
    assert "was approved after other syncs" in record.mode_reason
    assert set(engine.names()) == {"b", "x", "z"}


def test_discarding_leaves_the_table_alone(tmp_path: Path) -> None:
    """The held rows go, the ledger says so, and a full sync is tried again when due (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), FIVE)
    engine.sync()
    found = hold(engine)
    discard_held(engine.warehouse, found)
    assert set(engine.names()) == set("abcde")
    assert engine.position().cursor == "t1"
    assert (held(engine), stages(engine)) == ([], [])
    assert engine.ledger()[-1]["status"] == "discarded"
    before = engine.position()
    assert before.last_full_at is not None
    again = engine.sync().record
    assert again.mode == "full"
    assert again.mode_reason == f"the full sync held since {_minute(found)} was discarded"
    assert engine.position().full_due_reason == ""


def test_what_is_due_stays_due_until_it_is_done(tmp_path: Path) -> None:
    """An incremental sync that somebody asked for is no full one; a full one that is held, is."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), page("t2", "f"), page("t3", "a"))
    engine.sync()
    discard_held(engine.warehouse, hold(engine))
    assert engine.sync("incremental").record.mode == "incremental"
    with pytest.raises(SyncFailedError, match="holds it"):
        engine.sync()
    found = held(engine)
    assert found
    engine.execute = Scripted(page("t3"))
    assert engine.sync().record.mode == "incremental"


def test_what_is_made_due_while_a_sync_runs_stays_due(tmp_path: Path) -> None:
    """An increment that began before does not know of it, and is no full sync."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"))
    engine.sync()
    found = hold(engine)

    def meanwhile(*_: Any) -> Any:
        discard_held(engine.warehouse, found)
        return page("t3", "f")

    engine.execute = Scripted(meanwhile, FIVE, page("t4"))
    assert engine.sync().record.mode == "incremental"
    assert engine.sync().record.mode_reason.endswith("was discarded")
    assert engine.sync().record.mode == "incremental"


def _minute(found: HeldSync) -> str:
    return f"{found.held_at:%Y-%m-%d %H:%M} UTC"


def test_a_run_may_approve_what_is_held(tmp_path: Path) -> None:
    """`approve_deletes` applies it first; the run's own sync follows, and is guarded (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "b"), page("t3", "a", "b", "f"))
    engine.sync()
    hold(engine)
    outcome = full(engine, approve=True)
    assert set(engine.names()) == {"a", "b", "f"}
    assert any("was approved: 3 rows deleted" in warning for warning in outcome.warnings)
    assert held(engine) == []


def test_what_is_approved_is_what_was_held(tmp_path: Path) -> None:
    """If the run's own sync would delete more than was shown, it is held again (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a", "b"), page("t3"))
    engine.sync()
    hold(engine)
    with pytest.raises(SyncFailedError, match="2 of 2 rows"):
        full(engine, approve=True)
    assert set(engine.names()) == {"a", "b"}


def test_a_run_may_approve_beforehand(tmp_path: Path) -> None:
    """Where nothing is held, the run's own full sync may delete, and only that one (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"), FIVE, page("t3"))
    engine.sync()
    full(engine, approve=True)
    assert set(engine.names()) == {"a"}
    engine.sync("full")
    hold(engine)


def test_approving_without_the_staged_rows_says_what_to_do(tmp_path: Path) -> None:
    """They are a file of the machine that ran the sync (D8)."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"))
    engine.sync()
    found = hold(engine)
    remove_stages(engine.warehouse, [found.stage])
    state = engine.state()
    with pytest.raises(NotHeldError, match="approve_deletes: true"):
        approve_held(engine.warehouse, found)
    assert engine.state() == state


@only_a_file  # in a shared lake it is in the object store
def test_what_is_held_has_reached_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike a stage that is only for now: on a full disk nothing is held, and the user is told."""
    engine = engine_of(tmp_path, FIVE, page("t2", "a"))
    engine.sync()
    before = engine.state()

    def full_disk(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(SyncFailedError, match=r"held/\w+\.duckdb.*disk") as caught:
        engine.sync("full")
    assert "free" in str(caught.value).lower()
    assert (held(engine), engine.state()) == ([], before)


def test_the_first_sync_is_never_held(tmp_path: Path) -> None:
    """There is nothing to delete (D8)."""
    engine = engine_of(tmp_path, page("t1"))
    engine.sync()
    assert held(engine) == []
