"""A bench for syncs: pages in, the contents of the table out."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pack_sdk.results import Completion
from pack_sdk.schemas import Schema, make_object_schema
from pack_sync.commit.commit import commit_stage
from pack_sync.commit.commit_request import CommitRequest, CommitResult
from pack_sync.commit.target_table import HIDDEN_COLUMNS
from pack_sync.ledger.cursors import PositionChange, SyncPosition, read_position
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.warehouse import Warehouse, table_name
from tests.warehouses import warehouse_in

HIDDEN = {column.name for column in HIDDEN_COLUMNS}


def a_page(
    *rows: Any,
    deleted: Sequence[Any] = (),
    continuation: Any = None,
    completion: Completion | None = None,
) -> Page:
    """A page with these rows, as a Python pack would return them."""
    return Page(
        rows=to_lines(rows),
        row_count=len(rows),
        continuation=continuation,
        completion=completion,
        deleted_row_ids=list(deleted),
    )


def a_schema(**properties: Any) -> Schema:
    """A row's schema; a string `id` and the given properties (a type, or a mapping)."""
    given: dict[str, Any] = {
        name: {"type": prop} if isinstance(prop, str) else prop for name, prop in properties.items()
    }
    return make_object_schema(
        id_property="id",
        display_property="id",
        properties={"id": {"type": "string"}, **given},
    )


def spooled(folder: Path, pages: Sequence[Page]) -> Spool:
    """A closed spool that holds the pages."""
    spool = Spool.begin(folder)
    for page in pages:
        spool.append(page)
    spool.close()
    return spool


@dataclass(frozen=True, kw_only=True)
class Staged:
    """What a stage made of pages: its counts, and its relations as lists."""

    counts: StageCounts
    upserts: list[tuple[Any, ...]]
    rejects: list[tuple[Any, ...]]
    deletes: list[Any]


def stage_pages(folder: Path, schema: Schema, *pages: Page) -> Staged:
    """Stage the pages; `upserts` are the rows that count, in order of arrival."""
    with Stage(folder / "stage.duckdb", schema) as stage:
        part = StagePart(sync="default", complete=False)
        counts = stage.load(spooled(folder / "spool", pages), [part])
        columns = ", ".join(f"c{i}" for i in range(len(stage.columns)))
        stage.close()
    with duckdb.connect(folder / "stage.duckdb", read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return Staged(
            counts=counts,
            upserts=connection.sql(f"SELECT {columns} FROM upserts ORDER BY stage_row").fetchall(),
            rejects=connection.sql(
                "SELECT page, id, problem, line FROM rejects ORDER BY page, line"
            ).fetchall(),
            deletes=[
                row[0] for row in connection.sql("SELECT id FROM deletes ORDER BY 1").fetchall()
            ],
        )


@dataclass(kw_only=True)
class SyncBench:
    """Spools, stages and applies pages to a warehouse in `folder`, one sync after another.

    Each sync starts from the position that the one before left, unless `before` says else.
    """

    folder: Path
    schema: Schema = field(default_factory=lambda: a_schema(name="string", size="number"))
    key: SyncKey = field(default_factory=lambda: SyncKey(pack="acme", table="Tasks"))
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse of the bench."""
        return warehouse_in(self.folder, lock_wait_seconds=5)

    def full(self, *pages: Page, **options: Any) -> CommitResult:
        """A complete full sync that brought these pages."""
        return self.sync(*pages, complete=True, **options)

    def incremental(self, *pages: Page, **options: Any) -> CommitResult:
        """An incremental sync that brought these pages."""
        return self.sync(*pages, complete=False, **options)

    def sync(
        self,
        *pages: Page,
        complete: bool,
        cursor: Any = None,
        schema: Schema | None = None,
        key: SyncKey | None = None,
        before: SyncPosition | None = None,
        **more: Any,
    ) -> CommitResult:
        """One sync, from its pages to the commit; `more` goes into the request."""
        number, key = next(self.numbers), key or self.key
        folder = self.folder / f"sync-{number}"
        with Stage(self._made(folder) / "stage.duckdb", schema or self.schema) as stage:
            part = StagePart(sync=key.sync, complete=complete)
            counts = stage.load(spooled(folder / "spool", pages), [part])
            request = self.request(
                f"execution-{number}", key, complete=complete, cursor=cursor, before=before
            )
            return commit_stage(self.warehouse, stage, counts, replace(request, **more))

    def request(
        self,
        execution_id: str,
        key: SyncKey,
        *,
        complete: bool,
        cursor: Any = None,
        before: SyncPosition | None = None,
    ) -> CommitRequest:
        """What such a sync wants to commit."""
        now = datetime.now(UTC)
        before = self.position(key) if before is None else before
        return CommitRequest(
            key=key,
            changes=[
                PositionChange(
                    sync=key.sync,
                    before=before,
                    after=SyncPosition(
                        cursor=cursor,
                        no_cursor_reason="the pack gave none",
                        execution_id=execution_id,
                    ),
                    reason="a test",
                )
            ],
            record=RunRecord(
                execution_id=execution_id,
                dagster_run_id=None,
                pack=key.pack,
                table_name=key.table,
                sync=key.sync,
                mode="full" if complete else "incremental",
                mode_reason="a test",
                status="succeeded",
                started_at=now,
                finished_at=now,
                cursor_before=before.cursor,
                cursor_after=cursor,
            ),
        )

    def position(self, key: SyncKey | None = None) -> SyncPosition:
        """Where the sync stands."""
        with self.warehouse.read() as connection:
            return read_position(connection, key or self.key)

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The answer of the warehouse."""
        with self.warehouse.read() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def rows(self, *, hidden: bool = False, order: str = '"id"') -> list[dict[str, Any]]:
        """The contents of the table, by id, with the hidden columns only if asked for."""
        with self.warehouse.read() as connection:
            name = f"{self.warehouse.database.name}.{table_name(self.key.pack, self.key.table)}"
            found = connection.execute(f"SELECT * FROM {name} ORDER BY {order}, _sync")
            names = [column[0] for column in found.description or []]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        return rows if hidden else [_without(row, HIDDEN) for row in rows]

    def rejected(self) -> list[tuple[Any, ...]]:
        """The rejected rows that are kept: id, reason, page, sync that did it."""
        return self.query(
            "SELECT row_id, reason, page, execution_id FROM _sync.rejected_rows ORDER BY ALL"
        )

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that the warehouse holds, and the columns it holds it in."""
        with self.warehouse.read() as connection:
            names = connection.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
            ).fetchall()
            content = {
                f"{schema}.{table}": connection.execute(
                    f"FROM {self.warehouse.database.name}.{table_name(schema, table)} ORDER BY ALL"
                ).fetchall()
                for schema, table in names
            }
            content["columns"] = connection.execute(
                "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE NOT internal ORDER BY ALL"
            ).fetchall()
        return content

    @staticmethod
    def _made(folder: Path) -> Path:
        folder.mkdir(parents=True)
        return folder


def counts_of(applied: CommitResult) -> dict[str, int]:
    """The counts of a sync that are not 0."""
    record = applied.record
    counts = {
        "inserted": record.inserted,
        "updated": record.updated,
        "unchanged": record.unchanged,
        "deleted": record.deleted,
        "rejected": record.rejected,
        "duplicates": record.duplicates,
    }
    return {name: count for name, count in counts.items() if count}


def _without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
