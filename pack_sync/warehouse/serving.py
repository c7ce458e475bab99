"""The server of a DuckDB file: the one process that has it open, for readers and for syncs.

Readers ask it by DuckDB's own remote protocol, whose server is the extension `quack`; they may only
read. Syncs do not write by that protocol: in DuckDB 1.5.5 what it inserts is committed at once, in
a transaction too. They work in sessions of our own (`pack_sync.warehouse.sessions`).
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pack_sync.warehouse.extensions import load_into
from pack_sync.warehouse.identifiers import quote_literal
from pack_sync.warehouse.locked_files import wait_for_file
from pack_sync.warehouse.served_file import LOOPBACK, find_server
from pack_sync.warehouse.sessions import READERS, Sessions
from pack_sync.warehouse.storage_errors import ServeError, explained_failures
from pack_sync.warehouse.warehouse import Warehouse

_EXTENSIONS = ("httpfs", "quack")
"""Quack's, and what it takes its random numbers from."""

_SHORTEST_TOKEN = 16
"""How many characters a token of readers has at least."""

_ONLY_READ = f"{READERS}.main.only_read"
"""The macro that says whether a reader may run a query."""

_FOR_READERS = (
    "range|generate_series|unnest|repeat|repeat_row|summary|json_each|json_tree|test_all_types|"
    "histogram_values|icu_calendar_names|pg_timezone_names|show.*|"
    "duckdb_(columns|constraints|databases|dependencies|functions|indexes|keywords|schemas|"
    "sequences|settings|tables|types|views)|"
    "pragma_(collations|database_size|platform|show|storage_info|table_info|version)"
)
"""The table functions that readers may use. Others do something, such as `force_checkpoint` and
`enable_logging`, or run what is not seen beforehand, such as `query`."""

_NOT_FOR_READERS = "quack_.*|write_log|nextval"
"""Functions of values that do something."""


@dataclass(frozen=True)
class ReadersAddress:
    """Where readers reach the server, and the token that they show."""

    host: str
    port: int
    token: str = field(repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"quack:{host}:{self.port}"


@contextmanager
def serve_warehouse(
    warehouse: Warehouse, readers: ReadersAddress, *, stages: Path
) -> Generator[None]:
    """Serve a warehouse that is one file while the block runs, see `serve_file`."""
    if not warehouse.database.is_file:
        raise ServeError(
            f"{warehouse.database} is a lake, whose readers never wait: it needs no server"
        )
    with serve_file(
        warehouse.path,
        readers,
        stages=stages,
        wait_seconds=warehouse.lock_wait_seconds,
        memory_limit=warehouse.memory_limit,
    ):
        yield


@contextmanager
def serve_file(
    path: Path,
    readers: ReadersAddress | None,
    *,
    stages: Path,
    wait_seconds: float,
    memory_limit: str | None = None,
) -> Generator[None]:
    """Serve the DuckDB file while the block runs; it is made if it does not exist.

    `stages` is the folder in which syncs stage rows. Nothing else of this machine's can be read
    through the server. Without `readers` it is there for our own processes only. Raises
    `ServeError`, and another `StorageError` when the file cannot be opened.
    """
    if (other := find_server(path)) is not None:
        raise ServeError(f"{path} is served already, by process {other.process}")
    for folder in (path.parent, stages):
        with explained_failures(folder):
            folder.mkdir(parents=True, exist_ok=True)
    with explained_failures(path), _opened(path, wait_seconds, memory_limit) as connection:
        if readers is not None:
            _let_only_read(connection)
        _shut_out_the_rest(connection, stages)
        if readers is not None:
            _let_readers_in(connection, readers)
        sessions = Sessions(path, connection)
        try:
            sessions.begin()
            yield
        finally:
            sessions.end()
            if readers is not None:
                with suppress(duckdb.Error):
                    connection.execute(f"CALL quack_stop({quote_literal(str(readers))})")
            with suppress(duckdb.Error):  # what is committed is in the .wal otherwise
                connection.execute("CHECKPOINT")


@contextmanager
def _opened(
    path: Path, wait_seconds: float, memory_limit: str | None
) -> Generator[duckdb.DuckDBPyConnection]:
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": f"{path}.tmp",
        **({"memory_limit": memory_limit} if memory_limit else {}),
    }
    with wait_for_file(path, wait_seconds, lambda: duckdb.connect(path, config=config)) as opened:
        opened.execute("SET GLOBAL TimeZone = 'UTC'")
        yield opened


def _shut_out_the_rest(connection: duckdb.DuckDBPyConnection, stages: Path) -> None:
    """Let no query read other files of this machine."""
    connection.execute(
        f"""
        SET GLOBAL allowed_directories = [{quote_literal(str(stages.absolute()))}];
        SET GLOBAL enable_external_access = false;
        """
    )


def _let_only_read(connection: duckdb.DuckDBPyConnection) -> None:
    """Let no query of a reader change anything."""
    for extension in _EXTENSIONS:
        load_into(connection, extension)
    kept_back = [
        name
        for (name,) in connection.execute(
            f"""
            SELECT DISTINCT lower(function_name) FROM duckdb_functions()
            WHERE function_type IN ('table', 'pragma')
                AND NOT regexp_full_match(function_name, '{_FOR_READERS}', 'i')
                OR regexp_full_match(function_name, '{_NOT_FOR_READERS}', 'i')
            """
        ).fetchall()
    ]
    connection.execute(
        f"""
        ATTACH ':memory:' AS {READERS};
        -- Only of what is a query, and one alone, DuckDB tells how it understands it.
        CREATE MACRO {_ONLY_READ}(session, query) AS (
            SELECT json_extract_string(tree, '$.error') = 'false' AND NOT list_has_any(
                list_transform(
                    regexp_extract_all(tree::VARCHAR, '"function_name":"([^"]*)"', 1),
                    lambda name: lower(name)
                ),
                [{", ".join(map(quote_literal, kept_back))}]
            )
            FROM (SELECT json_serialize_sql(query::VARCHAR) AS tree)
        );
        SET GLOBAL quack_authorization_function = '{_ONLY_READ}';
        """
    )


def _let_readers_in(connection: duckdb.DuckDBPyConnection, readers: ReadersAddress) -> None:
    others = ", allow_other_hostname => true" if readers.host not in (LOOPBACK, "localhost") else ""
    if len(readers.token) < _SHORTEST_TOKEN:
        raise ServeError(
            f"the token for readers has less than {_SHORTEST_TOKEN} characters; it is all that "
            "keeps others out"
        )
    try:
        connection.execute(
            f"CALL quack_serve({quote_literal(str(readers))}, "
            f"token => {quote_literal(readers.token)}{others})"
        )
    except duckdb.Error as error:  # without its text, which may have the statement's
        raise ServeError(
            f"{readers} cannot be served: the port is taken by another program, or {readers.host} "
            "is no address of this machine. `packsync serve --port` takes another port"
        ) from error
