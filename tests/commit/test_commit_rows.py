"""What a sync does to the rows of a table (contract C10, C11, C18, D2)."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pack_sync.ledger.sync_key import SyncKey
from tests.commit.sync_bench import SyncBench, a_page, a_schema, counts_of


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table of names and sizes."""
    return SyncBench(folder=tmp_path)


def touched(bench: SyncBench) -> dict[str, tuple[datetime, str]]:
    return {row["id"]: (row["_changed_at"], row["_run_id"]) for row in bench.rows(hidden=True)}


def test_counts_are_exact(bench: SyncBench) -> None:
    """Inserted, updated, unchanged and deleted rows are told apart (contract C10)."""
    first = bench.full(a_page(*({"id": str(n), "size": n} for n in range(5))))
    assert counts_of(first) == {"inserted": 5}
    assert first.row_count == 5
    rows = [{"id": "0", "size": 0}, {"id": "1", "size": 1}, {"id": "2", "size": -2}, {"id": "9"}]
    second = bench.full(a_page(*rows))
    assert counts_of(second) == {"inserted": 1, "updated": 1, "unchanged": 2, "deleted": 2}
    assert second.row_count == 4
    assert [(row["id"], row["size"]) for row in bench.rows()] == [
        ("0", 0.0), ("1", 1.0), ("2", -2.0), ("9", None),
    ]  # fmt: skip


def test_an_incremental_sync_deletes_only_what_it_is_told(bench: SyncBench) -> None:
    """Rows that it does not return stay; deleted ids go; unknown ones do nothing (C9)."""
    bench.full(a_page({"id": "a"}, {"id": "b"}, {"id": "c"}))
    applied = bench.incremental(a_page({"id": "a", "size": 1}, deleted=["b", "nobody"]))
    assert counts_of(applied) == {"updated": 1, "deleted": 1}
    assert [row["id"] for row in bench.rows()] == ["a", "c"]


def test_deleted_and_returned_again(bench: SyncBench) -> None:
    """A row that came back after its deletion is there, once (contract D1)."""
    bench.full(a_page({"id": "a", "size": 1}))
    applied = bench.incremental(a_page(deleted=["a"]), a_page({"id": "a", "size": 1}))
    assert counts_of(applied) == {"unchanged": 1}
    assert len(bench.rows()) == 1


def test_deleted_ids_in_a_full_sync(bench: SyncBench) -> None:
    """They apply to what that full sync has staged (contract D4)."""
    bench.full(a_page({"id": "a"}, {"id": "b"}))
    applied = bench.full(a_page({"id": "a"}, {"id": "b"}, {"id": "c"}), a_page(deleted=["b", "c"]))
    assert counts_of(applied) == {"unchanged": 1, "deleted": 1}
    assert [row["id"] for row in bench.rows()] == ["a"]


def test_a_full_sync_without_rows_empties_the_table(bench: SyncBench) -> None:
    """CommitResult, an empty complete set means that there is nothing (C10; D8 guards before)."""
    bench.full(a_page({"id": "a"}))
    assert counts_of(bench.full(a_page())) == {"deleted": 1}
    assert bench.rows() == []


