"""A backup is a whole, sound copy, taken while others use the warehouse."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pack_sync.warehouse.backup import BackupRefusedError, back_up
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.storage_errors import DamagedDatabaseError
from pack_sync.warehouse.warehouse import Warehouse
from tests.warehouse.test_duckdb_file import held_by_another_process, release

COMMIT_AND_DIE = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("INSERT INTO acme.Tasks SELECT range, 'late' FROM range(50)")
os._exit(0)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse with a table whose names need quotes, a view, and many rows."""
    warehouse = Warehouse.at(tmp_path / "ware house.duckdb", lock_wait_seconds=30)
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA acme; CREATE SCHEMA _sync")
        connection.execute(
            "CREATE TABLE acme.Tasks AS SELECT range AS id, 'x' AS _row FROM range(9)"
        )
        connection.execute("CREATE TABLE _sync.cursors AS SELECT uuid() AS c FROM range(99999)")
        connection.execute('CREATE TABLE acme."a ""b" (id INTEGER)')
        connection.execute("CREATE VIEW acme.mine AS FROM acme.Tasks")
    return warehouse


def contents(path: Path) -> list[object]:
    """Everything that a warehouse holds."""
    with duckdb.connect(path, read_only=True) as connection:
        return [
            connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for name in ("acme.Tasks", "acme.mine", "_sync.cursors", 'acme."a ""b"')
        ]


def test_all_of_it_is_copied(warehouse: Warehouse, tmp_path: Path) -> None:
    """Tables, views, our own schema; the copy has the same rights, and its counts are told."""
    warehouse.path.chmod(0o640)
    made = back_up(warehouse, tmp_path / "deep" / "backup.duckdb")
    assert (made.tables, made.rows) == (3, 100_008)
    assert made.size == made.path.stat().st_size
    assert made.path.stat().st_mode & 0o777 == 0o640
    assert contents(made.path) == contents(warehouse.path)
    assert [file.name for file in made.path.parent.iterdir()] == ["backup.duckdb"]


def test_what_a_dead_process_had_committed_is_in_it(warehouse: Warehouse, tmp_path: Path) -> None:
    """A commit may be in the .wal only, which becomes a part of the one file."""
    subprocess.run([sys.executable, "-c", COMMIT_AND_DIE, str(warehouse.path)], check=True)  # noqa: S603
    assert Path(f"{warehouse.path}.wal").exists()
    made = back_up(warehouse, tmp_path / "backup" / "b.duckdb")
    assert [file.name for file in made.path.parent.iterdir()] == ["b.duckdb"]
    assert contents(made.path) == contents(warehouse.path)
    assert made.rows == 100_058


def test_it_waits_for_whoever_has_the_file(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup never sees half of a commit: the writer is waited for."""
    attach = Instance.attach
    with held_by_another_process(warehouse.path) as process:

        def watched(self: Instance, path: Path, database: str, *options: str) -> None:
            try:
                attach(self, path, database, *options)
            except duckdb.IOException:
                release(process)
                raise

        monkeypatch.setattr(Instance, "attach", watched)
        made = back_up(warehouse, tmp_path / "b.duckdb")
    assert made.tables == 4  # with the one that the other process made before it let go


def test_a_damaged_warehouse_gives_no_backup(warehouse: Warehouse, tmp_path: Path) -> None:
    """A flipped bit is noticed now and not when the backup is needed."""
    whole = bytearray(warehouse.path.read_bytes())
    for place in range(3 * 4096 + 1000, len(whole), 262_144):
        whole[place] ^= 1
    warehouse.path.write_bytes(whole)
    with pytest.raises(DamagedDatabaseError):
        back_up(warehouse, tmp_path / "backup" / "b.duckdb")
    assert list((tmp_path / "backup").iterdir()) == []


def test_a_damaged_block_that_nobody_reads(warehouse: Warehouse, tmp_path: Path) -> None:
    """One bit of the data alone, where opening the file finds nothing wrong."""
    whole = bytearray(warehouse.path.read_bytes())
    damaged = 0
    for place in range(3 * 4096 + 1000, len(whole), 262_144):
        trial = bytearray(whole)
        trial[place] ^= 1
        warehouse.path.write_bytes(trial)
        try:
            with duckdb.connect(warehouse.path, read_only=True) as connection:
                connection.execute("FROM acme.Tasks").fetchall()
        except duckdb.Error:
            continue
        damaged += 1
        with pytest.raises(DamagedDatabaseError, match="is no backup; keep the backups"):
            back_up(warehouse, tmp_path / "b.duckdb")
    assert damaged


def test_no_backup_is_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    """Nor is one made of nothing."""
    target = tmp_path / "b.duckdb"
    target.write_text("precious")
    with pytest.raises(BackupRefusedError, match="exists already"):
        back_up(warehouse, target)
    assert target.read_text() == "precious"
    with pytest.raises(BackupRefusedError, match="there is no warehouse at"):
        back_up(Warehouse.at(tmp_path / "none.duckdb"), tmp_path / "c.duckdb")
