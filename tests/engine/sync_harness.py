"""A pack with one table, made from an `execute` function, and its syncs into a DuckDB file."""

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pack_sdk import Authentication, Pack, Parameter, Schema, SyncExecutionContext, SyncTable
from pack_sdk import make_object_schema as object_schema
from pack_sync.budgets.books import Books
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.sync import SyncOutcome, run_sync
from pack_sync.engine.sync_job import LogLevel, SyncJob
from pack_sync.http.connection import Connection
from pack_sync.ledger.cursors import SyncPosition, read_position
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.settings import SyncSettings
from pack_sync.stage.row_conversion import BadValues
from pack_sync.warehouse.warehouse import Warehouse, table_name
from tests.warehouses import LEDGER_POSITIONS, warehouse_in

PACK = "acme"

ITEM = object_schema(
    properties={"id": {"type": "string"}, "name": {"type": "string"}},
    id_property="id",
    display_property="name",
)


def items(**names: str) -> list[dict[str, Any]]:
    """Rows of `ITEM`, written as id=name."""
    return [{"id": row_id, "name": name} for row_id, name in names.items()]


def last_page(cursor: Any, /, **names: str) -> dict[str, Any]:
    """The last page of a sync: rows of `ITEM` and the cursor for the next sync."""
    return {"result": items(**names), "completion": {"incrementalContinuation": cursor}}


def local_connection(**settings: Any) -> ConnectionSettings:
    """Settings of a connection that may reach this machine."""
    usual: dict[str, Any] = {"name": "acme", "allow_http_localhost": True}
    return ConnectionSettings(**{**usual, **settings})


@dataclass(frozen=True)
class Call:
    """What `execute` was called with."""

    args: list[Any]
    context: SyncExecutionContext


class Scripted:
    """An `execute` that takes the given steps in turn and remembers its calls.

    A step is a page to return, an exception to raise, or a function of (args, context) to
    call. A call for which there is no step left fails.
    """

    def __init__(self, *steps: Any) -> None:
        self.calls: list[Call] = []
        self._steps = list(steps)

    def __call__(self, args: Sequence[Any], context: SyncExecutionContext) -> Any:
        self.calls.append(Call(list(args), context))
        if not self._steps:
            raise AssertionError(f"execute was called {len(self.calls)} times, more than expected")
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(args, context) if callable(step) else step

    def then(self, *steps: Any) -> None:
        """Add steps."""
        self._steps += steps

    @property
    def contexts(self) -> list[SyncExecutionContext]:
        """The contexts of all calls."""
        return [call.context for call in self.calls]


def _nameless(_context: object) -> str:
    raise AssertionError("a sync does not ask for names")


