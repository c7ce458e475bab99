"""The database is damaged, newer, or none: the sync says so, and touches nothing."""

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_job import CrawlSource
from pack_sync.engine.sync_tables import TableFailed, TableRuns
from tests.engine.sync_harness import Engine, Scripted, items, last_page
from tests.warehouses import only_a_file

pytestmark = only_a_file

BLOCKS = 3 * 4096
"""Where the blocks of a DuckDB file begin, after its headers."""


def synced(folder: Path) -> Engine:
    """An engine after a sync of many rows and the cursor "t1"."""
    rows = items(**{f"r{n}": f"{n} " + "x" * 50 for n in range(5_000)})
    page = {"result": rows, "completion": {"incrementalContinuation": "t1"}}
    engine = Engine(folder=folder, execute=Scripted(page))
    engine.sync()
    return engine


def with_garbage(at: int) -> Callable[[Path], None]:
    """Overwrites 4,096 bytes."""

    def damage(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[:at] + os.urandom(4096) + whole[at + 4096 :])

    return damage


def flipped(path: Path) -> None:
    """One bit in each block is another."""
    whole = bytearray(path.read_bytes())
    for place in range(BLOCKS + 1000, len(whole), 262_144):
        whole[place] ^= 1
    path.write_bytes(whole)


def cut_short(path: Path) -> None:
    """The second half is missing, as after a copy that was broken off."""
    os.truncate(path, path.stat().st_size // 2)


def of_a_newer_version(path: Path) -> None:
    """The number of the format is one that no DuckDB has yet; its checksum is right."""
    whole = bytearray(path.read_bytes())
    struct.pack_into("<Q", whole, 12, 9_999)
    checksum = 5381
    for place in range(8, 4096, 8):
        (word,) = struct.unpack_from("<Q", whole, place)
        checksum ^= word * 0xBF58476D1CE4E5B9 % 2**64
    struct.pack_into("<Q", whole, 0, checksum)
    path.write_bytes(whole)


def of_sqlite(path: Path) -> None:
    """A database, but not DuckDB's, which would fetch an extension for it."""
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE x (y)")
    connection.close()


def a_folder(path: Path) -> None:
    """Somebody made a folder of that name."""
    path.unlink()
    path.mkdir()


def empty(path: Path) -> None:
    """Nothing was written."""
    path.write_bytes(b"")


def a_text(path: Path) -> None:
    """Somebody's notes."""
    path.write_text("text\n" * 9_999)


FAULTS: list[tuple[Callable[[Path], None], str, str]] = [
    (with_garbage(0), "NotADatabaseError", "is not a DuckDB database"),
    (with_garbage(4096), "DamagedDatabaseError", "Restore it from a backup"),
    (flipped, "DamagedDatabaseError", "Corrupt database file"),
    (cut_short, "DamagedDatabaseError", "Could not read enough bytes"),
    (of_a_newer_version, "NewerDatabaseError", "install the version that wrote it"),
    (of_sqlite, "NotADatabaseError", "is not a DuckDB database but one of SQLite"),
    (empty, "NotADatabaseError", "is not a DuckDB database"),
    (a_text, "NotADatabaseError", "the `path` of the warehouse resource"),
    (a_folder, "NotADatabaseError", "is a folder"),
]


@pytest.mark.parametrize(("damage", "error", "says"), FAULTS)
def test_what_is_no_sound_database(
    tmp_path: Path, damage: Callable[[Path], None], error: str, says: str
) -> None:
    """The message names table, file and remedy; the file stays for whoever mends it."""
    engine = synced(tmp_path)
    path, backup = engine.warehouse.path, tmp_path / "backup.duckdb"
    shutil.copy(path, backup)
    before = engine.state()
    damage(path)
    damaged = None if path.is_dir() else path.read_bytes()
    engine.execute = Scripted(last_page("t2", new="1"))
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    message = str(failure.value)
    assert message.startswith(f"acme.Items: {error}: {path} ")
    assert says in message
    assert damaged is None or path.read_bytes() == damaged

    path.rmdir() if path.is_dir() else path.unlink()
    shutil.copy(backup, path)
    assert engine.state() == before
    engine.execute = Scripted(last_page("t2", new="1"))
    assert engine.sync().record.cursor_before == "t1"


def test_a_damaged_wal(tmp_path: Path) -> None:
    """What a crash left beside the database is damaged: it is named, and nothing is lost."""
    engine = synced(tmp_path)
    path, wal = engine.warehouse.path, Path(f"{engine.warehouse.path}.wal")
    wal.write_bytes(wal_of(path))
    whole = wal.read_bytes()
    wal.write_bytes(whole[:250] + bytes([whole[250] ^ 1]) + whole[251:])
    engine.execute = Scripted(last_page("t2", new="1"))
    with pytest.raises(SyncFailedError, match=r"DamagedDatabaseError: .*warehouse.duckdb.wal is"):
        engine.sync()
    wal.write_bytes(whole)
    assert engine.sync().record.cursor_before == "t1"


def test_a_backup_beside_the_wal_of_a_later_state(tmp_path: Path) -> None:
    """A file was put back and the .wal of its successor left: the message says what to do."""
    engine = synced(tmp_path)
    path, wal = engine.warehouse.path, Path(f"{engine.warehouse.path}.wal")
    backup = path.read_bytes()
    engine.execute = Scripted(last_page("t2", new="1"))
    engine.sync()
    wal.write_bytes(wal_of(path))
    path.write_bytes(backup)
    engine.execute = Scripted(last_page("t2", new="1"))
    with pytest.raises(SyncFailedError, match=r"\.wal belongs to another state .* remove the"):
        engine.sync()
    wal.unlink()
    assert engine.sync().record.cursor_before == "t1"


def wal_of(path: Path) -> bytes:
    """The .wal that a process leaves which dies after a commit to this database."""
    folder = path.parent / "dying"
    folder.mkdir()
    copy = folder / path.name
    shutil.copy(path, copy)
    script = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute('{}'); os._exit(0)"
    sql = "CREATE TABLE left_behind AS SELECT range AS x FROM range(100)"
    words = [sys.executable, "-c", script.format(sql), str(copy)]
    subprocess.run(words, check=True, timeout=600)  # noqa: S603 - our own words
    found = Path(f"{copy}.wal").read_bytes()
    assert len(found) > 500
    return found


def test_a_crawl_says_so_too(tmp_path: Path) -> None:
    """A crawled table whose warehouse cannot be read: the same words, by its own name (C20)."""
    engine = synced(tmp_path)
    with_garbage(4096)(engine.warehouse.path)
    runs = TableRuns(max_parallel=1)
    source = CrawlSource(parent_table="Items", properties={"id": "id"})
    with engine.prepared() as sync:
        crawl = replace(sync, crawl=source, log=runs.log, cancelled=runs.cancelled)
        key = replace(sync.key, table="Children")
        (event,) = runs.run([replace(crawl, key=key)], engine.warehouse, ModeRequest())
    assert isinstance(event, TableFailed)
    assert event.message.startswith(f"acme.Children: DamagedDatabaseError: {engine.warehouse.path}")