def test_unchanged_rows_are_not_touched(bench: SyncBench) -> None:
    """`_changed_at` and `_run_id` are those of the sync that last changed the row."""
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b", "size": 1}))
    before = touched(bench)
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b", "size": 2}, {"id": "c"}))
    after = touched(bench)
    assert after["a"] == before["a"]
    assert after["b"][0] > before["b"][0]
    assert [after[id_][1] for id_ in "abc"] == ["execution-1", "execution-2", "execution-2"]


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ({"type": "array", "items": {"type": "number"}}, [1, None]),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": None}),
        ({"type": "object", "properties": {}}, {"z": {"y": None}}),
        ({"type": "number", "hint": "currency"}, 0.1),
        ({"type": "number", "hint": "duration"}, 1.5),
        ({"type": "string", "hint": "datetime"}, "2024-01-01T00:00:00+02:00"),
        ({"type": "string"}, None),
    ],
)
def test_equal_values_of_every_kind_are_unchanged(
    definition: dict[str, Any], value: Any, tmp_path: Path
) -> None:
    """A value that is the same again is no change, NULL and nested ones included."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(v=definition))
    bench.full(a_page({"id": "a", "v": value}))
    again = bench.full(a_page({"id": "a", "v": value}))
    assert counts_of(again) == {"unchanged": 1}
    assert again.schema_changes == []


@pytest.mark.parametrize("days", [-2.5, 5000.25, 0.00001, 0])
def test_a_duration_of_any_length_is_kept(days: float, tmp_path: Path) -> None:
    """Also below zero, of many years and of less than a millisecond, and in an object."""
    hint = {"type": "number", "hint": "duration"}
    schema = a_schema(v=hint, nested={"type": "object", "properties": {"v": hint}})
    bench = SyncBench(folder=tmp_path, schema=schema)
    for counts in ({"inserted": 1}, {"unchanged": 1}):
        row = {"id": "a", "v": days, "nested": {"v": days}}
        assert counts_of(bench.full(a_page(row))) == counts
    table = f"{bench.warehouse.database.name}.acme.Tasks"
    assert bench.query(f"SELECT v::INTERVAL, nested.v::INTERVAL FROM {table}") == [
        (timedelta(days=days), timedelta(days=days))
    ]


def test_to_null_and_from_null_are_changes(bench: SyncBench) -> None:
    """NULL differs from every value (contract C11)."""
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b"}))
    assert counts_of(bench.full(a_page({"id": "a"}, {"id": "b", "size": 0}))) == {"updated": 2}


def test_an_absent_property_becomes_null(bench: SyncBench) -> None:
    """No partial updates: each returned row is the whole row (contract C11)."""
    bench.full(a_page({"id": "a", "name": "x", "size": 1}))
    bench.incremental(a_page({"id": "a", "size": 2}))
    assert bench.rows() == [{"id": "a", "name": None, "size": 2.0}]


def test_syncs_of_one_table_own_their_rows(bench: SyncBench) -> None:
    """Two syncs may bring one id; neither touches the other's rows (contract C18, D2)."""
    east, west = replace(bench.key, sync="east"), replace(bench.key, sync="west")
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b"}), key=east)
    applied = bench.full(a_page({"id": "a", "size": 2}), key=west)
    assert (counts_of(applied), applied.row_count) == ({"inserted": 1}, 3)
    assert counts_of(bench.full(a_page({"id": "a", "size": 1}), key=east)) == {
        "unchanged": 1,
        "deleted": 1,
    }
    assert counts_of(bench.incremental(a_page(deleted=["a", "b"]), key=east)) == {"deleted": 1}
    assert [(row["_sync"], row["size"]) for row in bench.rows(hidden=True)] == [("west", 2.0)]


def test_tables_of_one_pack_and_packs_do_not_meet(tmp_path: Path) -> None:
    """A sync touches its own table only (contract C10)."""
    bench = SyncBench(folder=tmp_path)
    others = [SyncKey(pack="acme", table="Others"), SyncKey(pack="other", table="Tasks")]
    for key in others:
        bench.full(a_page({"id": "a"}), key=key)
    bench.full(a_page({"id": "b"}))
    bench.full(a_page())
    assert bench.query("SELECT id FROM acme.Others UNION ALL SELECT id FROM other.Tasks") == [
        ("a",),
        ("a",),
    ]


def test_the_order_of_arrival_decides_between_versions(bench: SyncBench) -> None:
    """The last version of a row lands, and the repeats are in the ledger (contract S5)."""
    applied = bench.full(a_page({"id": "a", "size": 1}), a_page({"id": "a", "size": 2}))
    assert counts_of(applied) == {"inserted": 1, "duplicates": 1}
    assert bench.rows()[0]["size"] == 2.0


def test_the_founding_rules_over_many_syncs(bench: SyncBench) -> None:
    """Whatever came before, after a full sync the table is the complete set (C10)."""
    state: dict[str, int] = {}
    for round_ in range(6):
        changed = {str(n): n * round_ for n in range(round_, 20, round_ + 2)}
        deleted = [str(n) for n in range(round_ % 3, 20, 5)]
        state = {k: v for k, v in state.items() if k not in deleted} | changed
        rows = [{"id": k, "size": v} for k, v in changed.items()]
        bench.incremental(a_page(*rows, deleted=deleted))
        assert {row["id"]: row["size"] for row in bench.rows()} == state
    final = [{"id": str(n), "size": n} for n in range(7)]
    bench.full(a_page(*final))
    assert {row["id"]: row["size"] for row in bench.rows()} == {str(n): n for n in range(7)}
