"""Copies of warehouses: exact, verified, resumable, and never over what somebody else synced."""

import shutil
from pathlib import Path

import pytest

from pack_sync.commit.copy_plan import CopyRefusedError, plan_copy
from pack_sync.commit.warehouse_copy import CopyFailedError, copy_table
from pack_sync.ledger.ledger_copy import COPIED, LEFT
from pack_sync.ledger.ledger_tables import CURSORS, POSITIONS
from pack_sync.ledger.position_lines import put_lines
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.serving import serve_file
from pack_sync.warehouse.storage_errors import StorageError
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.copy_bench import (
    KINDS,
    TASKS,
    a_lake,
    contents,
    copy,
    synced,
    warehouse_of,
    writing,
)
from tests.commit.sync_bench import SyncBench, a_page
from tests.warehouses import KIND

TYPES = {
    "yes": ("BOOLEAN", "true"),
    "number": ("DOUBLE", "-0.0"),
    "nan": ("DOUBLE", "'nan'"),
    "whole": ("BIGINT", "9007199254740993"),
    "scale": ("INTEGER", "-5"),
    "price": ("DECIMAL(38,9)", "12345678901234567890123456789.123456789"),
    "day": ("DATE", "'infinity'"),
    "clock": ("TIME", "'24:00:00'"),
    "at": ("TIMESTAMP WITH TIME ZONE", "'0001-01-01 00:00:00.000001+00'"),
    "json": ("JSON", """'{"b":  1, "a": null}'"""),
    "empty": ("VARCHAR", "''"),
    "odd": ("VARCHAR", "'a' || chr(0) || '\n😀'"),
    "none": ("VARCHAR[]", "[]"),
    "list": ("JSON[]", """['{"x":1}', NULL]"""),
    "lists": ("BIGINT[][]", "[[], NULL, [1, NULL]]"),
    "struct": ('STRUCT("a b" VARCHAR, deep STRUCT(j JSON, n DECIMAL(38,9)[]))',
               "{'a b': NULL, 'deep': {'j': '1', 'n': [1.5]}}"),
    "structs": ("STRUCT(n DOUBLE)[]", "[{'n': -0.0}, NULL, {'n': NULL}]"),
    "id2": ("UUID", "'00000000-0000-0000-0000-00000000000f'"),
    "bytes": ("BLOB", "'\\x00\\xff'"),
    "row_id": ("VARCHAR", "'x'"),
    'a "column"; --': ("VARCHAR", "'y'"),
}  # fmt: skip
"""What a column may be, and a value that is easily got wrong."""


def with_every_type(bench: SyncBench, key: SyncKey) -> None:
    """Give a table a column of each type, with a comment, and a row of values beside NULLs."""
    names = {name: '"' + name.replace('"', '""') + '"' for name in TYPES}
    table = f'{bench.warehouse.database.name}."{key.pack}"."{key.table}"'
    columns = [f"ADD COLUMN {names[n]} {sql_type}" for n, (sql_type, _) in TYPES.items()]
    changes = ", ".join(f"{names[n]} = {value}" for n, (_, value) in TYPES.items())
    writing(
        bench.warehouse,
        *(f"ALTER TABLE {table} {column}" for column in columns),
        *(f"COMMENT ON COLUMN {table}.{names[name]} IS 'It''s {name}'" for name in ("at", "json")),
        f"COMMENT ON TABLE {table} IS 'All of it'",
    )
    writing(bench.warehouse, f"UPDATE {table} SET {changes} WHERE id = 'a'")


