"""A bench for copies of warehouses: what to copy from and to, and all that a warehouse holds."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sync.commit.copied_rows import TableForm, read_form
from pack_sync.commit.copy_plan import plan_copy
from pack_sync.commit.warehouse_copy import CopiedTable, copy_table
from pack_sync.ledger.ledger_copy import COPIED
from pack_sync.ledger.ledger_tables import CURSORS
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import SyncBench, a_page
from tests.warehouses import postgres_database

_LAKES = importlib.util.find_spec("duckdb_extension_ducklake") is not None

KINDS = ["file", *(["duckdb", "sqlite", "postgres"] if _LAKES else [])]
"""The kinds of warehouse that can be tested here."""

a_lake = pytest.mark.skipif(not _LAKES, reason="`make test-lake` has DuckDB's extensions")

TASKS = SyncKey(pack="acme", table="Tasks")
PEOPLE = SyncKey(pack="acme", table="People")


def warehouse_of(kind: str, folder: Path, name: str, **options: Any) -> Warehouse:
    """The warehouse of that name in a folder, of this kind."""
    if kind == "file":
        return Warehouse.at(folder / f"{name}.duckdb", **options)
    catalogue = {
        "duckdb": str(folder / f"{name}.ducklake"),
        "sqlite": f"sqlite:{folder / name}.sqlite",
        "postgres": f"postgres:{postgres_database(folder / name)}" if kind == "postgres" else "",
    }
    files = str(folder / f"{name}.files")
    return Warehouse.at(f"ducklake:{catalogue[kind]}", data_path=files, **options)


def synced(folder: Path) -> SyncBench:
    """A bench of which two tables are synced."""
    bench = SyncBench(folder=folder)
    bench.full(a_page({"id": "a", "name": "Ann", "size": 1}, {"id": "b"}), cursor={"at": 1})
    bench.full(a_page({"id": "p"}, {"id": "q", "size": "x"}), key=PEOPLE, cursor={"at": 5})
    return bench


def copy(source: Warehouse, target: Warehouse) -> list[CopiedTable]:
    """Copy what is due."""
    plan = plan_copy(source, target)
    return [copy_table(plan, table) for table in plan.due]


def contents(warehouse: Warehouse) -> dict[str, Any]:
    """All that a copy has to bring: columns, comments, rows, the ledger's lines in their order.

    Values as text, where 0.0 and -0.0, a month and 30 days are different.
    """
    held: dict[str, Any] = {}
    with warehouse.read() as connection:
        for table in COPIED:
            order = "pack, table_name, sync" if table == CURSORS else "pack, table_name, rowid"
            rows = f"SELECT CAST(t AS VARCHAR) FROM (FROM {table} ORDER BY {order}) AS t"
            held[table] = connection.execute(rows).fetchall()
        names = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE database_name = current_database() AND schema_name <> '_sync'"
        ).fetchall()
        for pack, table in names:
            form = read_form(connection, warehouse.database.name, SyncKey(pack=pack, table=table))
            assert form is not None
            held[f"{pack}.{table}"] = form, _rows(connection, form, warehouse.database.name)
    return held


def _rows(connection: duckdb.DuckDBPyConnection, form: TableForm, database: str) -> list[Any]:
    values = f"SELECT CAST(t AS VARCHAR) FROM {form.within(database)} AS t ORDER BY ALL"
    return connection.execute(values).fetchall()


def writing(warehouse: Warehouse, *statements: str) -> None:
    """Execute statements in a warehouse."""
    with warehouse.write() as connection:
        for statement in statements:
            connection.execute(statement)


def another(bench: SyncBench, folder: Path) -> SyncBench:
    """The same bench, whose syncs go on in another folder's warehouse."""
    return replace(bench, folder=folder)