@dataclass(kw_only=True)
class Engine:
    """One table, its configuration, and its syncs; change a field and sync again.

    A sync that fails is not tried again unless `settings` say so, and waits are left out.
    """

    folder: Path
    execute: Callable[..., Any]
    table: str = "Items"
    syncs: Sequence[str] = ("default",)
    schema: Schema = ITEM
    parameters: Sequence[Parameter] = ()
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    validate_parameters: Callable[..., Any] | None = None
    on_error: Callable[..., Any] | None = None
    get_schema: Callable[..., Any] | None = None
    code_version: str = ""
    confirm_deletes: int = 1
    bad_values: BadValues = "reject"
    ignore_next_link: bool = False
    dynamic_url: str | None = None  # with get_schema: makes the table a dynamic one (C23)
    authentication: Authentication = field(default_factory=Authentication)
    connection: ConnectionSettings = field(default_factory=local_connection)
    settings: SyncSettings = field(
        default_factory=lambda: SyncSettings(attempts=1, retry_wait_seconds=0)
    )
    books: Books | None = None
    answers_folder: Path | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    log: list[tuple[LogLevel, str]] = field(default_factory=list[tuple[LogLevel, str]])
    on_log: Callable[[str], object] = bool  # also called with each line of the log

    def sync(self, mode: RequestedMode = "auto", *, name: str = "default") -> SyncOutcome:
        """Sync the table; `name` is one of `syncs`, where there are several (contract C18)."""
        with self.prepared(name) as sync:
            return run_sync(sync, self.warehouse, ModeRequest(configured=mode))

    def configure(self, **changes: Any) -> None:
        """Change some of the settings."""
        self.settings = SyncSettings(**{**self.settings.model_dump(), **changes})

    @contextmanager
    def prepared(self, name: str = "default") -> Generator[SyncJob]:
        """The sync, ready to be run, while its connection is open."""
        pack = Pack()
        table = self._add_table(pack)
        with Connection(self.connection, self.authentication, [], books=self.books) as connection:
            yield SyncJob(
                key=self.key(name),
                table=table,
                runtime=PythonRuntime(pack),
                connection=connection,
                parameters={p.name: self.values.get(p.name) for p in table.parameters},
                dynamic_url=self.dynamic_url,
                code_version=self.code_version,
                spool_folder=self.spools / self.table / name,
                answers_folder=self.answers_folder,
                log=self._write_log,
                settings=self.settings,
                cancelled=self.cancelled,
                configured_syncs=self.syncs,
                confirm_deletes=self.confirm_deletes,
                bad_values=self.bad_values,
                ignore_next_link=self.ignore_next_link,
            )

    def _add_table(self, pack: Pack) -> SyncTable:
        """The table of fixed identity, or the dynamic one if there is a `dynamic_url`."""
        fields: dict[str, Any] = {
            "name": self.table,
            "identity_name": self.table,
            "parameters": self.parameters,
            "validate_parameters": self.validate_parameters,
            "on_error": self.on_error,
            "get_schema": self.get_schema,
        }
        if self.dynamic_url is None:
            return pack.add_sync_table(schema=self.schema, execute=self.execute, **fields)
        return pack.add_dynamic_sync_table(execute=self.execute, get_name=_nameless, **fields)

    def key(self, name: str = "default") -> SyncKey:
        """The sync's key."""
        return SyncKey(pack=PACK, table=self.table, sync=name)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse; engines of one folder share it."""
        return warehouse_in(self.folder)

    @property
    def spools(self) -> Path:
        """Where the folders of running syncs are."""
        return self.folder / "spool"

    @property
    def log_text(self) -> str:
        """All lines of the log."""
        return "\n".join(f"{level}: {message}" for level, message in self.log)

    def rows(self) -> list[dict[str, Any]]:
        """The table by id, without its hidden columns; empty if there is no table."""
        hidden = "* EXCLUDE (_sync, _changed_at, _run_id)"
        return self._query(f"SELECT {hidden} FROM {table_name(PACK, self.table)} ORDER BY ALL")

    def names(self, name: str = "default") -> dict[str, str | None]:
        """The rows of one sync of an `ITEM` table, as {id: name}."""
        table = table_name(PACK, self.table)
        rows = self._query(f"SELECT id, name FROM {table} WHERE _sync = ? ORDER BY id", name)
        return {row["id"]: row["name"] for row in rows}

    def ledger(self) -> list[dict[str, Any]]:
        """The ledger's lines, oldest first."""
        return self._query("SELECT * FROM _sync.runs ORDER BY finished_at")

    def cursor_history(self) -> list[dict[str, Any]]:
        """The cursors that the table's syncs had, oldest first."""
        return self._query("SELECT * FROM _sync.cursor_history ORDER BY recorded_at")

    def position(self, name: str = "default") -> SyncPosition:
        """Where the sync stands."""
        with self.warehouse.read() as connection:
            return read_position(connection, self.key(name))

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """All that a failed sync must leave alone: rows, cursors and their history."""
        tables = [table_name(PACK, self.table), "_sync.cursors", "_sync.cursor_history"]
        return {table: self._query(f"SELECT * FROM {table} ORDER BY ALL") for table in tables}

    def everything_stored(self) -> str:
        """Every value of every table of the warehouse, as one text."""
        tables = self._query("SELECT schema_name AS s, table_name AS t FROM duckdb_tables()")
        return "\n".join(str(self._query(f"FROM {table_name(t['s'], t['t'])}")) for t in tables)

    def _write_log(self, level: LogLevel, message: str) -> None:
        self.log.append((level, message))
        self.on_log(message)

    def _query(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.warehouse.read() as connection:
            try:
                result = connection.execute(query, list(values))
            except duckdb.CatalogException:  # nothing was ever applied
                return []
            columns = [column[0] for column in result.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]


def mangle_cursors(engine: Engine, cursor: str) -> None:
    """Let the ledger have `{"next": "/x?t=[secret]"}` for this cursor, as earlier versions did."""
    with engine.warehouse.write() as connection:
        for table in (LEDGER_POSITIONS, "_sync.cursor_history"):
            connection.execute(
                f"UPDATE {table} SET cursor = ? WHERE cursor = to_json(?)",
                ['{"next":"/x?t=[secret]"}', cursor],
            )