def lines_everywhere(bench: SyncBench, key: SyncKey) -> None:
    """Put two lines for a table into each table of the ledger, as different as may be."""
    values = {
        "JSON": """'{"x": [1.50]}'""",
        "VARCHAR": "'it''s'",
        "BIGINT": "7",
        "INTEGER": "8",
        "DOUBLE": "-0.0",
        "TIMESTAMP WITH TIME ZONE": "'2026-01-02 03:04:05.678901+00'",
    }
    with bench.warehouse.write() as connection:
        for table in COPIED:
            described = connection.execute(f"DESCRIBE {table}").fetchall()
            for sparse in (False, True):
                of_line = {"pack": key.pack, "table_name": key.table, "sync": f"sparse {sparse}"}
                line = {
                    name: f"'{of_line[name]}'"
                    if name in of_line
                    else "NULL"
                    if sparse and null == "YES" and name not in ("execution_id", "updated_at")
                    else values[sql_type]
                    for name, sql_type, null, *_ in described
                }
                if table == CURSORS:
                    del line["pack"], line["table_name"]
                    put_lines(connection, key, line, {}, replaced=[])
                else:
                    connection.execute(f"INSERT INTO {table} VALUES ({', '.join(line.values())})")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_exact_there_and_back(kind: str, tmp_path: Path) -> None:
    """Types, comments, order of columns, NULLs, names, empty tables, all of the ledger."""
    bench = synced(tmp_path)
    odd = SyncKey(pack="a b.c", table='select"')
    bench.full(a_page({"id": "a"}, {"id": "b"}), key=TASKS, cursor=2)
    bench.full(
        a_page({"id": "a", "name": "another sync's"}),
        key=SyncKey(pack="acme", table="Tasks", sync="second"),
    )
    bench.full(a_page(), key=SyncKey(pack="acme", table="Empty"))
    bench.full(a_page({"id": "1"}), key=odd)
    with_every_type(bench, TASKS)
    lines_everywhere(bench, TASKS)
    lines_everywhere(bench, SyncKey(pack="acme", table="Never filled"))
    before = contents(bench.warehouse)
    there, back = warehouse_of(kind, tmp_path, "there"), warehouse_of("file", tmp_path, "back")
    copied = {c.key.table: c.rows for c in copy(bench.warehouse, there)}
    assert copied == {"Tasks": 3, "People": 1, "Empty": 0, odd.table: 1, "Never filled": None}
    assert contents(there) == before
    assert copy(there, back)
    assert contents(back) == before
    assert contents(bench.warehouse) == before
    assert not plan_copy(bench.warehouse, there).due


def test_every_table_of_the_ledger_is_thought_of(tmp_path: Path) -> None:
    """One that is new is either copied or about the warehouse itself."""
    tables = synced(tmp_path).query(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = '_sync' AND table_catalog = current_database()"
    )
    only_in_a_lake = {POSITIONS} if KIND in ("file", "served") else set[str]()
    assert {f"_sync.{table}" for (table,) in tables} == {*COPIED, *LEFT} - only_in_a_lake


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_copy_brings_what_changed(kind: str, tmp_path: Path) -> None:
    """Of two tables the one that was synced since; the copy is then that of now."""
    bench, target = synced(tmp_path), warehouse_of(kind, tmp_path, "there")
    copy(bench.warehouse, target)
    bench.incremental(a_page({"id": "c"}, deleted=["a"]), cursor={"at": 2})
    assert [copied.key for copied in copy(bench.warehouse, target)] == [TASKS]
    assert contents(target) == contents(bench.warehouse)
    assert copy(bench.warehouse, target) == []


def test_a_copy_goes_on(tmp_path: Path) -> None:
    """Tables that are there are left alone, also by a plan that was made before they were."""
    bench, target = synced(tmp_path), warehouse_of("file", tmp_path, "there")
    plan = plan_copy(bench.warehouse, target)
    copy_table(plan, plan.due[0])
    assert [table.key for table in plan_copy(bench.warehouse, target).due] == [plan.due[1].key]
    with pytest.raises(CopyRefusedError, match=r"was changed in .* by another copy"):
        copy_table(plan, plan.due[0])


def test_rows_that_were_removed_by_hand_come_again(tmp_path: Path) -> None:
    """A copy whose number of rows is another is no copy any more."""
    bench, target = synced(tmp_path), warehouse_of("file", tmp_path, "there")
    copy(bench.warehouse, target)
    writing(target, "DELETE FROM acme.Tasks")
    copy(bench.warehouse, target)
    assert contents(target) == contents(bench.warehouse)


def refused(source: Warehouse, target: Warehouse) -> str:
    """Why the target does not take a copy; it stays as it was."""
    before = contents(target) if target.exists() else None
    with pytest.raises(StorageError) as refusal:
        copy(source, target)
    assert before == (contents(target) if target.exists() else None)
    return str(refusal.value)


