"""Replaying rejected rows: what fits is applied, nothing comes back from the dead (S4)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.schemas import Schema, make_object_schema
from pack_sync.commit.commit import commit_stage
from pack_sync.commit.rejects_replay import Replay, ReplayRefusedError, replay_rejects
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import read_last_run
from pack_sync.spool.page import Page
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from tests.commit.sync_bench import SyncBench, a_page, a_schema, spooled
from tests.warehouses import SERVED

MENDED = a_schema(name="string", size="string")
"""The bench's schema after the pack was mended: any size fits."""


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table with the rows a and b."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b", "size": 1}))
    return bench


def bad(row_id: str, size: Any = "x", **more: Any) -> dict[str, Any]:
    """A row that is rejected until the schema is mended."""
    return {"id": row_id, "size": size, **more}


def replay(bench: SyncBench, schema: Schema = MENDED, key: SyncKey | None = None) -> Replay:
    folder = bench.folder / f"replay-{next(bench.numbers)}"
    folder.mkdir()
    return replay_rejects(bench.warehouse, key or bench.key, schema, folder)


def sizes(bench: SyncBench) -> dict[str, Any]:
    return {row["id"]: row["size"] for row in bench.rows()}


def test_what_fits_the_mended_schema_is_applied(bench: SyncBench) -> None:
    """Inserted or updated, and no longer kept as rejected (contract S4)."""
    bench.incremental(a_page(bad("a"), bad("c", name="new")))
    done = replay(bench)
    assert (done.applied, done.remaining) == (2, 0)
    assert (done.changes.inserted, done.changes.updated, done.changes.unchanged) == (1, 1, 0)
    assert sizes(bench) == {"a": "x", "b": "1.0", "c": "x"}
    assert bench.rejected() == []
    assert "changed size from DOUBLE to VARCHAR" in done.schema_changes


def test_what_still_does_not_fit_stays_with_its_present_reason(bench: SyncBench) -> None:
    """It keeps its page, sync and time; the replay says why (contract S4)."""
    bench.incremental(a_page(bad("a", "yes"), bad("c", "perhaps")))
    done = replay(bench, a_schema(name="string", size="boolean"))
    reason = "property 'size': yes is not a boolean that fits BOOLEAN"
    assert (done.applied, done.remaining) == (0, 2)
    assert "2 rows like this, one is id a" in str(done.reasons[0])
    assert bench.rejected()[0] == ("a", reason, 1, "execution-2")


def test_the_line_of_the_ledger(bench: SyncBench) -> None:
    """A replay is a line of its own, mode replay, and changed rows name it (contract S4)."""
    bench.incremental(a_page(bad("a"), bad("c"), bad("d")), cursor="t1")
    schema = a_schema(name="string", size={"type": "number", "fromKey": "length"})
    done = replay(bench, schema)
    assert done.applied == 3  # none has a `length`, so their size is NULL now
    assert bench.query(
        "SELECT status, rows_returned, inserted, updated, rejected, cursor_before, cursor_after "
        "FROM _sync.runs WHERE mode = 'replay'"
    ) == [("succeeded", 3, 2, 1, 0, '"t1"', '"t1"')]
    assert bench.query(f"SELECT id FROM acme.Tasks WHERE _run_id = '{done.execution_id}'") != []


def test_the_cursor_and_its_history_stay(bench: SyncBench) -> None:
    """The next sync goes on as if there had been no replay (contract S4, C6)."""
    bench.incremental(a_page(bad("a")), cursor="t1")
    before = bench.position(), bench.query("FROM _sync.cursor_history ORDER BY ALL")
    replay(bench, bench.schema)
    assert (bench.position(), bench.query("FROM _sync.cursor_history ORDER BY ALL")) == before
    with bench.warehouse.read() as connection:  # nor is it the last sync: C17 asks how that ended
        last = read_last_run(connection, bench.key)
    assert last is not None
    assert last.mode == "incremental"


INCREMENTAL, FULL = False, True


