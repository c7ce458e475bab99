"""Threads of one process hand the warehouse's open file on; other processes get their turn."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import duckdb
import pytest

from pack_sync.ledger.ledger_versions import create_ledger, ledger_exists
from pack_sync.warehouse import duckdb_sharing
from pack_sync.warehouse.duckdb_handles import Instance, borrow_instance
from pack_sync.warehouse.openings import database_in_use, opening_of
from pack_sync.warehouse.warehouse import Warehouse


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each time that DuckDB opens the file: whether only for reading."""
    seen: list[bool] = []
    attach = Instance.attach

    def counted(self: Instance, path: Path, database: str, *options: str) -> None:
        seen.append("READ_ONLY" in options)
        attach(self, path, database, *options)

    monkeypatch.setattr(Instance, "attach", counted)
    return seen


def look(connection: Any) -> None:
    """What the second thread does."""
    connection.execute("SELECT 1")


def while_another_waits(
    warehouse: Warehouse,
    first: Callable[[Any], None],
    then: Callable[[Any], None] = look,
    *,
    read: bool = False,
    within: Instance | None = None,
) -> None:
    """Let `first` write while another thread waits for its turn; then that one has it."""
    done = threading.Event()

    def second() -> None:
        with warehouse.read() if read else warehouse.write(within) as connection:
            then(connection)
        done.set()

    thread = threading.Thread(target=second)
    try:
        with warehouse.write() as connection:
            thread.start()
            shared = duckdb_sharing.shared_database(warehouse.database)
            while not shared._waiting:  # pyright: ignore[reportPrivateUsage]
                time.sleep(0.001)
            first(connection)
    finally:
        thread.join(60)
        assert done.is_set()


def create(connection: Any) -> None:
    """What the first thread writes; the temporary table is its own."""
    connection.execute("CREATE TABLE IF NOT EXISTS t (a INT)")
    connection.execute("CREATE TEMP TABLE mine (a INT)")


@pytest.mark.parametrize("read", [True, False])
def test_the_open_file_is_handed_on(tmp_path: Path, opened: list[bool], read: bool) -> None:
    """The second thread opens nothing; when nobody waits any more the file is closed."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")
    turns_before = duckdb_sharing.LONGEST_HOLD_SECONDS
    duckdb_sharing.LONGEST_HOLD_SECONDS = 3600
    try:
        while_another_waits(warehouse, create, read=read)
    finally:
        duckdb_sharing.LONGEST_HOLD_SECONDS = turns_before
    assert opened == [False]
    code = f"import duckdb; duckdb.connect({str(warehouse.path)!r}).execute('FROM t')"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own python


def test_not_for_longer_than_others_can_wait(
    tmp_path: Path, opened: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the longest hold the file is closed although a thread waits."""
    monkeypatch.setattr(duckdb_sharing, "LONGEST_HOLD_SECONDS", 0)
    while_another_waits(Warehouse.at(tmp_path / "w.duckdb"), create, read=False)
    assert opened == [False, False]


def test_what_a_block_attached_is_detached(tmp_path: Path) -> None:
    """The next one may attach another file by the same name, and this one can be removed."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")
    other = tmp_path / "stage.duckdb"
    duckdb.connect(other).close()

    def attach(connection: Any) -> None:
        connection.execute(f"ATTACH '{other}' AS _stage (READ_ONLY)")

    while_another_waits(warehouse, attach, attach, read=False)


def test_a_block_that_raises_leaves_nothing_open(tmp_path: Path, opened: list[bool]) -> None:
    """What it did is rolled back, and the waiting thread opens the file anew."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")

    def fail(connection: Any) -> None:
        create(connection)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        while_another_waits(warehouse, fail, read=False)
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
    assert opened == [False, False, True]


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance with a table in memory."""
    mine = borrow_instance(temp_directory=str(tmp_path / "tmp"))
    mine.connection.execute("ATTACH ':memory:' AS _stage; CREATE TABLE _stage.t AS SELECT 7 AS a")
    return mine


def test_the_file_is_opened_within_a_stage_s_instance(tmp_path: Path, instance: Instance) -> None:
    """Even if a thread hands it on; afterwards it is closed, and the instance as it was."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")

    def copy(connection: Any) -> None:
        connection.execute("INSERT INTO t SELECT a FROM _stage.t")

    while_another_waits(warehouse, create, copy, within=instance)
    with duckdb.connect(warehouse.path) as connection:
        assert connection.execute("FROM t").fetchall() == [(7,)]
    assert instance.connection.execute("FROM _stage.t").fetchall() == [(7,)]
    instance.close()


INTERRUPTED = RuntimeError("Query interrupted")
"""What a statement of DuckDB 2 raises when somebody presses Ctrl-C."""


def test_ctrl_c_while_the_file_is_closed_leaves_it_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else no thread of this process, and no other process, could open it any more."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")

    with monkeypatch.context() as patched:
        patched.setattr(Instance, "detach", Mock(side_effect=INTERRUPTED))
        with pytest.raises(RuntimeError, match="interrupted"), warehouse.write() as connection:
            create(connection)
    with duckdb.connect(warehouse.path) as connection:
        assert connection.execute("SHOW TABLES").fetchall() == [("t",)]
    with warehouse.write() as connection:
        look(connection)


@pytest.mark.parametrize("kind", [ValueError, duckdb.IOException, RuntimeError])
def test_only_an_error_of_duckdb_ends_the_instance(
    tmp_path: Path, instance: Instance, kind: type[Exception]
) -> None:
    """It may refuse all further work; otherwise what is staged there can still be kept."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")

    def fail() -> None:
        with warehouse.write(instance) as connection:
            create(connection)
            raise kind("no")

    with pytest.raises(kind):
        fail()
    assert instance.closed is (kind is not ValueError)
    with duckdb.connect(warehouse.path) as connection:
        assert connection.execute("SHOW TABLES").fetchall() == []
    instance.close()


def test_what_an_open_file_is_asked_of_it_is_asked_once(tmp_path: Path) -> None:
    """Whoever it is handed on to knows the answers; they end with the opening."""
    warehouse, openings = Warehouse.at(tmp_path / "w.duckdb"), list[object]()

    def ask(connection: Any) -> None:
        assert database_in_use(connection) == ("w", "duckdb")
        openings.append(opening_of(connection))

    while_another_waits(warehouse, ask, ask)
    with warehouse.read() as connection:
        ask(connection)
    first, second, third = openings
    assert first is second
    assert third is not first


def test_a_ledger_that_is_rolled_back_is_not_there_for_the_next_thread(tmp_path: Path) -> None:
    """Although the file stays open, and the first one had made it in its transaction."""
    warehouse, found = Warehouse.at(tmp_path / "w.duckdb", dry_run=True), list[bool]()
    while_another_waits(warehouse, create_ledger, lambda c: found.append(ledger_exists(c)))
    assert found == [False]
