"""Lakes: each kind of catalogue, readers beside a writer, turns, an object store."""

import importlib.util
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from pack_sync.commit.commit import SupersededError
from pack_sync.ledger import lake_upkeep
from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.ledger.position_lines import remove_older_lines
from pack_sync.state.shared_files import SharedFiles
from pack_sync.warehouse.amazon_credentials import amazon_session
from pack_sync.warehouse.backup import BackupRefusedError, back_up
from pack_sync.warehouse.duckdb_handles import OF_THE_WAREHOUSE, Instance, borrow_instance
from pack_sync.warehouse.extensions import packaged
from pack_sync.warehouse.object_stores import client_of
from pack_sync.warehouse.storage_errors import (
    AddressError,
    CatalogueError,
    MissingExtensionError,
    NotADatabaseError,
    WarehouseLockedError,
)
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import SyncBench, a_page
from tests.warehouses import object_store, postgres_database

needs_extensions = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_ducklake") is None,
    reason="`make test-lake` has DuckDB's extensions",
)
pytestmark = needs_extensions

KINDS = ("duckdb", "sqlite", "postgres")


def address_of(kind: str, folder: Path) -> tuple[str, str]:
    """Where a lake in the folder has its catalogue, of this kind, and its files."""
    if kind == "postgres":
        address = f"ducklake:postgres:{postgres_database(folder / 'lake')}"
    else:
        prefix = "sqlite:" if kind == "sqlite" else ""
        address = f"ducklake:{prefix}{folder / 'deep' / 'lake.db'}"
    return address, str(folder / "files")


def lake(kind: str, folder: Path, **options: Any) -> Warehouse:
    """That lake."""
    address, data_path = address_of(kind, folder)
    return Warehouse.at(address, data_path=data_path, **options)


@pytest.mark.parametrize("kind", KINDS)
def test_written_and_read(kind: str, tmp_path: Path) -> None:
    """It reads as empty before the first write, and then as what was committed."""
    warehouse = lake(kind, tmp_path)
    with warehouse.read() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
    with warehouse.write() as connection:
        connection.execute(
            "CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT 1 AS i, [{'a': 2}] AS l"
        )
    with pytest.raises(duckdb.InvalidInputException, match="stop"), warehouse.write() as connection:
        connection.execute("INSERT INTO acme.t VALUES (2, NULL); SELECT error('stop')")
    with warehouse.read() as connection:
        assert connection.execute("FROM acme.t").fetchall() == [(1, [{"a": 2}])]


def test_a_catalogue_of_sqlite_without_its_prefix(tmp_path: Path) -> None:
    """It is no file of DuckDB, though this process has the extension that opens it."""
    with lake("sqlite", tmp_path).write() as connection:
        connection.execute("CREATE SCHEMA acme")
    catalogue = tmp_path / "deep" / "lake.db"
    before = catalogue.read_bytes()
    warehouse = Warehouse.at(catalogue)
    for opened in (warehouse.read, warehouse.write):
        with (
            pytest.raises(NotADatabaseError, match=f"its address is `ducklake:sqlite:{catalogue}`"),
            opened(),
        ):
            pass
    assert catalogue.read_bytes() == before


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_what_a_sync_says_of_itself_is_no_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later syncs would have to read each, which takes requests; upkeep makes files of them all."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    bench = SyncBench(folder=tmp_path)
    for number in range(3):
        bench.incremental(a_page({"id": f"{number}"}), cursor={"at": number})
    written = {file.parent.name for file in (tmp_path / "files").rglob("*.parquet")}
    assert written == {bench.key.table}
    kept = bench.snapshot()
    del kept["_sync.positions"]
    tend_lake(bench.warehouse, keep=timedelta(0))
    assert [*(tmp_path / "files" / "_sync" / "positions").glob("*.parquet")]
    assert {name: now for name, now in bench.snapshot().items() if name in kept} == kept


