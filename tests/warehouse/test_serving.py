"""A served file: readers and syncs of other processes at once, and what their deaths leave."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pack_sync.warehouse.backup import back_up
from pack_sync.warehouse.extensions import load_into, packaged
from pack_sync.warehouse.served_file import find_server, note_of
from pack_sync.warehouse.serving import ReadersAddress, serve_file
from pack_sync.warehouse.storage_errors import (
    ServeError,
    ServerLostError,
    WarehouseLockedError,
)
from pack_sync.warehouse.warehouse import Warehouse

TOKEN = "a token of readers"

SERVE = """
import sys, threading
from pathlib import Path
from pack_sync.warehouse.serving import ReadersAddress, serve_file
path, port, token = sys.argv[1:]
readers = ReadersAddress("127.0.0.1", int(port), token) if int(port) else None
with serve_file(Path(path), readers, stages=Path(path).parent / "stages", wait_seconds=60):
    print("serving", flush=True)
    sys.stdin.read()
"""

WRITE_AND_WAIT = """
import sys, time
from pack_sync.warehouse.warehouse import Warehouse
with Warehouse.at(sys.argv[1]).write() as connection:
    connection.execute("INSERT INTO tasks VALUES (99, 'half')")
    print("written", flush=True)
    time.sleep(600)
