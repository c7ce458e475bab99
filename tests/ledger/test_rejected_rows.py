"""Which rejected rows are kept, for how long, and how they are counted (contract S4)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sync.ledger.rejected_rows import RejectFilter, count_rejects, read_rejects
from tests.commit.sync_bench import SyncBench, a_page, a_schema, counts_of, stage_pages

SCHEMA = a_schema(v={"type": "number", "precision": 0})


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table with the rows a and b."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b", "size": 1}))
    return bench


def bad(row_id: str | None, size: Any = "x") -> dict[str, Any]:
    """A row that is rejected."""
    return {"size": size} if row_id is None else {"id": row_id, "size": size}


@pytest.mark.parametrize(
    ("actions", "rejects"),
    [
        ("x r", []),
        ("x r x", [2]),
        ("r x", [1]),
        ("x d", []),
        ("d x", [1]),
        ("x d x", [2]),
        ("x d r", []),
        ("x r d", []),
        ("r d x", [2]),
        ("d r x", [2]),
        ("x x", [0, 1]),
        ("x x r", []),
    ],
)
def test_a_later_version_in_the_same_sync_ends_a_reject(
    actions: str, rejects: list[int], tmp_path: Path
) -> None:
    """A page each: r a row, d a deletion, x a row that is rejected (contract S4, D1).

    `rejects` are the pages of those that stay: those with no good row or deletion after them.
    """
    pages = [
        a_page(deleted=["a"])
        if action == "d"
        else a_page({"id": "a", "v": page if action == "r" else f"x{page}"})
        for page, action in enumerate(actions.split())
    ]
    staged = stage_pages(tmp_path, SCHEMA, *pages)
    assert [reject[0] - 1 for reject in staged.rejects] == rejects
    assert staged.counts.rejected == len(rejects)


def test_on_one_page_the_order_of_rows_counts(tmp_path: Path) -> None:
    """Good after bad ends the reject, bad after good does not (contract S4, S5)."""
    rows = [{"id": "a", "v": "x"}, {"id": "b", "v": 1}, {"id": "a", "v": 2}, {"id": "b", "v": "y"}]
    staged = stage_pages(tmp_path, SCHEMA, a_page(*rows))
    assert [reject[1] for reject in staged.rejects] == ["b"]
    assert staged.upserts == [("b", 1), ("a", 2)]


def test_rejects_without_an_id_are_ended_by_no_other_row(tmp_path: Path) -> None:
    """Nothing tells which row they are (contract S4)."""
    staged = stage_pages(tmp_path, SCHEMA, a_page({"v": 1}), a_page({"id": "a", "v": 1}))
    assert [reject[1] for reject in staged.rejects] == [None]


@pytest.mark.parametrize("complete", [True, False])
def test_what_came_good_later_is_stored_and_not_kept(bench: SyncBench, complete: bool) -> None:
    """The reject counts as a repeat of its id, for it was replaced (contract S4, S5)."""
    page = a_page(bad("a"), {"id": "b", "size": 1}, {"id": "a", "size": 7})
    applied = bench.sync(page, complete=complete)
    assert counts_of(applied) == {"updated": 1, "unchanged": 1, "duplicates": 1}
    assert bench.rejected() == []


@pytest.mark.parametrize("complete", [True, False])
def test_what_was_deleted_later_is_not_kept(bench: SyncBench, complete: bool) -> None:
    """A replay must not bring back a row that the same sync deleted (contract S4, D1)."""
    bench.sync(a_page(bad("a"), {"id": "b", "size": 1}), a_page(deleted=["a"]), complete=complete)
    assert (bench.rejected(), [row["id"] for row in bench.rows()]) == ([], ["b"])


def test_another_sync_s_row_of_the_same_stage_ends_no_reject(tmp_path: Path) -> None:
    """Children of a crawl share a stage; their ids are their own (contract D2, S4)."""
    bench = SyncBench(folder=tmp_path)
    bench.incremental(a_page(bad("a")), key=replace(bench.key, sync="east"))
    bench.incremental(a_page({"id": "a", "size": 1}), key=replace(bench.key, sync="west"))
    assert [found[0] for found in bench.rejected()] == ["a"]


def test_identical_rejects_without_an_id_are_kept_once(bench: SyncBench) -> None:
    """They do not pile up in incremental syncs; others stay (contract S4)."""
    for _ in range(3):
        applied = bench.incremental(a_page(bad(None, 1), bad(None, 2)), a_page(bad(None, 1)))
        assert applied.record.rejected == 3
    assert bench.query("SELECT row, page, execution_id FROM _sync.rejected_rows ORDER BY ALL") == [
        ('{"size":1}', 2, "execution-4"),
        ('{"size":2}', 1, "execution-4"),
    ]


def test_rejects_that_differ_in_reason_or_sync_are_all_kept(bench: SyncBench) -> None:
    """Only the same row with the same reason of the same sync is the same (contract S4)."""
    bench.incremental(a_page(bad(None, 1)))
    bench.incremental(a_page(bad(None, 1)), key=replace(bench.key, sync="west"))
    schema = replace(bench.schema, id_property="name")
    bench.incremental(a_page(bad(None, 1)), schema=schema)
    assert len(bench.rejected()) == 3


def test_a_sync_says_what_is_kept_of_the_whole_table(bench: SyncBench) -> None:
    """Reasons that differ in the value only are counted together (contract S4)."""
    bench.incremental(a_page(bad("w", "is not it")), key=replace(bench.key, sync="west"))
    kept = bench.incremental(a_page(bad("c", "y\nz"), bad("a"), bad(None))).table.rejects
    assert (kept.count, [(str(reason), reason.rows) for reason in kept.reasons]) == (
        4,
        [
            (
                "property 'size': x is not a number that fits DOUBLE "
                "(3 rows like this, one is id a)",
                3,
            ),
            ("property 'id': the row has no id (without an id)", 1),
        ],
    )
    assert bench.full(a_page({"id": "a", "size": 1})).table.rejects.count == 1


def test_rejects_are_read_oldest_first_and_filtered(bench: SyncBench) -> None:
    """By pack, table, sync with its children, and a part of the reason (contract S4, D7)."""
    other = replace(bench.key, pack="initech")
    bench.incremental(a_page(bad("2"), bad("1")))
    bench.incremental(a_page(bad("w")), key=replace(bench.key, sync="west/7"))
    bench.incremental(a_page(bad(None)), key=other)
    everything = ["2", "1", "w", None]
    for wanted, expected in (
        (RejectFilter(), everything),
        (RejectFilter(pack="acme"), everything[:3]),
        (RejectFilter(pack="acme", table="Tasks", sync="west"), ["w"]),
        (RejectFilter(sync="wes"), []),
        (RejectFilter(reason="NO ID"), [None]),
        (RejectFilter(table="Items"), []),
    ):
        with bench.warehouse.read() as connection:
            rows = read_rejects(connection, wanted)
            assert [row.row_id for row in rows] == expected, wanted
            assert sum(count_rejects(connection, wanted).values()) == len(expected)
            assert read_rejects(connection, wanted, limit=1) == rows[:1]


def test_a_warehouse_that_does_not_exist_has_no_rejects(tmp_path: Path) -> None:
    """Nothing was ever synced: nothing was rejected (contract S4)."""
    with SyncBench(folder=tmp_path).warehouse.read() as connection:
        assert read_rejects(connection, RejectFilter()) == []
        assert count_rejects(connection, RejectFilter()) == {}
