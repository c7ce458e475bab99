"""A property called `rowId`, as packs of spreadsheets have: it hides DuckDB's rowid (S3)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.commit.approval import approve_held
from pack_sync.commit.held_syncs import read_held
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import Engine, Scripted


def page(cursor: str, rows: dict[str, int], *deleted: str) -> dict[str, Any]:
    """A page of rows, written as id: number."""
    return {
        "result": [{"id": row_id, "rowId": number} for row_id, number in rows.items()],
        "deletedRowIds": list(deleted),
        "completion": {"incrementalContinuation": cursor},
    }


@pytest.mark.parametrize("id_property", ["id", "rowId"])
def test_it_is_a_column_like_any_other(id_property: str, tmp_path: Path) -> None:
    """Inserted, updated, deleted by id and by absence, held and approved (C9, C10, D8)."""
    schema = make_object_schema(
        properties={"id": {"type": "string"}, "rowId": {"type": "number", "precision": 0}},
        id_property=id_property,
        display_property="id",
    )
    gone: Any = "b" if id_property == "id" else 2
    engine = Engine(
        folder=tmp_path,
        schema=schema,
        settings=SyncSettings(attempts=1, max_deleted_share=0.5, max_deleted_rows=1),
        execute=Scripted(
            page("t1", {"a": 1, "b": 2, "c": 3, "d": 4}),
            page("t2", {"e": 5}, gone),
            page("t3", {"a": 1, "c": 3, "d": 4}),
            page("t4", {"a": 1}),
        ),
    )

    def ids() -> str:
        return "".join(sorted(row["id"] for row in engine.rows()))

    engine.sync()
    engine.sync()
    assert ids() == "acde"
    record = engine.sync("full").record
    assert (record.deleted, record.unchanged, ids()) == (1, 3, "acd")
    with pytest.raises(SyncFailedError, match="2 of 3 rows"):
        engine.sync("full")
    with engine.warehouse.read() as connection:
        (held,) = read_held(connection)
    assert sorted(row["rowId"] for row in held.sample) == [3, 4]
    approve_held(engine.warehouse, held)
    assert ids() == "a"