@pytest.mark.parametrize(
    "newer",
    [
        pytest.param([(INCREMENTAL, a_page({"id": "a", "size": 9}))], id="changed"),
        pytest.param([(INCREMENTAL, a_page({"id": "a", "size": 1}))], id="came unchanged"),
        pytest.param([(INCREMENTAL, a_page(deleted=["a"]))], id="deleted"),
        pytest.param(
            [(INCREMENTAL, a_page(deleted=["a"])), (INCREMENTAL, a_page({"id": "c", "size": 1}))],
            id="deleted, then others",
        ),
        pytest.param([(FULL, a_page({"id": "b", "size": 1}))], id="not in a full sync"),
        pytest.param([(FULL, a_page({"id": "a", "size": 1}))], id="in a full sync"),
    ],
)
def test_a_row_with_a_newer_version_is_not_replayed(
    bench: SyncBench, newer: list[tuple[bool, Page]]
) -> None:
    """Whatever came of the id through the engine since is newer than the reject (contract S4).

    This is what a replay relies on: a deleted row does not come back, a newer version stays,
    even one that was the same as before the reject, so that `_changed_at` did not move.
    """
    bench.incremental(a_page(bad("a")))
    for complete, page in newer:
        bench.sync(page, complete=complete)
    before = bench.rows(hidden=True)
    assert replay(bench, bench.schema) == Replay()
    assert bench.rows(hidden=True) == before


def test_a_row_rejected_after_its_deletion_is_replayed(bench: SyncBench) -> None:
    """The rejected version is the newest: the row is there at the source (contract S4, D1)."""
    bench.incremental(a_page(deleted=["a"]), a_page(bad("a")))
    assert sizes(bench) == {"b": 1}
    replay(bench)
    assert sizes(bench) == {"a": "x", "b": "1.0"}


def test_a_newer_reject_is_the_one_that_is_replayed(bench: SyncBench) -> None:
    """Of one sync and of several, the last version of an id wins (contract S4, S5)."""
    bench.incremental(a_page(bad("a", "old")))
    bench.incremental(a_page(*(bad("a", f"v{n}") for n in range(40)), bad("a", "new")))
    done = replay(bench)
    assert (done.applied, sizes(bench)["a"]) == (41, "new")
    assert bench.rejected() == []


def test_of_several_rejects_the_last_that_fits_is_applied(bench: SyncBench) -> None:
    """As in a sync: the good version counts, the bad one after it stays (contract S4)."""
    bench.incremental(a_page(bad("a", "true"), bad("a", "neither")))
    done = replay(bench, a_schema(name="string", size="boolean"))
    assert (done.applied, done.remaining, sizes(bench)["a"]) == (1, 1, True)
    assert "neither" in bench.rejected()[0][1]


def test_rows_without_an_id_are_left_alone(bench: SyncBench) -> None:
    """They may have come again, or been deleted, under an id nobody knew (contract S4)."""
    bench.incremental(a_page({"key": "z", "size": 5}))
    bench.incremental(a_page(deleted=["z"]))
    schema = make_object_schema(
        properties={"id": {"type": "string", "fromKey": "key"}, "size": {"type": "number"}},
        id_property="id",
        display_property="id",
    )
    done = replay(bench, schema)
    assert (done.execution_id, done.applied, done.without_id) == (None, 0, 1)
    assert "z" not in sizes(bench)
    assert len(bench.rejected()) == 1


def test_an_id_that_became_another_refuses_the_replay(bench: SyncBench) -> None:
    """What is known of the old id says nothing of the new one (contract S4, D5)."""
    bench.incremental(a_page(bad("a", name="q")))
    before = bench.snapshot()
    with pytest.raises(ReplayRefusedError, match=r"kept as 'a' is 'q'.*Sync the table instead"):
        replay(bench, replace(MENDED, id_property="name"))
    assert bench.snapshot() == before


def test_each_sync_s_rows_are_its_own(bench: SyncBench) -> None:
    """A replay of one sync leaves those of others; children belong to theirs (C18, D7)."""
    west = replace(bench.key, sync="west")
    for sync in ("west", "west/1", "west/2", "western"):
        bench.incremental(a_page(bad("a", sync)), key=replace(bench.key, sync=sync))
    done = replay(bench, key=west)
    assert done.applied == 3
    assert bench.query("SELECT _sync, size FROM acme.Tasks WHERE id = 'a' ORDER BY 1") == [
        ("default", "1.0"), ("west", "west"), ("west/1", "west/1"), ("west/2", "west/2"),
    ]  # fmt: skip
    assert bench.query("SELECT sync FROM _sync.rejected_rows") == [("western",)]


