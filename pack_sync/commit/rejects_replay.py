"""Replaying rejected rows: what fits the pack's present schema is applied after all (S4).

Why that is sound. A rejected row with an id stays in `_sync.rejected_rows` only as long as no
newer version of it has come through the engine:

- a good version, a deletion or another reject of the id forgets it, in the transaction that
  applies it (`pack_sync.ledger.rejected_rows.keep_rejects`), and within one sync in the stage;
- a full sync, which proves by absence that a row is gone, forgets all rejects of its sync;
- a sync that is no longer configured, or whose parent is gone, takes its rejects along.

So the kept row is the newest that is known of its id: applying it neither brings back a deleted
row nor overwrites a newer one. Times are not compared: `_changed_at` of a row that came again
unchanged is older than its reject. What this does not hold for is not replayed: rows without an
id, of which nobody knows whether they have come again, and rows of failed syncs, which the next
sync brings again because the cursor has stayed.

A replay is one transaction, like a sync's, and reads the rows inside it; so whichever of a
replay and a sync commits first, the other finds what it left. The cursor is not touched: a sync
that is running meanwhile goes on, and what it brings is newer.
"""

import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pack_sdk.schemas import Schema
from pack_sync.commit.finding_changes import find_changes
from pack_sync.commit.row_changes import RowChanges, make_changes
from pack_sync.commit.table_descriptions import forget_descriptions
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.bad_values import keep_bad_values, stored_rows
from pack_sync.ledger.cursors import forget_schema, read_position
from pack_sync.ledger.ledger_tables import REJECTED_ROWS
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.rejected_rows import FAILED, RejectFilter, count_rejects, where_of
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord, record_run
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import REJECT_REASONS, REJECTS, ROWS
from pack_sync.stage.row_conversion import BadValues
from pack_sync.stage.stage import Stage
from pack_sync.stage.stage_file import attach_stage, has_bad_values
from pack_sync.stage.staged_pages import StagePart
from pack_sync.warehouse.identifiers import text_of
from pack_sync.warehouse.warehouse import Warehouse

REPLAY = "replay"
"""The mode of a replay in the ledger."""

_BATCH = 1_000

_NO_CHANGES = RowChanges(inserted=0, updated=0, unchanged=0, deleted=0)


class ReplayRefusedError(Exception):
    """The rejected rows cannot be replayed; nothing was changed. The message says why."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay did.

    `applied` rows fit now and were removed from the rejected ones; `without_values` of them lack
    values that do not fit (`_sync.bad_values`). `changes` is what that changed in the table.
    `remaining` still do not fit, for `reasons`. `without_id` and `of_failed_syncs` were left alone.
    `execution_id` finds the line of the ledger, which there is if any row was typed.
    """

    execution_id: str | None = None
    applied: int = 0
    without_values: int = 0
    changes: RowChanges = _NO_CHANGES
    remaining: int = 0
    reasons: Sequence[ReasonCount] = ()
    without_id: int = 0
    of_failed_syncs: int = 0
    schema_changes: Sequence[str] = ()


def replay_rejects(
    warehouse: Warehouse,
    key: SyncKey,
    schema: Schema,
    folder: Path,
    *,
    schema_fingerprint: str | None = None,
    bad_values: BadValues = "reject",
) -> Replay:
    """Type the rejected rows of a sync, and of its crawled children, by `schema`, and apply.

    `folder` is scratch space for the typing; `bad_values` is the table's setting (contract S4).
    `schema_fingerprint` is the schema's part of a position's fingerprint: if the schema is not the
    one of the last sync, the table is of none from now on, and its next syncs are full, whichever
    schema they have. Raises `ReplayRefusedError` when the table has never been synced or its id
    has become another, and `StorageError` or `duckdb.Error` when the warehouse cannot be written;
    the warehouse is then as it was.
    """
    wanted = RejectFilter(pack=key.pack, table=key.table, sync=key.sync)
    with warehouse.read() as connection:
        if not count_rejects(connection, wanted):
            return Replay()
    with warehouse.write() as connection:
        create_ledger(connection)
        kept = _KeptRows(connection, key)
        kept.choose()
        if not kept.count:
            return kept.result()
        table = TargetTable(connection, key)
        if not table.existing_columns():
            raise ReplayRefusedError(
                f"{key}: the table has never been synced, so there is nothing to add rows to; "
                f"sync it first: packsync sync {key.pack}.{key.table}"
            )
        limit = warehouse.memory_limit
        scratch = folder / "stage.duckdb"
        with Stage(scratch, schema, memory_limit=limit, bad_values=bad_values) as stage:
            kept.type_by(stage, folder / "spool")
            schema_changes = table.fit_columns(stage.columns)
            if schema_changes:
                forget_descriptions(connection, table)
            changes = find_changes(connection, table, stage)
            at = datetime.now(UTC)
            make_changes(connection, table, stage, changes, execution_id=kept.execution_id, at=at)
            keep_bad_values(
                connection,
                key,
                table=table.name,
                id_name=stage.id_name,
                stored=stored_rows(stage.id_column),
                any_new=has_bad_values(connection),
                execution_id=kept.execution_id,
                at=at,
            )
        kept.forget_applied()
        forget_schema(connection, key, schema_fingerprint, anyway=bool(schema_changes))
        result = replace(kept.result(), changes=changes, schema_changes=schema_changes)
        record_run(connection, kept.record(result))
    return result


