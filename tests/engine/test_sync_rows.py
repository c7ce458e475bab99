"""Which rows a table has after full and incremental syncs."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.sync_harness import Engine, Scripted, items, last_page


def synced(folder: Path, *steps: Any, **names: str) -> Engine:
    """An engine whose first, full sync brought these rows; the steps come next."""
    engine = Engine(folder=folder, execute=Scripted(last_page({"token": 1}, **names), *steps))
    engine.sync()
    return engine


def test_a_full_sync_deletes_what_it_did_not_return(tmp_path: Path) -> None:
    """A full sync returns the complete set; rows that are not in it go (contract C10)."""
    engine = synced(tmp_path, last_page({}, a="1", d="4"), a="1", b="2", c="3")
    record = engine.sync("full").record
    assert engine.names() == {"a": "1", "d": "4"}
    assert (record.inserted, record.unchanged, record.deleted) == (1, 1, 2)


def test_a_full_sync_is_complete_only_with_all_its_pages(tmp_path: Path) -> None:
    """Rows of the last page are no less part of the set than those of the first (C10)."""
    first = {"result": items(a="1"), "continuation": 2}
    engine = synced(tmp_path, first, last_page({}, b="2"), a="1", b="2", c="3")
    engine.sync("full")
    assert engine.names() == {"a": "1", "b": "2"}


def test_an_incremental_sync_deletes_nothing_by_silence(tmp_path: Path) -> None:
    """Rows that an incremental sync did not return stay (contract C10)."""
    engine = synced(tmp_path, last_page({}, b="new", c="3"), a="1", b="2")
    record = engine.sync().record
    assert engine.names() == {"a": "1", "b": "new", "c": "3"}
    assert (record.inserted, record.updated, record.deleted) == (1, 1, 0)


def test_an_incremental_sync_of_no_rows_changes_none(tmp_path: Path) -> None:
    """An empty incremental sync is a good one: nothing has changed."""
    engine = synced(tmp_path, {"completion": {"incrementalContinuation": {"token": 2}}}, a="1")
    assert engine.sync().record.status == "succeeded"
    assert engine.names() == {"a": "1"}
    assert engine.position().cursor == {"token": 2}


@pytest.mark.parametrize("mode", ["incremental", "full"])
def test_an_absent_property_becomes_null(tmp_path: Path, mode: Any) -> None:
    """Each returned row is the whole row: what it leaves out is NULL (contract C11)."""
    engine = synced(tmp_path, {"result": [{"id": "a"}], "completion": {}}, a="old", b="2")
    engine.sync(mode)
    assert engine.names()["a"] is None


def test_rows_that_do_not_differ_are_not_touched(tmp_path: Path) -> None:
    """A row that came again as it was keeps `_changed_at` and `_run_id`."""
    engine = synced(tmp_path, last_page({}, a="1", b="new"), a="1", b="2")
    table = '"acme"."Items"'
    before = {row["id"]: row for row in engine.state()[table]}
    record = engine.sync().record
    after = {row["id"]: row for row in engine.state()[table]}
    assert after["a"] == before["a"]
    assert after["b"]["_run_id"] == record.execution_id
    assert (record.updated, record.unchanged) == (1, 1)


@pytest.mark.parametrize("key", ["deletedRowIds", "deletedItemIds", "deleted_row_ids"])
def test_deleted_ids_may_come_on_any_page(tmp_path: Path, key: str) -> None:
    """Deleted ids of the first page count as those of the last do (contract C9)."""
    pages = ({key: ["a"], "continuation": 2}, {**last_page({}, c="3"), key: ["b"]})
    engine = synced(tmp_path, *pages, a="1", b="2", d="4")
    record = engine.sync().record
    assert engine.names() == {"c": "3", "d": "4"}
    assert (record.inserted, record.deleted) == (1, 2)


def test_empty_deleted_row_ids_win(tmp_path: Path) -> None:
    """`deletedRowIds ?? deletedItemIds`: an empty list is not nullish (contract C9)."""
    page = {**last_page({}), "deletedRowIds": [], "deletedItemIds": ["a"]}
    engine = synced(tmp_path, page, a="1")
    engine.sync()
    assert engine.names() == {"a": "1"}


def test_deleting_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    """An id that the table never had is not there afterwards either (contract C9)."""
    engine = synced(tmp_path, {**last_page({}), "deletedRowIds": ["z"]}, a="1")
    assert engine.sync().record.deleted == 0
    assert engine.names() == {"a": "1"}


def test_on_one_page_deletes_come_first(tmp_path: Path) -> None:
    """An id that a page returns and deletes stays, with the returned row (contract D1)."""
    page = {**last_page({}, a="new"), "deletedRowIds": ["a", "b"]}
    engine = synced(tmp_path, page, a="1", b="2")
    engine.sync()
    assert engine.names() == {"a": "new"}


def test_a_later_page_deletes_what_an_earlier_one_returned(tmp_path: Path) -> None:
    """Across pages the order of arrival counts: returned, then deleted, is gone (D1)."""
    pages = (
        {"result": items(a="new", c="3"), "continuation": 2},
        {**last_page({}), "deletedRowIds": ["a"]},
    )
    engine = synced(tmp_path, *pages, a="1", b="2")
    engine.sync()
    assert engine.names() == {"b": "2", "c": "3"}


def test_a_later_page_returns_what_an_earlier_one_deleted(tmp_path: Path) -> None:
    """Across pages the order of arrival counts: deleted, then returned, is there (D1)."""
    pages = ({"deletedRowIds": ["a"], "continuation": 2}, last_page({}, a="again"))
    engine = synced(tmp_path, *pages, a="1", b="2")
    engine.sync()
    assert engine.names() == {"a": "again", "b": "2"}


def test_deleted_ids_in_a_full_sync_apply_to_what_it_staged(tmp_path: Path) -> None:
    """A full sync that returns a row and later deletes it does not bring it (contract D4)."""
    pages = (
        {"result": items(a="1", b="2", c="3"), "continuation": 2},
        {**last_page({}, d="4"), "deletedRowIds": ["a", "d"]},
    )
    engine = synced(tmp_path, *pages, a="1", b="2")
    engine.sync("full")
    assert engine.names() == {"b": "2", "c": "3", "d": "4"}


def test_of_rows_with_one_id_the_last_counts(tmp_path: Path) -> None:
    """The same id twice in a sync: the last wins, the count is reported (contract S5)."""
    pages = ({"result": items(a="first"), "continuation": 2}, last_page({}, a="second", b="2"))
    engine = Engine(folder=tmp_path, execute=Scripted(*pages))
    assert engine.sync().record.duplicates == 1
    assert engine.names() == {"a": "second", "b": "2"}


def test_each_sync_of_a_table_owns_its_rows(tmp_path: Path) -> None:
    """Two syncs may bring the same id; a full sync deletes only its own (C10, C18, D2)."""
    execute = Scripted(last_page({}, a="east", b="east"), last_page({}, a="west", c="west"))
    engine = Engine(folder=tmp_path, execute=execute, syncs=("east", "west"))
    engine.sync(name="east")
    assert engine.sync(name="west").result.row_count == 4
    assert engine.names("east") == {"a": "east", "b": "east"}
    assert engine.names("west") == {"a": "west", "c": "west"}
    execute.then(last_page({}, a="new"))
    assert engine.sync("full", name="west").record.deleted == 1
    assert engine.names("east") == {"a": "east", "b": "east"}
    assert engine.names("west") == {"a": "new"}


def test_a_sync_deletes_by_id_only_what_it_owns(tmp_path: Path) -> None:
    """A deleted id concerns the rows of the sync that names it (contract C18, D2)."""
    deleting = {**last_page({}), "deletedRowIds": ["a"]}
    execute = Scripted(last_page({}, a="east"), last_page({}, a="west"), deleting)
    engine = Engine(folder=tmp_path, execute=execute, syncs=("east", "west"))
    engine.sync(name="east")
    engine.sync(name="west")
    engine.sync(name="west")
    assert engine.names("east") == {"a": "east"}
    assert engine.names("west") == {}


def test_each_sync_of_a_table_has_its_own_cursor(tmp_path: Path) -> None:
    """A cursor belongs to one sync: the other's first one is full (contract C18)."""
    execute = Scripted(last_page("e1"), last_page("w1"), last_page("e2"), last_page("w2"))
    engine = Engine(folder=tmp_path, execute=execute, syncs=("east", "west"))
    modes = [engine.sync(name=name).record.mode for name in ("east", "west", "east", "west")]
    assert modes == ["full", "full", "incremental", "incremental"]
    previous = [context.previous_completion for context in execute.contexts[2:]]
    assert [p and p.incremental_continuation for p in previous] == ["e1", "w1"]
    assert engine.position("east").cursor == "e2"
    assert engine.position("west").cursor == "w2"
