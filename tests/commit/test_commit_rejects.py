"""Rejected rows: kept with their reason, and forgotten when they are put right (contract S4)."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.commit.sync_bench import SyncBench, a_page, counts_of

REASON = "property 'size': x is not a number that fits DOUBLE"


@pytest.fixture
def bench(tmp_path: Path) -> SyncBench:
    """A table with the rows a and b."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "a", "size": 1}, {"id": "b", "size": 1}))
    return bench


def sizes(bench: SyncBench) -> dict[str, float]:
    return {row["id"]: row["size"] for row in bench.rows()}


@pytest.mark.parametrize("complete", [True, False])
def test_the_earlier_version_of_a_rejected_row_stays(bench: SyncBench, complete: bool) -> None:
    """In an incremental and in a full sync; the row is counted as rejected (contract S4)."""
    applied = bench.sync(
        a_page({"id": "a", "size": "x"}, {"id": "b", "size": 1}), complete=complete
    )
    assert counts_of(applied) == {"unchanged": 1, "rejected": 1}
    assert sizes(bench) == {"a": 1, "b": 1}


def test_only_the_rejected_row_s_own_version_stays(bench: SyncBench) -> None:
    """The other rows that a full sync did not return go (contract S4, C10)."""
    assert counts_of(bench.full(a_page({"id": "a", "size": "x"}))) == {"deleted": 1, "rejected": 1}
    assert sizes(bench) == {"a": 1}


def test_a_rejected_row_that_the_sync_also_deletes_goes(bench: SyncBench) -> None:
    """The deletion is good, whatever the row was (contract S4, D4)."""
    bench.full(a_page({"id": "a", "size": "x"}, {"id": "b", "size": 1}), a_page(deleted=["a"]))
    assert sizes(bench) == {"b": 1}


def test_a_rejected_row_is_kept_whole(bench: SyncBench) -> None:
    """With id, reason, page, sync, time and the whole row (contract S4)."""
    bench.incremental(a_page(), a_page({"id": "a", "size": "x", "more": [1]}))
    found = bench.query(
        "SELECT pack, table_name, sync, row_id, reason, row, page, execution_id, "
        "rejected_at = (SELECT max(updated_at) FROM _sync.cursors) FROM _sync.rejected_rows"
    )
    assert found == [
        ("acme", "Tasks", "default", "a", REASON, '{"id":"a","size":"x","more":[1]}', 2,
         "execution-2", True)
    ]  # fmt: skip


@pytest.mark.parametrize("row", [None, 5, "text", [1], {}])
def test_a_row_without_an_id_is_kept_too(bench: SyncBench, row: object) -> None:
    """It is never dropped, even if it is nothing at all (contract S4)."""
    bench.incremental(a_page(row))
    assert [(found[0], found[2]) for found in bench.rejected()] == [(None, 1)]
    assert sizes(bench) == {"a": 1, "b": 1}


def test_an_incremental_sync_forgets_what_was_put_right(bench: SyncBench) -> None:
    """A good version or a deletion of the id ends its reject; others stay (contract S4)."""
    bench.incremental(a_page(*({"id": id_, "size": "x"} for id_ in "abc")))
    bench.incremental(a_page({"id": "a", "size": 2}, deleted=["b"]))
    assert [(found[0], found[3]) for found in bench.rejected()] == [("c", "execution-2")]


def test_a_newer_reject_replaces_the_older_one(bench: SyncBench) -> None:
    """One id has the rejects of one sync only (contract S4)."""
    bench.incremental(a_page({"id": "a", "size": "x"}))
    bench.incremental(a_page({"id": "a", "size": "y"}))
    assert bench.rejected() == [("a", REASON.replace("x", "y", 1), 1, "execution-3")]


def test_rejects_without_an_id_stay_until_a_full_sync(bench: SyncBench) -> None:
    """Nothing tells that they were put right, but the complete set (contract S4)."""
    bench.incremental(a_page({"size": 1}))
    bench.incremental(a_page({"size": 2}))
    assert [found[3] for found in bench.rejected()] == ["execution-2", "execution-3"]
    bench.full(a_page({"id": "a", "size": 1}))
    assert bench.rejected() == []


def test_a_full_sync_replaces_all_rejects_of_its_own(bench: SyncBench) -> None:
    """Those of other syncs of the table stay (contract S4, C18)."""
    west = replace(bench.key, sync="west")
    bench.incremental(a_page({"id": "w", "size": "x"}), key=west)
    bench.incremental(a_page({"id": "a", "size": "x"}, {"id": "b", "size": "x"}))
    bench.full(a_page({"id": "a", "size": "x"}, {"id": "b", "size": 1}))
    assert [(found[0], found[3]) for found in bench.rejected()] == [
        ("a", "execution-4"),
        ("w", "execution-2"),
    ]


def test_another_sync_s_good_row_ends_no_reject(bench: SyncBench) -> None:
    """Rejects belong to the sync that brought them (contract C18, D2)."""
    bench.incremental(a_page({"id": "a", "size": "x"}))
    bench.incremental(a_page({"id": "a", "size": 5}), key=replace(bench.key, sync="west"))
    assert [found[0] for found in bench.rejected()] == ["a"]