class _KeptRows:
    """The rejected rows that a replay is about, inside its transaction.

    The temporary table `replayed` holds them, by `position`: rows of a sync in the order in
    which they were rejected, which is the order of rows in the stage.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, key: SyncKey) -> None:
        self.execution_id = uuid.uuid4().hex
        self.count = 0
        self._connection = connection
        self._key = key
        self._started_at = datetime.now(UTC)
        self._counts: StageCounts | None = None

    def choose(self) -> None:
        """Find the rows that may be replayed."""
        where, values = self._of_table()
        self._connection.execute(
            f"""
            CREATE TEMP TABLE replayed AS
            SELECT
                row_number() OVER (ORDER BY sync, rejected_at, page, rowid) - 1 AS position,
                rowid AS kept_row, sync, row_id, row
            FROM {REJECTED_ROWS}
            WHERE {where} AND row_id IS NOT NULL AND NOT {FAILED}
            """,
            values,
        )
        self.count = self._number("SELECT count(*) FROM replayed")

    def type_by(self, stage: Stage, folder: Path) -> None:
        """Load the rows into the stage, as a sync that brings them again, and attach it."""
        spool = Spool.begin(folder)
        parts: dict[str, StagePart] = {}
        for sync, lines in self._pages():
            number = len(parts)
            part = parts.setdefault(sync, StagePart(sync=sync, complete=False, number=number))
            rows = "".join(f"{line}\n" for line in lines).encode()
            spool.append(Page(rows=rows, row_count=len(lines)), part.number)
        spool.close()
        self._counts = stage.load(spool, list(parts.values()))
        stage.close()
        attach_stage(self._connection, stage.path)
        self._check_ids(stage)

    def _pages(self) -> Iterator[tuple[str, list[str]]]:
        """The rows in order, as pages of one sync each."""
        found = self._connection.execute(
            "SELECT sync, CAST(row AS VARCHAR) FROM replayed ORDER BY position"
        )
        while batch := found.fetchmany(_BATCH):
            for sync, rows in itertools.groupby(batch, key=lambda row: row[0]):
                yield sync, [line for _, line in rows]

    def _check_ids(self, stage: Stage) -> None:
        """Rows that fit must have the ids that they were kept by: no other is known newest."""
        typed = f"typed.{stage.id_column}"
        id_type = stage.columns[stage.id_index].sql_type  # of which it may not have been then
        other = self._connection.execute(
            f"""
            SELECT row_id, {text_of(typed)} AS id
            FROM replayed JOIN {ROWS} AS typed ON typed.rowid = position
            WHERE typed.problem IS NULL AND row_id <> id
                AND TRY_CAST(row_id AS {id_type}) IS DISTINCT FROM {typed}
            LIMIT 1
            """
        ).fetchone()
        if other is not None:
            raise ReplayRefusedError(
                f"{self._key}: with the pack's current schema the id of the row kept as "
                f"{other[0]!r} is {other[1]!r}, so it is not known whether that row has been "
                "changed or deleted since. Sync the table instead: the changed schema makes that "
                "a full sync, which fetches all rows"
            )

    def forget_applied(self) -> None:
        """Remove the rows that fit; the others get the reason that they have now."""
        self._connection.execute(
            f"""
            DELETE FROM {REJECTED_ROWS}
            WHERE rowid IN (
                SELECT kept_row FROM replayed
                WHERE position NOT IN (SELECT stage_row FROM {REJECTS})
            )
            """
        )
        self._connection.execute(
            f"""
            UPDATE {REJECTED_ROWS} AS kept SET reason = problem
            FROM replayed JOIN {REJECTS} ON stage_row = position
            WHERE kept.rowid = kept_row
            """
        )

    def result(self) -> Replay:
        """What became of the rows, but for what changed in the table."""
        where, values = self._of_table()
        remaining = self._counts.rejected if self._counts else 0
        reasons: list[ReasonCount] = []
        if remaining:
            reasons = count_reasons(self._connection, REJECT_REASONS)
        kept = f"SELECT count(*) FROM {REJECTED_ROWS} WHERE {where}"
        return Replay(
            execution_id=self.execution_id if self._counts else None,
            applied=self.count - remaining if self._counts else 0,
            without_values=self._counts.bad_values if self._counts else 0,
            remaining=remaining,
            reasons=reasons,
            without_id=self._number(f"{kept} AND row_id IS NULL AND NOT {FAILED}", values),
            of_failed_syncs=self._number(f"{kept} AND {FAILED}", values),
        )

    def record(self, result: Replay) -> RunRecord:
        """The ledger's line. The cursor is the same before and after."""
        cursor = read_position(self._connection, self._key).cursor
        return RunRecord(
            execution_id=self.execution_id,
            dagster_run_id=None,
            pack=self._key.pack,
            table_name=self._key.table,
            sync=self._key.sync,
            mode=REPLAY,
            mode_reason="rejected rows were typed again by the pack's present schema",
            status="succeeded",
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            rows_returned=self.count,
            inserted=result.changes.inserted,
            updated=result.changes.updated,
            unchanged=result.changes.unchanged,
            rejected=result.remaining,
            duplicates=self._counts.duplicates if self._counts else 0,
            cursor_before=cursor,
            cursor_after=cursor,
        )

    def _of_table(self) -> tuple[str, list[Any]]:
        """SQL, with its values: the rejected rows of this sync."""
        return where_of(
            RejectFilter(pack=self._key.pack, table=self._key.table, sync=self._key.sync)
        )

    def _number(self, query: str, values: Sequence[Any] = ()) -> int:
        row = self._connection.execute(query, list(values)).fetchone()
        return row[0] if row else 0
