"""Mistakes of a pack that nothing else shows: the run, the ledger and a check warn of them."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pack_sdk import Schema, make_object_schema
from pack_sync.commit.table_state import read_table_state
from pack_sync.dagster.checks import no_warnings
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import Engine, Scripted, items, last_page

UNGUARDED = SyncSettings(attempts=1, small_table_deleted_share=1)


def engine_of(folder: Path, *steps: Any, **more: Any) -> Engine:
    """An engine whose guard lets small tables lose rows."""
    return Engine(folder=folder, execute=Scripted(*steps), settings=UNGUARDED, **more)


def warnings_of(engine: Engine, mode: Any = "full") -> list[str]:
    """What a sync warns of: in its outcome, in the ledger and in the check alike."""
    outcome = engine.sync(mode)
    warnings = list(outcome.warnings)
    assert warnings == list(outcome.record.warnings or ())
    with engine.warehouse.read() as connection:
        state = read_table_state(connection, engine.key(), "id")
    check = no_warnings(dg.AssetKey("items"), state)
    assert (check.passed, check.description) == (not warnings, "; ".join(warnings) or None)
    return warnings


@pytest.mark.parametrize(("value", "shown"), [(0, "0"), ("", '""')])
def test_a_continuation_that_counts_as_none(tmp_path: Path, value: Any, shown: str) -> None:
    """0 may be an offset, and a token may be empty: the sync ends all the same (C3)."""
    page = {"result": items(a="1"), "continuation": value}
    (warning,) = warnings_of(engine_of(tmp_path, page))
    assert f"returned the continuation {shown}, which counts as none" in warning


@pytest.mark.parametrize("value", [None, False])
def test_a_continuation_that_is_absent(tmp_path: Path, value: Any) -> None:
    """What `hasMore && {…}` gives at the end is no mistake."""
    assert warnings_of(engine_of(tmp_path, {"result": items(a="1"), "continuation": value})) == []


def test_many_rows_of_one_id(tmp_path: Path) -> None:
    """The id property is a wrong one: 30 rows become 10."""
    rows = [{"id": f"project {n % 10}", "name": str(n)} for n in range(30)]
    (warning,) = warnings_of(engine_of(tmp_path, {"result": rows}))
    assert "20 of 30 rows have an id that came before" in warning
    assert "'project 0' (3 times)" in warning
    assert "Is 'id' the right id property?" in warning


def test_paging_by_a_key_brings_the_last_row_again(tmp_path: Path) -> None:
    """Together with rows that are really gone that is no mistake."""
    first = last_page("t1", a="1", b="1", c="1", d="1", e="1", f="1")
    again = [
        {"result": items(a="1", c="1"), "continuation": 1},
        {"result": items(c="1", e="1"), "continuation": 2},
        last_page("t2", e="1", f="1"),
    ]
    engine = engine_of(tmp_path, first, *again)
    engine.sync()
    assert warnings_of(engine) == []
    assert set(engine.names()) == set("acef")


def schema_of(**keys: str) -> Schema:
    """A schema with the id and these properties, by their `from_key`."""
    properties: dict[str, Any] = {"id": {"type": "string"}}
    properties |= {name: {"type": "string", "from_key": key} for name, key in keys.items()}
    return make_object_schema(properties=properties, id_property="id", display_property="id")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("creatd_at", "the rows have 'createdAt'"),
        ("created_at", "the rows have 'createdAt'"),
        ("start.datetime", "the rows have 'dateTime'"),
        ("start/dateTime", "'start' is a field of the rows, but `from_key` does not look into it"),
    ],
)
def test_a_field_that_no_row_has(tmp_path: Path, key: str, says: str) -> None:
    """A misspelt `from_key`, or a path: the column would be NULL for ever."""
    row = {"id": "a", "createdAt": "now", "start": {"dateTime": "then"}}
    (warning,) = warnings_of(engine_of(tmp_path, {"result": [row]}, schema=schema_of(made=key)))
    assert f"has the field {key!r}, so the property 'made' is NULL in all of them" in warning
    assert says in warning


def test_a_field_that_resembles_no_other(tmp_path: Path) -> None:
    """In a few rows it may be left out for being empty; in many that is worth a look."""
    few, many = ([{"id": str(n), "x": 1} for n in range(count)] for count in (19, 20))
    engine = engine_of(tmp_path, {"result": few}, {"result": many}, schema=schema_of(title="name"))
    assert warnings_of(engine) == []
    assert "is the field spelt so?" in warnings_of(engine)[0]


def test_fields_that_are_empty_or_there_in_some_rows(tmp_path: Path) -> None:
    """Null in all rows, or left out of most: the schema is right."""
    rows: list[dict[str, Any]] = [{"id": str(n), "closed": None} for n in range(50)]
    rows[49]["note"] = "only here"
    schema = schema_of(closed_at="closed", note="note")
    assert warnings_of(engine_of(tmp_path, {"result": rows}, schema=schema)) == []


def test_deleted_ids_that_match_nothing(tmp_path: Path) -> None:
    """Ids of another kind: nothing is ever deleted."""
    ids, cursor = ["item/a", "item/b"], {"incrementalContinuation": 2}
    deleting = {"result": [], "deletedRowIds": ids, "completion": cursor}
    engine = engine_of(tmp_path, last_page("t1", a="1", b="1", c="1"), deleting)
    engine.sync()
    (warning,) = warnings_of(engine, "incremental")
    assert "none of the 2 deleted ids is the id of a row" in warning


def test_deletions_that_come_again(tmp_path: Path) -> None:
    """A pack that looks back a little names rows that are gone already."""
    steps = [
        {"result": [], "deletedRowIds": ["a", "b"], "completion": {"incrementalContinuation": n}}
        for n in (2, 3)
    ]
    engine = engine_of(tmp_path, last_page("t1", a="1", b="1", c="1"), *steps)
    engine.sync()
    assert warnings_of(engine, "incremental") == []
    assert warnings_of(engine, "incremental") == []


@pytest.mark.parametrize(("row_id", "what"), [({"id": "a"}, "an object"), (["a"], "a list")])
def test_deleted_rows_instead_of_their_ids(tmp_path: Path, row_id: Any, what: str) -> None:
    """The sync fails, so that the deletion is asked for again: the cursor stays (C9)."""
    deleting = {
        "result": [],
        "deletedRowIds": [row_id],
        "completion": {"incrementalContinuation": 2},
    }
    engine = engine_of(tmp_path, last_page("t1", a="1", b="1"), deleting)
    engine.sync()
    with pytest.raises(SyncFailedError, match=rf"deletedRowIds\[0\] is {what}, .*the id alone"):
        engine.sync("incremental")
    assert engine.position().cursor == "t1"
