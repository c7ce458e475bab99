"""The pack's descriptions as DuckDB's comments on the table and its columns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sdk import make_object_schema
from pack_sdk.schemas import Schema
from pack_sync.commit.target_table import TargetTable
from tests.engine.sync_harness import PACK, Engine, Scripted, last_page


def schema(about: str = "", name_type: str = "string", **described: str) -> Schema:
    """A schema like `ITEM`, with descriptions."""
    properties: dict[str, Any] = {"id": {"type": "string"}, "name": {"type": name_type}}
    for column, text in described.items():
        properties.setdefault(column, {"type": "string"})["description"] = text
    return make_object_schema(
        properties=properties, id_property="id", display_property="name", description=about
    )


def engine_of(folder: Path, syncs: int, first: Schema) -> Engine:
    """A table that is synced so often, each time with a row."""
    pages = [last_page({"at": n}, **{f"r{n}": "1"}) for n in range(syncs)]
    return Engine(folder=folder, execute=Scripted(*pages), schema=first)


def comments(engine: Engine) -> dict[str, str]:
    """The comments that there are; that of the table by an empty name."""
    with engine.warehouse.read() as connection:
        found = connection.execute(
            """
            SELECT column_name, comment FROM duckdb_columns()
            WHERE schema_name = ? AND table_name = ? AND comment IS NOT NULL
            UNION ALL
            SELECT '', comment FROM duckdb_tables()
            WHERE schema_name = ? AND table_name = ? AND comment IS NOT NULL
            """,
            [PACK, engine.table] * 2,
        ).fetchall()
    return dict(found)


def execute(engine: Engine, statement: str) -> None:
    """What somebody does to the warehouse by hand."""
    with engine.warehouse.write() as connection:
        connection.execute(statement)


def test_descriptions_are_comments(tmp_path: Path) -> None:
    """With the first sync; quotes and semicolons are text."""
    odd = 'It\'s; -- "what"\nit is called: ?, $1, größer'
    engine = engine_of(tmp_path, 1, schema("The items' table; all of them.", name=odd))
    engine.sync()
    assert comments(engine) == {"": "The items' table; all of them.", "name": odd}


def test_they_follow_the_pack_in_an_incremental_sync(tmp_path: Path) -> None:
    """Changed ones, new ones and ones that are gone; words alone do not force a full sync."""
    engine = engine_of(tmp_path, 3, schema("Items.", id="Its id.", name="Its name."))
    engine.sync()
    engine.schema = schema("All items.", name="Its name.")
    assert engine.sync().record.mode == "incremental"
    assert comments(engine) == {"": "All items.", "name": "Its name."}
    engine.schema = schema("", name="What it is called.", id="Its id.")
    engine.sync()
    assert comments(engine) == {"id": "Its id.", "name": "What it is called."}


def test_columns_that_are_made_anew_have_them_again(tmp_path: Path) -> None:
    """A type that there is no cast to, a new column, one that is dropped."""
    engine = engine_of(tmp_path, 3, schema("Items.", name="Its name.", note="A note."))
    engine.sync()
    spans = schema("Items.", name_type="boolean", name="Its name.", more="More.")
    engine.schema = spans
    engine.sync()
    assert comments(engine) == {"": "Items.", "name": "Its name.", "more": "More."}


def test_a_table_that_was_dropped_has_them_again(tmp_path: Path) -> None:
    """Once rows are back in it."""
    engine = engine_of(tmp_path, 2, schema("Items.", name="Its name."))
    engine.sync()
    execute(engine, "DROP TABLE acme.Items")
    engine.sync("full")
    assert comments(engine) == {"": "Items.", "name": "Its name."}


def test_a_comment_of_somebody_else_stays(tmp_path: Path) -> None:
    """Where the pack says nothing, and also where its words have not changed."""
    engine = engine_of(tmp_path, 3, schema(name="Its name."))
    engine.sync()
    execute(engine, "COMMENT ON COLUMN acme.Items.id IS 'ours'")
    execute(engine, "COMMENT ON COLUMN acme.Items.name IS 'ours too'")
    engine.sync()
    assert comments(engine) == {"id": "ours", "name": "ours too"}
    engine.schema = schema("Items.", name="Its name.")
    engine.sync()
    assert comments(engine) == {"": "Items.", "id": "ours", "name": "ours too"}


def test_two_tables_do_not_mix(tmp_path: Path) -> None:
    """Each has its own."""
    first = engine_of(tmp_path, 2, schema("Items.", name="Its name."))
    second = replace(engine_of(tmp_path, 2, schema("Others.")), table="Others")
    for _ in range(2):
        first.sync()
        second.sync()
    assert comments(first) == {"": "Items.", "name": "Its name."}
    assert comments(second) == {"": "Others."}


def test_a_sync_that_is_not_applied_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the one transaction."""
    engine = engine_of(tmp_path, 2, schema("Items.", name="Its name."))
    engine.sync()
    engine.schema = schema("All items.", name="Another name.")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pack_sync.commit.commit.record_run", fail)
    with pytest.raises(KeyboardInterrupt):
        engine.sync()
    assert comments(engine) == {"": "Items.", "name": "Its name."}


def test_where_nothing_has_changed_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither comments nor the ledger's line of them."""
    engine = engine_of(tmp_path, 3, schema("Items.", name="Its name."))
    engine.sync()

    def never(*_: object) -> str:
        raise AssertionError("wrote a comment")

    def forget(_connection: duckdb.DuckDBPyConnection, _table: TargetTable) -> None:
        raise AssertionError("wrote descriptions")

    monkeypatch.setattr("pack_sync.commit.table_descriptions._comment", never)
    monkeypatch.setattr("pack_sync.commit.table_descriptions.forget_descriptions", forget)
    assert engine.sync().record.mode == "incremental"
    assert engine.sync("full").record.mode == "full"
