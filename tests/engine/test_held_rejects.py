"""Held full syncs that rejected rows: the reasons are told, and those rows are spared (D8, S4)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import discard_held, read_held
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import Engine, Scripted

LETTERS = "abcdefghijklmnopqrst"


COUNTED = make_object_schema(
    properties={"id": {"type": "string"}, "count": {"type": "number"}},
    id_property="id",
    display_property="id",
)


def page(**counts: Any) -> dict[str, Any]:
    """The only page of a sync, with these counts by id."""
    rows = [{"id": each, "count": count} for each, count in counts.items()]
    return {"result": rows, "completion": {"incrementalContinuation": "t"}}


def ids(engine: Engine) -> set[str]:
    """The ids that the table has."""
    return {row["id"] for row in engine.rows()}


def held_with_rejects(folder: Path, *more: Any) -> tuple[Engine, str]:
    """Of 20 rows one comes, four are rejected and 15 are missing; and the message."""
    bad = dict.fromkeys("bcde", "many")
    execute = Scripted(page(**dict.fromkeys(LETTERS, 1)), page(a=1, **bad), *more)
    engine = Engine(folder=folder, execute=execute, schema=COUNTED)
    engine.sync()
    with pytest.raises(SyncFailedError) as failed:
        engine.sync("full")
    return engine, str(failed.value)


def rejected(engine: Engine) -> list[str]:
    """The ids of the rejected rows that are kept."""
    with engine.warehouse.read() as connection:
        rows = connection.execute("SELECT row_id FROM _sync.rejected_rows ORDER BY 1").fetchall()
    return [row for (row,) in rows]


def test_the_message_says_what_was_rejected_and_why(tmp_path: Path) -> None:
    """A fault of the schema looks like rows that are gone."""
    engine, message = held_with_rejects(tmp_path)
    assert "would delete 15 of 20 rows; it brought 1" in message
    assert "4 rows were rejected" in message
    assert "count" in message
    assert rejected(engine) == list("bcde"), "they can be looked at while it is held"


def test_approval_spares_the_rejected_rows(tmp_path: Path) -> None:
    """Their earlier versions stay (S4), and they are kept once."""
    engine, _ = held_with_rejects(tmp_path)
    with engine.warehouse.read() as connection:
        (held,) = read_held(connection)
    approve_held(engine.warehouse, held)
    assert ids(engine) == set("abcde")
    assert rejected(engine) == list("bcde")


def test_the_next_full_sync_forgets_them(tmp_path: Path) -> None:
    """As those of any sync that was not applied."""
    engine, _ = held_with_rejects(tmp_path, page(**dict.fromkeys(LETTERS, 2)))
    with engine.warehouse.read() as connection:
        (held,) = read_held(connection)
    discard_held(engine.warehouse, held)
    engine.sync()
    assert rejected(engine) == []
    assert {row["count"] for row in engine.rows()} == {2}