def test_an_unchanged_row_is_not_written(bench: SyncBench) -> None:
    """The reject goes, the row's `_changed_at` stays (contract S4; design: apply)."""
    bench.incremental(a_page(bad("a", "x")))
    schema = a_schema(name="string", size={"type": "number", "fromKey": "length"})
    replay(bench, schema)
    bench.incremental(a_page(bad("a", "x") | {"length": "y"}), schema=schema)
    before = bench.rows(hidden=True)
    done = replay(bench, a_schema(name="string", size={"type": "number", "fromKey": "height"}))
    assert (done.applied, done.changes.unchanged) == (1, 1)
    assert bench.rows(hidden=True) == before


def test_many_rows_keep_their_place(bench: SyncBench) -> None:
    """More than a page of several syncs: each row is settled as itself (contract S4)."""
    syncs = [replace(bench.key, sync=name) for name in ("west/1", "west/2")]
    for key in syncs:
        rows = [bad(str(n), "true" if n % 3 else "x") for n in range(2_500)]
        bench.incremental(a_page(*rows), key=key)
    schema = a_schema(name="string", size="boolean")
    done = replay(bench, schema, replace(bench.key, sync="west"))
    rejected = 2 * len(range(0, 2_500, 3))
    assert (done.applied, done.remaining) == (5_000 - rejected, rejected)
    assert {int(found[0]) % 3 for found in bench.rejected()} == {0}


def test_a_table_that_was_never_synced_refuses(tmp_path: Path) -> None:
    """Rejects alone make no table; the message says what to do (contract S4)."""
    bench = SyncBench(folder=tmp_path)
    bench.incremental(a_page(bad("a")))
    with bench.warehouse.write() as connection:
        connection.execute("DROP TABLE acme.Tasks")
    with pytest.raises(ReplayRefusedError, match=r"sync it first: packsync sync acme\.Tasks"):
        replay(bench)
    assert len(bench.rejected()) == 1


def test_without_rejects_nothing_happens(bench: SyncBench) -> None:
    """No line of the ledger, and no warehouse where there is none (contract S4)."""
    before = bench.snapshot()
    assert replay(bench) == Replay()
    assert bench.snapshot() == before
    missing = SyncBench(folder=bench.folder / "elsewhere")
    (bench.folder / "elsewhere").mkdir()
    assert replay(missing) == Replay()
    assert SERVED or not missing.warehouse.path.exists()


@pytest.mark.parametrize(
    ("page", "complete", "expected"),
    [
        (a_page({"id": "a", "size": 9}), False, {"a": 9, "b": 1}),
        (a_page(deleted=["a"]), False, {"b": 1}),
        (a_page({"id": "b", "size": 1}), True, {"b": 1}),
        (a_page(), False, {"a": 5, "b": 1}),
    ],
)
@pytest.mark.parametrize("replay_first", [True, False])
def test_a_replay_while_a_sync_runs(
    bench: SyncBench, page: Page, complete: bool, expected: dict[str, Any], replay_first: bool
) -> None:
    """Whichever commits first, what the sync brought is newer (contract S4).

    The sync has collected its pages before the replay, and is not superseded by it.
    """
    strict = a_schema(name="string", size="number", kind={"type": "string", "required": True})
    bench.incremental(a_page({"id": "a", "size": 5}), schema=strict)
    part = StagePart(sync="default", complete=complete)
    (bench.folder / "running").mkdir()
    with Stage(bench.folder / "running" / "stage.duckdb", bench.schema) as stage:
        counts = stage.load(spooled(bench.folder / "running" / "spool", [page]), [part])
        request = bench.request("running", bench.key, complete=complete)
        if replay_first:
            replay(bench, bench.schema)
        commit_stage(bench.warehouse, stage, counts, request)
        if not replay_first:
            replay(bench, bench.schema)
    assert (sizes(bench), bench.rejected()) == (expected, [])


def test_a_replay_that_fails_changes_nothing(
    bench: SyncBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, rejects and ledger are one commit (contract S4; design: apply)."""
    bench.incremental(a_page(bad("a"), bad("c")))
    before = bench.snapshot()

    def broken(*_: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("pack_sync.commit.rejects_replay.record_run", broken)
    with pytest.raises(RuntimeError, match="the disk is full"):
        replay(bench)
    assert bench.snapshot() == before