def test_nothing_of_somebody_else_is_overwritten(tmp_path: Path) -> None:
    """Syncs of the target's own, a copy of another warehouse, a table that no sync made."""
    bench = synced(tmp_path)
    own = synced(tmp_path / "own")
    assert "its table acme.People was synced there" in refused(bench.warehouse, own.warehouse)
    copied = warehouse_of("file", tmp_path, "copied")
    copy(own.warehouse, copied)
    why = refused(bench.warehouse, copied)
    assert f"acme.People was copied from {own.warehouse.database}" in why
    users = warehouse_of("file", tmp_path, "users")
    writing(users, "CREATE SCHEMA acme; CREATE TABLE acme.tasks AS SELECT 1 AS mine")
    with pytest.raises(CopyRefusedError, match=r"has a table acme\.Tasks that no copy made"):
        plan_copy(bench.warehouse, users)


def test_a_copy_that_was_synced_is_not_overwritten(tmp_path: Path) -> None:
    """The project has been switched to it; the old warehouse is behind, or has other rows."""
    bench = synced(tmp_path / "a")
    (tmp_path / "b").mkdir()
    there = SyncBench(folder=tmp_path / "b")
    copy(bench.warehouse, there.warehouse)
    there.incremental(a_page({"id": "new"}), cursor=3)
    assert "acme.Tasks was synced" in refused(bench.warehouse, there.warehouse)


def test_what_cannot_be_copied(tmp_path: Path) -> None:
    """A warehouse to itself, to a copy of its files, and one that is not there or never synced."""
    bench = synced(tmp_path)
    assert "to itself" in refused(bench.warehouse, bench.warehouse)
    nothing = warehouse_of("file", tmp_path, "nothing")
    assert "does not exist" in refused(nothing, warehouse_of("file", tmp_path, "there"))
    assert not nothing.exists()
    own = warehouse_of("file", tmp_path, "own")
    copy(bench.warehouse, own)
    same = warehouse_of("file", tmp_path, "same")
    shutil.copy(own.path, same.path)
    assert "have one ledger" in refused(own, same)


def test_a_file_that_is_served_is_not_copied(tmp_path: Path) -> None:
    """The server alone has it open."""
    bench = synced(tmp_path)
    there = warehouse_of("file", tmp_path, "there")
    copy(bench.warehouse, there)
    with serve_file(there.path, None, stages=tmp_path / "stages", wait_seconds=60):
        assert "is open in `packsync serve`" in refused(there, warehouse_of("file", tmp_path, "b"))
        assert "is open in `packsync serve`" in refused(bench.warehouse, there)


def test_what_no_sync_made_is_told_of(tmp_path: Path) -> None:
    """Views, and tables in whichever schema."""
    bench = synced(tmp_path)
    name = bench.warehouse.database.name
    writing(
        bench.warehouse,
        f"CREATE VIEW {name}.acme.mine AS SELECT 1 AS one",
        f"CREATE SCHEMA {name}.reports",
        f"CREATE TABLE {name}.reports.weekly (a INTEGER)",
    )
    plan = plan_copy(bench.warehouse, warehouse_of("file", tmp_path, "there"))
    assert plan.left_out == ["table reports.weekly", "view acme.mine"]


@a_lake
@pytest.mark.parametrize("value", ["1.000001 seconds", "-1 days"])
def test_what_a_lake_cannot_hold_is_not_copied(value: str, tmp_path: Path) -> None:
    """The table and the column are named; other tables can be copied all the same."""
    source, target = (warehouse_of(kind, tmp_path, kind) for kind in ("file", "sqlite"))
    copy(synced(tmp_path).warehouse, source)
    writing(
        source,
        "ALTER TABLE acme.Tasks ADD COLUMN took INTERVAL",
        f"UPDATE acme.Tasks SET took = INTERVAL '{value}'",
    )
    plan = plan_copy(source, target)
    people, tasks = plan.due
    with pytest.raises(CopyFailedError, match=r"acme\.Tasks.*(took \(INTERVAL\)|negative)"):
        copy_table(plan, tasks)
    assert copy_table(plan, people).rows == 1
    assert "acme.Tasks" not in contents(target)
