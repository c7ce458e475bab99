"""The warehouse: open for moments only, patient with other processes."""

import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.storage_errors import NotADatabaseError, WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse, table_name

HOLDER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
connection.execute("CREATE TABLE held (x INTEGER)")
connection.close()
print("released", flush=True)
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A warehouse that does not exist yet, in a folder that does not either."""
    return Warehouse.at(tmp_path / "deep" / "w.duckdb", lock_wait_seconds=30)


@contextmanager
def held_by_another_process(
    path: Path, program: Sequence[str] = ("-c", HOLDER)
) -> Generator["subprocess.Popen[str]"]:
    """Another process has the file open for writing, until it is sent a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(  # noqa: S603
        [sys.executable, *program, str(path), "--password=hunter22"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def release(process: "subprocess.Popen[str]") -> None:
    """Let the other process close the file, and wait until it has."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "released\n"


def tables(warehouse: Warehouse) -> list[str]:
    with warehouse.read() as connection:
        return [row[0] for row in connection.execute("SHOW TABLES").fetchall()]


def test_a_warehouse_that_does_not_exist_reads_as_an_empty_one(warehouse: Warehouse) -> None:
    """Reading makes neither the file nor its folder."""
    assert tables(warehouse) == []
    assert not warehouse.path.parent.exists()


def test_write_commits_when_the_block_ends(warehouse: Warehouse) -> None:
    """The file and its folder are made, and what was written is there."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    assert tables(warehouse) == ["t"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, duckdb.Error])
def test_write_rolls_back_when_the_block_raises(
    warehouse: Warehouse, error: type[BaseException]
) -> None:
    """Whatever is raised: nothing of the block is there, and the error arrives."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(error), warehouse.write() as connection:  # noqa: PT012
        connection.execute(
            "UPDATE t SET x = 2; ALTER TABLE t ADD COLUMN y INTEGER; CREATE TABLE u(x INTEGER)"
        )
        raise error
    assert tables(warehouse) == ["t"]
    with warehouse.read() as connection:
        assert connection.execute("FROM t").fetchall() == [(1,)]


def test_an_error_of_duckdb_itself_arrives_as_it_was(warehouse: Warehouse) -> None:
    """The roll-back of a transaction that DuckDB has given up hides nothing."""
    with pytest.raises(duckdb.Error, match="Conversion"), warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT CAST('x' AS INTEGER)")
    assert tables(warehouse) == []


def test_read_does_not_write(warehouse: Warehouse) -> None:
    """A connection for reading refuses to change anything."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    with warehouse.read() as connection, pytest.raises(duckdb.InvalidInputException):
        connection.execute("INSERT INTO t VALUES (1)")


def test_times_are_read_and_written_in_utc(warehouse: Warehouse) -> None:
    """Whatever the machine's time zone."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT TIMESTAMPTZ '2026-01-01 12:00:00' AS x")
        assert connection.execute("SELECT x::VARCHAR FROM t").fetchone() == (
            "2026-01-01 12:00:00+00",
        )
    with warehouse.read() as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)


def test_the_memory_limit_is_duckdb_s_setting(tmp_path: Path) -> None:
    """It is set on the connections that are opened."""
    with Warehouse.at(tmp_path / "w.duckdb", memory_limit="512MiB").write() as connection:
        found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found == ("512.0 MiB",)


def test_nobody_has_the_file_afterwards(warehouse: Warehouse) -> None:
    """Between two uses another process can have it, even for writing."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
    tables(warehouse)
    with held_by_another_process(warehouse.path) as process:
        release(process)
    assert tables(warehouse) == ["held", "t"]


@pytest.mark.parametrize("use", [Warehouse.write, Warehouse.read])
def test_it_waits_for_another_process(
    use: Any, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process has the file it tries again, and goes on once it is free."""
    attach, refused = Instance.attach, 0
    with held_by_another_process(warehouse.path) as process:

        def watched(*args: Any) -> None:
            nonlocal refused
            try:
                attach(*args)
            except duckdb.IOException:
                refused += 1
                if refused == 2:
                    release(process)
                raise

        monkeypatch.setattr(Instance, "attach", watched)
        with use(warehouse) as connection:
            assert connection.execute("SHOW TABLES").fetchall() == [("held",)]
    assert refused == 2


@pytest.mark.parametrize("use", [Warehouse.write, Warehouse.read])
def test_it_does_not_wait_for_ever(use: Any, tmp_path: Path) -> None:
    """Past the wait it says who has the file, by process id, and what to do."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb", lock_wait_seconds=0.2)
    with held_by_another_process(warehouse.path) as process:
        with pytest.raises(WarehouseLockedError) as caught, use(warehouse):
            pass
        message = str(caught.value)
        holder = f"{sys.executable}, process {process.pid}"
        assert f"{warehouse.path} is kept by another process ({holder}) and was" in message
        assert "was not free within 0.2 s" in message
        assert "Close the program that has it open" in message
        assert "hunter22" not in message


def test_who_comes_after_a_wait_in_vain_does_not_wait_as_long_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that cannot be written is said at once; a file that was free is waited for anew."""
    monkeypatch.setattr("pack_sync.warehouse.locked_files.LEAST_WAIT_SECONDS", 0)
    attach, tries = Instance.attach, 0

    def counted(*args: Any) -> None:
        nonlocal tries
        tries += 1
        attach(*args)

    def tries_of_a_wait_in_vain() -> int:
        nonlocal tries
        tries = 0
        with pytest.raises(WarehouseLockedError), warehouse.read():
            pass
        return tries

    monkeypatch.setattr(Instance, "attach", counted)
    warehouse = Warehouse.at(tmp_path / "w.duckdb", lock_wait_seconds=0.2)
    with held_by_another_process(warehouse.path):
        assert tries_of_a_wait_in_vain() > 1
        assert tries_of_a_wait_in_vain() == 1
    with warehouse.read():
        pass
    with held_by_another_process(warehouse.path):
        assert tries_of_a_wait_in_vain() > 1


@pytest.mark.parametrize("as_module", [False, True])
def test_the_program_that_has_the_file_is_named(tmp_path: Path, as_module: bool) -> None:
    """By its file or module, and without what else it was started with (contract A4)."""
    script = tmp_path / "monthly_report.py"
    script.write_text(HOLDER.replace("sys.argv[1]", repr(str(tmp_path / "w.duckdb"))))
    program = ["-m", "cProfile", str(script)] if as_module else [str(script)]
    shown = "-m cProfile" if as_module else str(script)
    warehouse = Warehouse.at(tmp_path / "w.duckdb", lock_wait_seconds=0)
    with (
        held_by_another_process(warehouse.path, program) as process,
        pytest.raises(WarehouseLockedError) as caught,
        warehouse.write(),
    ):
        pass
    assert f" ({sys.executable} {shown}, process {process.pid}) and was" in str(caught.value)
    assert "hunter22" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """Other errors are not waited for; the message says what the matter is."""
    path = tmp_path / "w.duckdb"
    path.write_text("this is no database, however long one looks at it" * 1000)
    with (
        pytest.raises(NotADatabaseError, match=r"w\.duckdb is not a DuckDB database"),
        Warehouse.at(path, lock_wait_seconds=600).read(),
    ):
        pass


def test_threads_take_turns(warehouse: Warehouse) -> None:
    """Writers and readers of one process neither fail nor lose a change."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 0 AS x")
    start, errors = threading.Barrier(3), list[BaseException]()

    def work(writes: bool) -> None:
        try:
            start.wait(10)
            for _ in range(5):
                if writes:
                    with warehouse.write() as connection:
                        connection.execute("UPDATE t SET x = x + 1")
                else:
                    with warehouse.read() as connection:
                        connection.execute("FROM t").fetchall()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(writes,)) for writes in (True, True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    with warehouse.read() as connection:
        assert connection.execute("FROM t").fetchall() == [(10,)]


def test_another_object_of_the_same_file_takes_turns_too(tmp_path: Path) -> None:
    """Settings may differ: the path decides who waits for whom."""
    one = Warehouse.at(tmp_path / "w.duckdb")
    other = Warehouse.at(tmp_path / "w.duckdb", memory_limit="512MiB")
    entered, done = threading.Event(), threading.Event()

    def read_other() -> None:
        entered.set()
        with other.read() as connection:
            assert connection.execute("SHOW TABLES").fetchall() == [("t",)]
        done.set()

    thread = threading.Thread(target=read_other)
    with one.write() as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
        thread.start()
        assert entered.wait(10)
        assert not done.is_set()
    thread.join(30)
    assert done.is_set()


def test_a_frame_has_the_hidden_columns_too(warehouse: Warehouse) -> None:
    """A synced table as pandas has it."""
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA acme")
        connection.execute("CREATE TABLE acme.Tasks AS SELECT 'a' AS id, 'default' AS _sync")
    frame = warehouse.frame("acme", "Tasks")
    assert list(frame.columns) == ["id", "_sync"]
    assert frame.shape == (1, 2)
    assert table_name('ac"me', "Ta sks") == '"ac""me"."Ta sks"'