"""

SYNC_AGAIN_AND_AGAIN = """
import sys
from pack_sync.warehouse.warehouse import Warehouse
warehouse, name = Warehouse.at(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    with warehouse.write() as connection:
        connection.execute(f"INSERT INTO rows SELECT '{name}', range FROM range({number + 1})")
        connection.execute(f"DELETE FROM rows WHERE sync = '{name}' AND number >= {number}")
        connection.execute("UPDATE ledger SET rows = (SELECT count(*) FROM rows)")
"""

needs_quack = pytest.mark.skipif(
    not (packaged("quack") and packaged("httpfs")),
    reason="the extensions for this DuckDB are not installed",
)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def program(source: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - a program of our own
        [sys.executable, "-c", source, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@contextmanager
def started(source: str, *arguments: object) -> Generator[subprocess.Popen[str]]:
    """A program that has said its first word; it is killed in the end."""
    process = program(source, *arguments)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() in ("serving\n", "written\n")
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    """A file with a table of two rows."""
    warehouse = Warehouse.at(tmp_path / "warehouse.duckdb", lock_wait_seconds=60)
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE tasks AS SELECT 1 AS id, 'a' AS name UNION SELECT 2, 'b'")
    return warehouse


def ids(warehouse: Warehouse) -> list[int]:
    with warehouse.read() as connection:
        rows = connection.execute("SELECT id FROM tasks ORDER BY id").fetchall()
    return [task for (task,) in rows]


def add(warehouse: Warehouse, task: int) -> None:
    with warehouse.write() as connection:
        connection.execute("INSERT INTO tasks VALUES (?, 'new')", [task])


class Reader:
    """A DuckDB of somebody else's, who reads by the remote protocol."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self._connection = duckdb.connect()
        for extension in ("httpfs", "quack"):
            load_into(self._connection, extension)
        self._where = f"'quack:127.0.0.1:{port}'"
        self._token = token

    def ask(self, sql: str) -> list[Any]:
        return self._connection.execute(
            f"FROM quack_query({self._where}, $sql${sql}$sql$, token => '{self._token}')"
        ).fetchall()


def test_another_process_reads_and_writes(warehouse: Warehouse) -> None:
    """Through the server, while it is there; the note beside the file is its owner's alone."""
    with started(SERVE, warehouse.path, 0, TOKEN) as server:
        assert warehouse.served
        assert note_of(warehouse.path).stat().st_mode & 0o777 == 0o600
        add(warehouse, 3)
        assert ids(warehouse) == [1, 2, 3]
        assert warehouse.frame("main", "tasks").shape == (3, 2)
        assert server.stdin is not None
        server.stdin.close()  # it stops
        assert server.wait() == 0
        assert not note_of(warehouse.path).exists()
    add(warehouse, 4)
    assert ids(warehouse) == [1, 2, 3, 4]


def test_what_raises_changes_nothing(warehouse: Warehouse) -> None:
    """As in a file that is not served; errors of DuckDB's are those that it raised."""
    with started(SERVE, warehouse.path, 0, TOKEN):
        with pytest.raises(duckdb.CatalogException, match="nix"), warehouse.write() as connection:
            connection.execute("DELETE FROM tasks").execute("FROM nix")
        with warehouse.read() as connection, pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("DELETE FROM tasks")
        assert ids(warehouse) == [1, 2]


def test_a_block_reads_one_state(warehouse: Warehouse) -> None:
    """Others commit meanwhile, and neither waits for the other."""
    with started(SERVE, warehouse.path, 0, TOKEN), warehouse.read() as connection:
        count = "SELECT count(*) FROM tasks"
        assert connection.execute(count).fetchone() == (2,)
        add(warehouse, 3)
        assert connection.execute(count).fetchone() == (2,)
        assert ids(warehouse) == [1, 2, 3]


def test_one_writes_at_a_time(warehouse: Warehouse) -> None:
    """Who waits in vain is told; one who is killed in a transaction leaves nothing of it."""
    hasty = Warehouse.at(warehouse.path, lock_wait_seconds=0.1)
    with (
        started(SERVE, warehouse.path, 0, TOKEN),
        started(WRITE_AND_WAIT, warehouse.path) as writer,
    ):
        with pytest.raises(WarehouseLockedError, match="other syncs write to"):
            add(hasty, 3)
        assert ids(warehouse) == [1, 2]
        kill(writer)
        add(warehouse, 3)
        assert ids(warehouse) == [1, 2, 3]


def test_a_server_that_is_killed(warehouse: Warehouse) -> None:
    """In the midst of a transaction, nothing of that is left, and all that was committed.

    Whoever was at it is told, and goes on: without a server, and with the next one.
    """
    with started(SERVE, warehouse.path, 0, TOKEN) as server:
        add(warehouse, 3)
        with ExitStack() as opened:
            opened.enter_context(pytest.raises(ServerLostError, match="start it again"))
            connection = opened.enter_context(warehouse.write())
            connection.execute("DELETE FROM tasks")
            kill(server)
    assert note_of(warehouse.path).exists()
    assert find_server(warehouse.path) is None
    assert ids(warehouse) == [1, 2, 3]
    with started(SERVE, warehouse.path, 0, TOKEN):
        add(warehouse, 5)
        assert ids(warehouse) == [1, 2, 3, 5]


def test_a_server_that_starts_while_somebody_waits(warehouse: Warehouse) -> None:
    """Who waits for the file to be free goes through the server."""
    with duckdb.connect(warehouse.path) as holder:  # as another program would
        holder.execute("SELECT 1")
        server = program(SERVE, warehouse.path, 0, TOKEN)
        waiting = program(
            "import sys; from pack_sync.warehouse.warehouse import Warehouse\n"
            "print('waits', flush=True)\n"
            "with Warehouse.at(sys.argv[1], lock_wait_seconds=300).write() as connection:\n"
            "    connection.execute('INSERT INTO tasks VALUES (3, $$late$$)')",
            warehouse.path,
        )
        try:
            assert waiting.stdout is not None
            assert waiting.stdout.readline() == "waits\n"
            holder.close()
            assert waiting.wait() == 0
            assert server.stdout is not None
            assert server.stdout.readline() == "serving\n"
            assert ids(warehouse) == [1, 2, 3]
        finally:
            for process in (server, waiting):
                kill(process)


def test_a_file_is_served_once(warehouse: Warehouse) -> None:
    """The second server is told which process has it."""
    with (
        started(SERVE, warehouse.path, 0, TOKEN) as server,
        pytest.raises(ServeError, match=f"is served already, by process {server.pid}"),
        serve_file(warehouse.path, None, stages=warehouse.path.parent, wait_seconds=0),
    ):
        pass


def test_a_copy_of_all_that_is_there(warehouse: Warehouse, tmp_path: Path) -> None:
    """The note in it leads nobody who has the copy to the server of the other file."""
    with started(SERVE, warehouse.path, 0, TOKEN):
        copy = Warehouse.at(shutil.copytree(tmp_path, tmp_path / "copy") / warehouse.path.name)
        assert note_of(copy.path).exists()
        add(copy, 3)
        assert (ids(copy), ids(warehouse)) == ([1, 2, 3], [1, 2])


def test_who_does_not_know_the_key(warehouse: Warehouse) -> None:
    """It is refused, and keeps nobody else from the server while it says nothing."""
    with started(SERVE, warehouse.path, 0, TOKEN):
        server = find_server(warehouse.path)
        assert server is not None
        with socket.create_connection(("127.0.0.1", server.port)):
            assert ids(warehouse) == [1, 2]
        note_of(warehouse.path).write_text(
            re.sub(r'"key": "..', '"key": "00', note_of(warehouse.path).read_text())
        )
        impatient = Warehouse.at(warehouse.path, lock_wait_seconds=0)
        with pytest.raises(WarehouseLockedError):
            ids(impatient)


def test_a_backup(warehouse: Warehouse, tmp_path: Path) -> None:
    """It has what the server committed, be it in the file or beside it."""
    with started(SERVE, warehouse.path, 0, TOKEN):
        add(warehouse, 3)
        made = back_up(warehouse, tmp_path / "backup.duckdb")
        assert (made.tables, made.rows) == (1, 3)


@needs_quack
def test_readers_only_read(warehouse: Warehouse) -> None:
    """With the token; they can change nothing, and read nothing else of the machine."""
    port = free_port()
    with started(SERVE, warehouse.path, port, TOKEN):
        reader = Reader(port)
        assert reader.ask("SELECT count(*) FROM tasks") == [(2,)]
        for refused in (
            "DELETE FROM tasks",
            "SELECT 1; DELETE FROM tasks",
            "BEGIN",
            "SET threads = 1",
            "FROM QUACK_stop('x')",
            "FROM query('FROM quack_stop(1)')",
            "FROM force_checkpoint()",
            "FROM json_execute_serialized_sql(json_serialize_sql('FROM force_checkpoint()'))",
            "FROM enable_logging(storage='stdout')",
            "FROM enable_profiling(save_location => 'x.txt')",
            "FROM read_text('/etc/hostname')",
            "SELECT write_log('x')",
        ):
            with pytest.raises(duckdb.Error, match="Authorization failed"):
                reader.ask(refused)
        with pytest.raises(duckdb.Error, match="disabled by configuration"):
            reader.ask("FROM '/etc/passwd.csv'")
        assert reader.ask("SHOW ALL TABLES")[0][2] == "tasks"
        assert reader.ask("SELECT sum(range) FROM range(4), tasks") == [(12,)]
        with pytest.raises(duckdb.Error, match="Authentication failed"):
            Reader(port, "another token").ask("FROM tasks")
        assert ids(warehouse) == [1, 2]


@needs_quack
def test_what_cannot_be_served(warehouse: Warehouse) -> None:
    """A port that is taken, or a short token, is said, without it, and the file is free again."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        readers = ReadersAddress("127.0.0.1", other.getsockname()[1], TOKEN)
        with (
            pytest.raises(ServeError, match="the port is taken") as told,
            serve_file(warehouse.path, readers, stages=warehouse.path.parent, wait_seconds=0),
        ):
            pass
    assert TOKEN not in str(told.value)
    assert TOKEN not in repr(readers)
    short = ReadersAddress("127.0.0.1", free_port(), "too short")
    with (
        pytest.raises(ServeError, match="has less than 16 characters"),
        serve_file(warehouse.path, short, stages=warehouse.path.parent, wait_seconds=0),
    ):
        pass
    add(warehouse, 3)
    assert ids(warehouse) == [1, 2, 3]


@needs_quack
def test_readers_while_syncs_commit(warehouse: Warehouse) -> None:
    """Every answer is of one commit: the rows are as many as the ledger of the same says."""
    port = free_port()
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE rows (sync VARCHAR, number BIGINT)")
        connection.execute("CREATE TABLE ledger AS SELECT 0::BIGINT AS rows")
    with started(SERVE, warehouse.path, port, TOKEN):
        reader = Reader(port)
        syncs = [program(SYNC_AGAIN_AND_AGAIN, warehouse.path, name, 40) for name in "ab"]
        answers = 0
        while any(sync.poll() is None for sync in syncs):
            ((counted, told),) = reader.ask("SELECT (SELECT count(*) FROM rows), rows FROM ledger")
            assert counted == told
            answers += 1
        assert [sync.communicate() and sync.wait() for sync in syncs] == [0, 0]
        assert answers > 0
        assert reader.ask("SELECT sync, count(*) FROM rows GROUP BY ALL ORDER BY 1") == [
            ("a", sum(range(40))),
            ("b", sum(range(40))),
        ]
