"""Deletions by the values of properties, in `deletedRowIds` (contract C9, D12)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sdk import Pack, make_object_schema
from pack_sdk.testing import MockFetcher, execute_sync_table
from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import read_held
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from tests.commit.sync_bench import a_page, stage_pages
from tests.engine.sync_harness import Engine, Scripted

MESSAGE = make_object_schema(
    properties={
        "id": {"type": "string"},
        "projectId": {"type": "string"},
        "number": {"type": "number", "precision": 0},
        "day": {"type": "string", "hint": "date"},
        "isOld": {"type": "boolean", "from_key": "is_old"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    id_property="id",
    display_property="id",
)


def message(row_id: Any, project: Any = None, number: Any = None, **more: Any) -> dict[str, Any]:
    """A row of `MESSAGE`."""
    return {"id": row_id, "projectId": project, "number": number, **more}


def page(*rows: Any, deleted: Sequence[Any] = (), more: bool = False) -> dict[str, Any]:
    """A page of a sync, the last one unless there are `more`."""
    following: dict[str, Any] = {"completion": {"incrementalContinuation": {"token": 1}}}
    if more:
        following = {"continuation": {"at": str(rows) + str(deleted)}}
    return {"result": list(rows), "deletedRowIds": list(deleted), **following}


def synced(folder: Path, first: Sequence[Any], *pages: Any, **options: Any) -> Engine:
    """An engine after a full sync that brought the `first` rows, and a sync of the pages."""
    options = {"schema": MESSAGE, **options}
    engine = Engine(folder=folder, execute=Scripted(page(*first), *pages), **options)
    engine.sync()
    return engine


def ids(engine: Engine) -> list[str]:
    """The ids of the rows that the table has."""
    return [row["id"] for row in engine.rows()]


ROWS = [message("a", "7", 1), message("b", "7", 2), message("c", "3", 1), message("d", None, 1)]


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        ([{"projectId": "7"}], "cd"),
        ([{"projectId": 7}], "cd"),
        ([{"number": 1}], "b"),
        ([{"number": "1.0"}], "b"),
        ([{"projectId": "7", "number": 1}], "bcd"),
        ([{"projectId": "7", "number": 3}], "abcd"),
        ([{"projectId": "3"}, {"projectId": "7", "number": 2}], "ad"),
        ([{"projectId": "7"}, "d", {"number": 1}], ""),
        ([{"projectId": "nowhere"}], "abcd"),
    ],
)
def test_all_rows_with_the_values_go(tmp_path: Path, deleted: Any, left: str) -> None:
    """All properties of an object must be equal; objects and ids may stand side by side."""
    engine = synced(tmp_path, ROWS, page(deleted=deleted))
    record = engine.sync().record
    assert ids(engine) == list(left)
    assert record.deleted == 4 - len(left)


@pytest.mark.parametrize(
    "properties", [{"day": "2024-01-02T05:00:00Z"}, {"isOld": True}, {"is_old": "true"}]
)
def test_values_are_read_as_those_of_rows(tmp_path: Path, properties: Any) -> None:
    """A date may be written in another way, and a property named by its field."""
    rows = [message("a", day="2024-01-02", is_old=True), message("b", day="2024-01-03", is_old=0)]
    engine = synced(tmp_path, rows, page(deleted=[properties]))
    engine.sync()
    assert ids(engine) == ["b"]


def test_numbers_that_grow_wider_are_compared_exactly(tmp_path: Path) -> None:
    """The column is of whole numbers first, then of others; large ones are not rounded."""
    rows = [message("a", None, 2**53), message("b", None, 2**53 + 1), message("c", None, 5)]
    pages = [
        page(message("d", None, 1.5), deleted=[{"number": 2**53}]),
        page(deleted=[{"number": str(2**53 + 1)}, {"number": 1.5}]),
    ]
    engine = synced(tmp_path, rows, *pages)
    engine.sync()
    assert ids(engine) == ["b", "c", "d"]
    engine.sync()
    assert ids(engine) == ["c"]


def test_the_order_of_pages_counts(tmp_path: Path) -> None:
    """Rows told before the deletion go, rows of the same page or a later one stay (D1)."""
    pages = [
        page(message("e", "7"), message("f", "3"), more=True),
        page(message("g", "7"), deleted=[{"projectId": "7"}], more=True),
        page(message("h", "7"), message("a", "7", 9)),
    ]
    engine = synced(tmp_path, ROWS, *pages)
    record = engine.sync().record
    assert ids(engine) == ["a", "c", "d", "f", "g", "h"]
    assert (record.inserted, record.updated, record.deleted) == (3, 1, 1)


def test_a_row_is_judged_by_its_newest_version(tmp_path: Path) -> None:
    """One that moved before the deletion stays, one that moved there goes."""
    pages = [
        page(message("a", "3"), message("c", "7"), more=True),
        page(deleted=[{"projectId": "7"}], more=True),
        page(message("b", "7", 5), more=True),
        page(message("b", "3", 6)),
    ]
    engine = synced(tmp_path, ROWS, *pages)
    engine.sync()
    assert {row["id"]: row["projectId"] for row in engine.rows()} == {
        "a": "3",
        "b": "3",
        "d": None,
    }


def test_in_a_full_sync_it_concerns_what_was_staged(tmp_path: Path) -> None:
    """As deleted ids do (D4)."""
    pages = [page(*ROWS, more=True), page(message("e", "7"), deleted=[{"projectId": "7"}])]
    engine = synced(tmp_path, [], *pages)
    engine.sync("full")
    assert ids(engine) == ["c", "d", "e"]


def test_a_sync_deletes_only_rows_of_its_own(tmp_path: Path) -> None:
    """Those of another sync with the same values stay (C18)."""
    execute = Scripted(page(*ROWS), page(*ROWS), page(deleted=[{"projectId": "7"}]))
    engine = Engine(folder=tmp_path, execute=execute, schema=MESSAGE, syncs=("east", "west"))
    for name in ("east", "west", "west"):
        engine.sync(name=name)
    assert ids(engine) == ["a", "b", "c", "c", "d", "d"]


def test_with_a_row_limit_nothing_is_deleted(tmp_path: Path) -> None:
    """As for deleted ids: a sync cut short is applied without deletes (D6)."""
    pages = [page(message("e", "3"), deleted=[{"projectId": "7"}], more=True)]
    engine = synced(tmp_path, ROWS, *pages)
    with engine.prepared() as sync:
        run_sync(replace(sync, row_limit=1), engine.warehouse, ModeRequest())
    assert ids(engine) == ["a", "b", "c", "d", "e"]


def test_a_rejected_row_with_the_values_is_forgotten(tmp_path: Path) -> None:
    """It is not to be replayed, whether it came in a sync before or in this one (S4)."""
    bad = [message("x", "7", "?"), message("y", "3", "?"), message(None, "7", 1)]
    now = [message("z", "7", "?"), message("w", "3", "?")]
    engine = synced(
        tmp_path,
        [*ROWS, *bad],
        page(*now, more=True),
        page(message("v", "7", "?"), deleted=[{"projectId": "7"}]),
    )
    assert len(rejected(engine)) == 3
    engine.sync()
    assert ids(engine) == ["c", "d"]
    assert rejected(engine) == ["v", "w", "y"]  # v came after the deletion


def rejected(engine: Engine) -> list[Any]:
    """The ids of the rejected rows that are kept."""
    with engine.warehouse.read() as connection:
        rows = connection.execute("SELECT row_id FROM _sync.rejected_rows ORDER BY 1").fetchall()
    return [row_id for (row_id,) in rows]


@pytest.mark.parametrize(
    ("deleted", "says"),
    [
        ({}, "an object without properties; say which the deleted rows have"),
        ({"projctId": "7"}, "'projctId' is no property of the table's schema: did you mean 'proj"),
        ({"projectId": None}, r"deletedRowIds\[0\].projectId is null; give the text, number or"),
        ({"projectId": ["7"]}, r"deletedRowIds\[0\].projectId is \['7'\]; give the text"),
        ({"tags": "x"}, "the property 'tags' is of the type 'array', and only texts, numbers"),
        ({"id": "a"}, "return the id alone"),
        ({"id": "a", "projectId": "7"}, "return the id alone"),
        ({"number": float("nan")}, r"deletedRowIds\[0\].number is nan"),
    ],
)
def test_what_cannot_say_which_rows(tmp_path: Path, deleted: Any, says: str) -> None:
    """It fails the sync, which says where and what to do, and deletes nothing."""
    engine = synced(tmp_path, ROWS, page(deleted=[deleted]))
    with pytest.raises(SyncFailedError, match=says) as failure:
        engine.sync()
    assert "acme.Items" in str(failure.value)
    assert ids(engine) == ["a", "b", "c", "d"]


def test_a_value_that_no_row_can_have_is_warned_of(tmp_path: Path) -> None:
    """As a deleted id that cannot be one; the others count."""
    deleted = [{"number": "one", "projectId": "7"}, {"number": 2}, {"day": "x"}]
    engine = synced(tmp_path, ROWS, page(deleted=deleted))
    warnings = engine.sync().record.warnings or ()
    assert ids(engine) == ["a", "c", "d"]
    assert [each for each in warnings if "deletedRowIds" in each] == [
        'deletedRowIds has 2 objects that mean no row, such as {"day":"x"}: '
        "'day' is not a string (date) that fits DATE. Nothing was deleted for them; "
        "return values as the rows have them"
    ]


def test_some_of_the_properties_of_an_id(tmp_path: Path) -> None:
    """Where an id is of several properties, some of them say which rows are deleted (S6)."""
    schema = make_object_schema(
        id_property=["team", "user"],
        display_property="user",
        properties={"team": {"type": "string"}, "user": {"type": "number"}},
    )
    rows = [{"team": team, "user": user} for team in "ab" for user in (1, 2)]
    deleted = [{"team": "a"}, {"user": 2, "team": "b"}]
    engine = synced(tmp_path, rows, page(deleted=deleted), schema=schema)
    engine.sync()
    assert [(row["team"], row["user"]) for row in engine.rows()] == [("b", 1)]


@pytest.mark.parametrize("deleted", [["a"], [{"projectId": "7"}]])
def test_only_such_deletions_have_a_table_in_the_stage(tmp_path: Path, deleted: Any) -> None:
    """A sync without them makes nothing for them."""
    stage_pages(tmp_path, MESSAGE, a_page(*ROWS, deleted=deleted))
    with duckdb.connect(tmp_path / "stage.duckdb", read_only=True) as connection:
        found = connection.sql("SELECT table_name FROM duckdb_tables()").fetchall()
    assert (("deleted_where",) in found) is (deleted != ["a"])


def test_a_held_sync_keeps_them_until_it_is_approved(tmp_path: Path) -> None:
    """They are found anew then: a full sync that was resumed deletes what it says alone (D8)."""
    settings = SyncSettings(
        attempts=1,
        max_deleted_rows=1,
        max_deleted_share=0.2,
        small_table_deleted_share=1,
    )
    pages = [page(ROWS[2], more=True), OSError("the connection was lost")]
    last = page(message("e"), deleted=[{"projectId": "7"}])
    engine = synced(tmp_path, ROWS, *pages, last, page(message("f", "7")), settings=settings)
    with pytest.raises(SyncFailedError, match="the connection was lost"):
        engine.sync("full")
    with pytest.raises(SyncFailedError, match="would delete 2 of 4 rows"):
        engine.sync("full")
    engine.sync("incremental")
    with engine.warehouse.read() as connection:
        (held,) = read_held(connection)
    approval = approve_held(engine.warehouse, held)
    assert (approval.behind, approval.record.deleted) == (True, 2)
    assert ids(engine) == ["c", "d", "f"]


def test_tests_of_packs_know_them_too() -> None:
    """`applied_to` deletes what the engine would."""
    pack = Pack()
    pages = Scripted(
        page(*ROWS, message("e", 7), message("f", "7")), page(deleted=[{"projectId": 7}, "c"])
    )
    pack.add_sync_table(name="Items", identity_name="Item", schema=MESSAGE, execute=pages)
    full = execute_sync_table(pack, "Items", fetcher=MockFetcher())
    changed = execute_sync_table(
        pack, "Items", fetcher=MockFetcher(), previous_completion=full.completion
    )
    assert changed.deleted_row_ids == [{"projectId": 7}, "c"]
    assert set(changed.applied_to(full.applied_to())) == {"d"}
