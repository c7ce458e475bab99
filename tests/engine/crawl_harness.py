"""Crawls of one parent property: what its children are called with, in both languages."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pack_sdk import Pack, make_object_schema, make_parameter
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import LogLine, TableFailed, TableFinished, TableRuns
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.warehouse import Warehouse
from tests.warehouses import warehouse_in

Language = Literal["python", "typescript"]

_CALLS = make_object_schema(
    properties={"url": {"type": "string"}, "json": {"type": "string"}, "kind": {"type": "string"}},
    id_property="url",
    display_property="url",
)


@dataclass(kw_only=True)
class CrawledProperty:
    """A pack whose `Boards` have a property `key`, of which `Cards` are crawled.

    Each child has one row, whose id is the URL that the pack would ask for, and which has the
    argument as JSON; `calls` has the arguments and cursors of a Python pack's children.
    """

    folder: Path
    key: dict[str, Any]
    values: Sequence[Any]
    key_is_id: bool = False
    parameter_type: str = "string"
    language: Language = "python"
    calls: list[tuple[Any, Any]] = field(default_factory=list[tuple[Any, Any]])
    deleted: list[Any] = field(default_factory=list[Any])
    messages: list[str] = field(default_factory=list[str])

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return warehouse_in(self.folder)

    def pack(self) -> Pack:
        """The pack in Python; `Boards` are in Python in any case."""
        pack = Pack()
        properties: Any = {"key": self.key}
        if not self.key_is_id:
            properties = {"id": {"type": "string"}, **properties}
        first = next(iter(properties))
        boards_schema = make_object_schema(
            properties=properties, id_property=first, display_property=first
        )

        @pack.add_sync_table(name="Boards", identity_name="Board", schema=boards_schema)
        def boards(_args: Any, _context: Any) -> Any:
            rows = [{"id": f"b{i}", "key": value} for i, value in enumerate(self.values)]
            done = {"completion": {"incrementalContinuation": "boards"}}
            return {"result": rows, "deletedRowIds": self.deleted, **done}

        parameter = make_parameter(
            name="key",
            type=self.parameter_type,
            crawl_strategy={"parentTable": {"tableName": "Boards", "propertyKey": "key"}},
        )

        @pack.add_sync_table(
            name="Cards", identity_name="Card", schema=_CALLS, parameters=[parameter]
        )
        def cards(args: Sequence[Any], context: Any) -> Any:
            previous = context.sync.previous_completion
            self.calls.append((args[0], previous and previous.incremental_continuation))
            text, kind = json.dumps(args[0], default=str), type(args[0]).__name__
            row = {"url": f"/boards/{args[0]}", "json": text, "kind": kind}
            return {"result": [row], "completion": {"incrementalContinuation": f"c{args[0]}"}}

        return pack

    def run(
        self, *tables: str, mode: Any = "auto", approve_deletes: bool = False
    ) -> dict[str, TableFinished | TableFailed]:
        """Sync these tables, or both, in one run; how each ended."""
        definition = PackTables(name="acme", pack=self.pack())
        connection = Connection(
            ConnectionSettings(name="default"), definition.pack.authentication, []
        )
        runs = TableRuns(max_parallel=2)
        jobs = [
            SyncJob(
                key=SyncKey(pack="acme", table=table),
                table=definition.pack.sync_tables[table],
                runtime=self._runtime(definition.pack, table),
                connection=connection,
                parameters=definition.parameters_of(table),
                spool_folder=self.folder / "spool" / table,
                log=runs.log,
                crawl=definition.crawl_of(table, "default"),
                settings=SyncSettings(attempts=1, retry_wait_seconds=0),
                cancelled=runs.cancelled,
                approve_deletes=approve_deletes,
            )
            for table in tables or ("Boards", "Cards")
        ]
        self.calls.clear()
        with connection:
            events = list(runs.run(jobs, self.warehouse, ModeRequest(configured=mode)))
        self.messages = [event.message for event in events if isinstance(event, LogLine)]
        return {
            event.key.table: event
            for event in events
            if isinstance(event, TableFinished | TableFailed)
        }

    def _runtime(self, pack: Pack, table: str) -> PackRuntime:
        if self.language == "python" or table == "Boards":
            return PythonRuntime(pack)
        from pack_sync.runtimes.typescript.bundle import Bundle
        from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime

        file = self.folder / "bundle.js"
        file.write_text(_BUNDLE)
        return TypeScriptRuntime(pack, Bundle(file=file, folder=self.folder))

    def children(self) -> list[tuple[str, str, str]]:
        """Of each child the URL, the argument as JSON, and its type; in order of the URL."""
        return self.query('SELECT url, json, kind FROM acme."Cards" ORDER BY 1')

    def query(self, sql: str) -> list[Any]:
        """The warehouse's answer."""
        with self.warehouse.read() as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        """Change the warehouse behind the engine's back."""
        with self.warehouse.write() as connection:
            connection.execute(sql)

    def with_values(self, *values: Any) -> "CrawledProperty":
        """The same with other rows at the source."""
        return replace(self, values=values)


_BUNDLE = """'use strict';
exports.pack = {
    syncTables: [{
        name: "Cards", identityName: "Card",
        getter: {
            name: "Cards", parameters: [{name: "key"}],
            async execute([key], context) {
                const kind = typeof key;
                const row = {url: `/boards/${key}`, json: JSON.stringify(key), kind};
                return {result: [row], completion: {incrementalContinuation: `c${key}`}};
            },
        },
    }],
};
"""