def test_no_row_is_in_a_catalogue_of_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB 1.5.5 now and then crashed when it read rows there, in upkeep too."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake("sqlite", self.folder)))
    bench = SyncBench(folder=tmp_path)
    for number in range(3):
        bench.incremental(a_page({"id": f"{number}"}), cursor={"at": number})
    with closing(sqlite3.connect(tmp_path / "deep" / "lake.db")) as catalogue:
        names = "SELECT table_name FROM ducklake_inlined_data_tables"
        kept = [
            (name, catalogue.execute(f"SELECT count(*) FROM {name}").fetchall())
            for (name,) in catalogue.execute(names)
        ]
    assert [name for name, counted in kept if counted != [(0,)]] == []
    assert [*(tmp_path / "files" / "_sync" / "positions").glob("*.parquet")]
    tend_lake(bench.warehouse, keep=timedelta(0))
    assert bench.query("SELECT count(*) FROM _sync.runs") == [(3,)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sync_while_upkeep_rewrites_the_ledger(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it brings to the catalogue stands in nobody's way."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    bench = SyncBench(folder=tmp_path)
    bench.incremental(a_page({"id": "1"}))
    tend_lake(bench.warehouse, keep=timedelta(0))
    with bench.warehouse.write() as connection:
        connection.execute("UPDATE _sync.runs SET pages = 7")

    def sync_too(warehouse: Warehouse) -> None:
        bench.incremental(a_page({"id": "2"}))
        remove_older_lines(warehouse)

    monkeypatch.setattr(lake_upkeep, "remove_older_lines", sync_too)
    tend_lake(bench.warehouse, keep=timedelta(0))
    ((edited,), _) = bench.query("SELECT pages FROM _sync.runs ORDER BY pages DESC")
    assert edited == 7
    files = "SELECT delete_file FROM ducklake_list_files('lake', 'runs', schema => '_sync')"
    assert {deletes for (deletes,) in bench.query(files)} == {None}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_reader_waits_for_a_writer(kind: str, tmp_path: Path) -> None:
    """While a transaction is open, another program sees what was committed before it."""
    warehouse = lake(kind, tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    reader = Instance()
    try:
        warehouse.database.attach(reader, read_only=True, wait_seconds=5)
        with warehouse.write() as connection:
            connection.execute("INSERT INTO t VALUES (2)")
            assert reader.connection.execute("FROM lake.t").fetchall() == [(1,)]
        assert reader.connection.execute("FROM lake.t ORDER BY i").fetchall() == [(1,), (2,)]
    finally:
        reader.close()


TAKES_ITS_TURN = """
import sys
from pack_sync import Warehouse
with Warehouse.at(sys.argv[1], data_path=sys.argv[2]).write() as connection:
    print("writes", flush=True)
    sys.stdin.readline()
    connection.execute("CREATE TABLE other AS SELECT 1 AS i")
"""


@pytest.mark.parametrize("kind", KINDS)
def test_writers_take_turns(kind: str, tmp_path: Path) -> None:
    """A second process waits, gives up after its time, and goes on when the first has ended."""
    hasty, patient = lake(kind, tmp_path, lock_wait_seconds=0), lake(kind, tmp_path)
    with patient.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", TAKES_ITS_TURN, *address_of(kind, tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writes\n"
        with pytest.raises(WarehouseLockedError), hasty.write():
            pass
        process.communicate("\n")
    assert process.returncode == 0
    with patient.write() as connection:
        assert connection.execute("FROM other").fetchall() == [(1,)]


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_first_syncs_one_is_superseded(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both began when there was nothing; one commits, the other changes nothing."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    bench = SyncBench(folder=tmp_path)
    nothing = bench.position()
    bench.full(a_page({"id": "1", "name": "a"}))
    with pytest.raises(SupersededError):
        bench.full(a_page({"id": "1", "name": "a"}), before=nothing)
    assert len(bench.rows()) == 1


SYNC_AT_ONCE = """
import sys
from dataclasses import replace
from pathlib import Path
from pack_sync import Warehouse
from pack_sync.commit.commit import SupersededError
from pack_sync.ledger.cursors import SyncPosition
from tests.commit.sync_bench import SyncBench, a_page
SyncBench.warehouse = property(lambda _: Warehouse.at(sys.argv[1], data_path=sys.argv[2]))
bench = SyncBench(folder=Path(sys.argv[3]))
bench.folder.mkdir()
key = replace(bench.key, table=sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
try:
    bench.full(a_page({"id": "1"}, {"id": "2"}), key=key, before=SyncPosition())
    for number in range(int(sys.argv[5])):
        page = a_page({"id": "1", "size": number}, {"size": 7}, {"id": f"n{number}"})
        bench.incremental(page, key=key, cursor={"at": number})
except SupersededError:
    print("superseded")
else:
    print("committed")
"""
"""Syncs a table in full, and then so many times incrementally, each with a row to reject."""


def syncs_at_once(kind: str, folder: Path, tables: Sequence[str], more: int = 0) -> list[str]:
    """How syncs ended that began at the same moment, each in a process of its own."""
    with ExitStack() as stack:
        syncs: list[subprocess.Popen[str]] = []
        for number, table in enumerate(tables):
            arguments = [*address_of(kind, folder), folder / f"worker-{number}", table, str(more)]
            program = [sys.executable, "-c", SYNC_AT_ONCE, *arguments]
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            syncs.append(stack.enter_context(subprocess.Popen(program, **pipes)))  # noqa: S603
        for sync in syncs:
            assert sync.stdout is not None
            assert "ready\n" in iter(sync.stdout.readline, "")
        for sync in syncs:
            assert sync.stdin is not None
            sync.stdin.write("\n")
            sync.stdin.flush()
        # The last line: before it DuckDB may have drawn its progress bar.
        return [sync.communicate()[0].splitlines()[-1] for sync in syncs]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_first_syncs_at_once(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of processes that commit at the same moment, to a lake that there is not yet, one does.

    The others say so, and no row is double.
    """
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    ended = sorted(syncs_at_once(kind, tmp_path, ["Tasks"] * 4))
    assert ended == ["committed", "superseded", "superseded", "superseded"]
    assert [row["id"] for row in SyncBench(folder=tmp_path).rows()] == ["1", "2"]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_commits_of_different_tables_at_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are committed, each where it left off, though they write to the same ledger."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    bench, tables = SyncBench(folder=tmp_path), ["Tasks", "Notes", "Files"]
    assert syncs_at_once(kind, tmp_path, tables, more=3) == ["committed"] * 3
    for table in tables:
        assert bench.position(replace(bench.key, table=table)).cursor == {"at": 2}
        found = bench.query(f"SELECT id, size FROM {bench.warehouse.database.name}.acme.{table}")
        assert sorted(found, key=str) == [
            ("1", 2),
            ("2", None),
            ("n0", None),
            ("n1", None),
            ("n2", None),
        ]
    assert bench.query("SELECT table_name, count(*) FROM _sync.runs GROUP BY ALL ORDER BY ALL") == [
        ("Files", 4), ("Notes", 4), ("Tasks", 4)
    ]  # fmt: skip
    assert [line[0] for line in bench.query("SELECT page FROM _sync.rejected_rows")] == [1, 1, 1]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_lake_that_several_make_at_once(kind: str, tmp_path: Path) -> None:
    """The first syncs of many workers find no lake; one of them makes it, and all go on."""
    database, together = lake(kind, tmp_path).database, threading.Barrier(4)

    def attach() -> None:
        instance = borrow_instance(
            database.extensions, temp_directory=str(tmp_path), memory_limit=None, **OF_THE_WAREHOUSE
        )
        try:
            together.wait()
            database.attach(instance, read_only=False, wait_seconds=60)
        finally:
            instance.close()

    with ThreadPoolExecutor(4) as pool:
        for attached in [pool.submit(attach) for _ in range(4)]:
            attached.result()


@pytest.mark.parametrize("table", [None, "acme.tasks"])
def test_a_commit_of_a_dead_sender_is_waited_for(table: str | None, tmp_path: Path) -> None:
    """Its lock ended with it, while Postgres still makes what it had sent."""
    warehouse = lake("postgres", tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    newest = "SELECT * FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
    with psycopg.connect(postgres_database(tmp_path / "lake")) as sender:
        # What Postgres has of a commit before it is one.
        sender.execute(f"CREATE TEMP TABLE sent AS {newest}")
        sender.execute("UPDATE sent SET snapshot_id = snapshot_id + 1")
        sender.execute("INSERT INTO ducklake_snapshot SELECT * FROM sent")
        hasty = replace(warehouse, lock_wait_seconds=0)
        with pytest.raises(WarehouseLockedError), hasty.write(table=table):
            pass
        sender.rollback()
    with hasty.write(table=table) as connection:
        assert connection.execute("FROM t").fetchall() == [(1,)]


@pytest.mark.parametrize("table", [None, "acme.tasks"])
def test_postgres_is_lost_while_others_write(table: str | None, tmp_path: Path) -> None:
    """Who waits for a turn is told what happened, as who has one is."""
    warehouse = lake("postgres", tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    address = postgres_database(tmp_path / "lake")
    with (
        psycopg.connect(address, autocommit=True) as other,
        warehouse.database.turn_to_write(60, None),
        ThreadPoolExecutor(1) as pool,
    ):
        waits = (
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
        )
        waits += "(SELECT oid FROM pg_database WHERE datname = current_database())"
        turn = pool.submit(enter, warehouse.database.turn_to_write(60, table))
        while not (found := other.execute(waits).fetchall()):
            assert not turn.done(), turn.result()
        other.execute("SELECT pg_terminate_backend(%s)", found[0])
        with pytest.raises(CatalogueError, match="cannot be used"):
            turn.result()


def enter(turn: AbstractContextManager[object]) -> None:
    """Wait for a turn, and end it."""
    with turn:
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_all_rows_are_in_files(kind: str, tmp_path: Path) -> None:
    """None is kept in the catalogue, from where deleted rows came back: its tables are empty."""
    warehouse = lake(kind, tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i; INSERT INTO t VALUES (2)")
        connection.execute("CREATE TABLE odd (row_id INTEGER, begin_snapshot INTEGER, j JSON[])")
        connection.execute("INSERT INTO odd VALUES (1, 2, ['3']); DELETE FROM t WHERE i = 2")
    with warehouse.read() as connection:
        places = "__ducklake_metadata_lake"
        tables = connection.execute(
            f"SELECT table_name FROM {places}.ducklake_inlined_data_tables"
        ).fetchall()
        for (name,) in tables:
            assert connection.execute(f"SELECT count(*) FROM {places}.{name}").fetchall() == [(0,)]
        files = connection.execute("SELECT count(*) FROM ducklake_list_files('lake', 't')")
        assert files.fetchall() == [(1,)]
        assert connection.execute("FROM odd").fetchall() == [(1, 2, ["3"])]


def test_files_elsewhere(tmp_path: Path) -> None:
    """Where the files are is settled when the lake is made; the error says where that is."""
    address = f"ducklake:sqlite:{tmp_path / 'lake.db'}"
    with Warehouse.at(address, data_path=str(tmp_path / "here")).write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    said = r"says that the lake's files are in .*/here/, and not in .*/there"
    with (
        pytest.raises(AddressError, match=said),
        Warehouse.at(address, data_path=str(tmp_path / "there")).read(),
    ):
        pass


def test_a_backup_is_made_elsewhere(tmp_path: Path) -> None:
    """The error says by what."""
    with pytest.raises(BackupRefusedError, match="pg_dump"):
        back_up(lake("sqlite", tmp_path), tmp_path / "b.duckdb")


@pytest.mark.parametrize("kind", KINDS)
def test_upkeep(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many small syncs a few files stay, with the same rows, and the next sync goes on."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda self: lake(kind, self.folder)))
    bench = SyncBench(folder=tmp_path)
    for number in range(4):
        bench.incremental(a_page({"id": "1", "size": number}, {"id": f"new {number}"}))
    files = tmp_path / "files" / "acme"
    before, snapshot = list(files.rglob("*.parquet")), bench.snapshot()
    del snapshot["_sync.positions"]
    done = tend_lake(bench.warehouse, keep=timedelta(0))
    after = list(files.rglob("*.parquet"))
    assert {name: now for name, now in bench.snapshot().items() if name in snapshot} == snapshot
    assert len(after) < len(before) * 0.5
    assert done.compacted_tables >= 1
    assert bench.query("SELECT count(*) FROM _sync.positions") == [(1,)]
    assert done.removed_files >= len(before) - len(after)
    assert bench.incremental(a_page({"id": "1", "size": 9})).record.updated == 1


def test_upkeep_of_files_with_some_deletes(tmp_path: Path) -> None:
    """A table of many small syncs, each of which replaces a few rows, is a file or two again."""
    warehouse = lake("sqlite", tmp_path)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT i, 0 AS v FROM range(1000) r(i)")
    for number in range(6):
        with warehouse.write() as connection:
            changed = f"SELECT 50 * {number} + i FROM range(100) r(i)"
            connection.execute(f"DELETE FROM t WHERE i IN ({changed})")
            connection.execute(f"INSERT INTO t SELECT i, {number} FROM ({changed}) c(i)")
    with warehouse.read() as connection:
        before = connection.execute("FROM t ORDER BY i").fetchall()
    tend_lake(warehouse, keep=timedelta(0))
    with warehouse.read() as connection:
        assert connection.execute("FROM t ORDER BY i").fetchall() == before
        files = connection.execute("FROM ducklake_list_files('lake', 't')").fetchall()
    assert len(files) <= 2


def test_upkeep_keeps_what_is_new(tmp_path: Path) -> None:
    """What was current within that time stays readable, and what is being written stays there."""
    warehouse = lake("sqlite", tmp_path)
    for statement in (
        "CREATE TABLE t AS SELECT 1 AS i",
        "DELETE FROM t",
        "INSERT INTO t VALUES (2)",
    ):
        with warehouse.write() as connection:
            connection.execute(statement)
    orphan = tmp_path / "files" / "main" / "t" / "begun.parquet"
    orphan.write_bytes(b"not whole yet")
    done = tend_lake(warehouse, keep=timedelta(days=7))
    assert (done.expired_snapshots, done.removed_files) == (0, 0)
    assert orphan.exists()
    with warehouse.read() as connection:
        assert connection.execute("FROM t AT (VERSION => 1)").fetchall() == [(1,)]


def test_a_postgres_that_does_not_answer(tmp_path: Path) -> None:
    """The error names the catalogue, and not its password."""
    address = "ducklake:postgres:postgresql://sync:hunter2@127.0.0.1:9/lake"
    warehouse = Warehouse.at(address, data_path=str(tmp_path), lock_wait_seconds=0)
    for use in (warehouse.read, warehouse.write):
        with pytest.raises(CatalogueError, match="refused") as caught, use():
            pass
        assert "127.0.0.1" in str(caught.value)
        error: BaseException | None = caught.value
        while error is not None:
            assert "hunter2" not in str(error)
            error = error.__cause__ or error.__context__


def test_a_password_in_the_address_is_used(tmp_path: Path) -> None:
    """It goes to DuckDB apart from the address, and the lake can be read and written."""
    plain = postgres_database(tmp_path / "lake")
    warehouse = Warehouse.at(
        f"ducklake:postgres:{plain} password=hunter2", data_path=str(tmp_path / "files")
    )
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
        shown = connection.execute("SELECT path FROM duckdb_databases()").fetchall()
    assert "hunter2" not in str(shown)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket in an object store on loopback."""
    with object_store(monkeypatch) as address:
        yield address


def test_files_in_an_object_store(bucket: str, tmp_path: Path) -> None:
    """The catalogue says where they are; the credentials are the environment's, and not shown."""
    address = f"ducklake:postgres:{postgres_database(tmp_path / 'lake')}"
    warehouse = Warehouse.at(address, data_path=bucket)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
        connection.execute("DELETE FROM t WHERE i < 10")
        secrets = connection.execute("SELECT secret_string FROM duckdb_secrets()").fetchall()
    assert "hunter2" not in str(secrets)
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(990,)]
        files = connection.execute("SELECT data_file FROM ducklake_list_files('lake', 't')")
        assert all(file.startswith("s3://lake/files/") for (file,) in files.fetchall())


def test_an_object_store_without_credentials(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable that is missing."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    address = f"ducklake:postgres:{postgres_database(tmp_path / 'lake')}"
    with (
        pytest.raises(AddressError, match="no AWS_SECRET_ACCESS_KEY"),
        Warehouse.at(address, data_path=bucket).write(),
    ):
        pass


@pytest.mark.parametrize("way", ["profile", "role"])
def test_credentials_by_a_profile_or_a_role(
    way: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Amazon's library finds them, for DuckDB and for the files that workers share."""
    amazon_session.cache_clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    profile, token = tmp_path / "profile", tmp_path / "token"
    profile.write_text("[lake]\naws_access_key_id = key\naws_secret_access_key = hunter2\n")
    token.write_text("a token of the cluster")
    given = {
        "profile": {"AWS_PROFILE": "lake", "AWS_SHARED_CREDENTIALS_FILE": str(profile)},
        "role": {
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/lake",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        },
    }
    for name, value in given[way].items():
        monkeypatch.setenv(name, value)
    address = f"ducklake:postgres:{postgres_database(tmp_path / 'lake')}"
    warehouse = Warehouse.at(address, data_path=bucket)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
    SharedFiles.at(bucket).put("spools/a", b"page")
    assert SharedFiles.at(bucket).names("spools") == ["spools/a"]
    _, used = client_of("s3", os.environ)
    assert (used["credential_provider"]()["token"] is None) == (way == "profile")


def test_no_credentials_at_all(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what was looked for."""
    amazon_session.cache_clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    address = f"ducklake:postgres:{postgres_database(tmp_path / 'lake')}"
    with (
        pytest.raises(AddressError, match="neither AWS_ACCESS_KEY_ID nor a profile or a role"),
        Warehouse.at(address, data_path=bucket).write(),
    ):
        pass
    monkeypatch.setitem(sys.modules, "botocore", None)
    with (
        pytest.raises(AddressError, match=r'no AWS_ACCESS_KEY_ID. Profiles .* "pack-sync\[aws\]"'),
        Warehouse.at(address, data_path=bucket).write(),
    ):
        pass


def test_an_extension_that_is_not_there() -> None:
    """The error says what to install."""
    instance = Instance()
    try:
        instance.connection.execute("SET GLOBAL custom_extension_repository = '/nowhere'")
        with pytest.raises(MissingExtensionError, match=r"pack-sync\[lake\]"):
            instance.load("no_such_extension")
    finally:
        instance.close()


def test_only_what_comes_in_packages_is_loaded_without_a_signature(tmp_path: Path) -> None:
    """The instance of a lake refuses other files that DuckDB has not signed, and stays so."""
    file = packaged("sqlite_scanner")
    assert file is not None
    forged = tmp_path / file.name
    content = bytearray(file.read_bytes())
    content[-1] ^= 1  # of the signature, which is at the end
    forged.write_bytes(content)
    instance = Instance(["ducklake"])
    try:
        assert instance.extensions == {"ducklake"}
        with pytest.raises(duckdb.IOException, match="signature"):
            instance.connection.execute(f"LOAD '{forged}'")
        with pytest.raises(duckdb.InvalidInputException, match="allow_unsigned_extensions"):
            instance.connection.execute("SET GLOBAL allow_unsigned_extensions = true")
    finally:
        instance.close()
