"""What a commit has to warn of: rows and deletions that may not be what the pack's author meant.

Each cause is one sentence, which the ledger keeps with the sync (`_sync.runs.warnings`); the run's
log, the asset check `no_warnings` and `packsync status` show it. Nothing here stops a sync.
"""

from collections.abc import Iterator

import duckdb

from pack_sync.commit.row_changes import RowChanges, UnconfirmedRows
from pack_sync.ledger.ledger_tables import RUNS
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.deduplication import StageCounts
from pack_sync.stage.reject_reasons import count_reasons
from pack_sync.stage.relations import BAD_VALUE_REASONS, PAGES, REJECTED, RESUMED, ROWS
from pack_sync.stage.stage import Stage
from pack_sync.warehouse.identifiers import text_of

_FEWEST_DELETIONS = 2
"""How many deleted ids must match nothing: one may be of a row that came and went unseen."""


def data_warnings(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    stage: Stage,
    counts: StageCounts,
    rows: RowChanges,
    record: RunRecord,
) -> list[str]:
    """The warnings of what is about to be committed; `record` is the ledger's line about it."""
    return [
        *_of_deletions(connection, key, counts, rows, record),
        *_of_duplicates(connection, stage, counts, rows, record),
        *_of_unconfirmed(rows.unconfirmed),
        *_of_bad_values(connection, counts),
    ]


def rows_were(count: int) -> str:
    """`1 row was`, `2 rows were`."""
    return "1 row was" if count == 1 else f"{count:,} rows were"


def unusable_deletions(counts: StageCounts) -> Iterator[str]:
    """The warnings of deletions that cannot mean any row."""
    if counts.unusable_deletions:
        count = counts.unusable_deletions
        ids = "1 deleted id" if count == 1 else f"{count:,} deleted ids"
        yield (
            f"{ids} cannot be a value of the id property, so nothing was deleted for "
            f"{'it' if count == 1 else 'them'}; return ids as the rows have them"
        )
    if unusable := counts.unusable_where:
        one = unusable.count == 1
        objects = "an object that means" if one else f"{unusable.count:,} objects that mean"
        yield (
            f"deletedRowIds has {objects} no row, such as {unusable.example}: {unusable.name!r} is "
            f"not {unusable.expected}. Nothing was deleted for {'it' if one else 'them'}; "
            "return values as the rows have them"
        )


def _of_deletions(
    connection: duckdb.DuckDBPyConnection,
    key: SyncKey,
    counts: StageCounts,
    rows: RowChanges,
    record: RunRecord,
) -> Iterator[str]:
    yield from unusable_deletions(counts)
    few = counts.deletes < _FEWEST_DELETIONS
    if few or rows.deleted or rows.of_full_syncs or not rows.rows_before:
        return
    # A pack that looks back a little brings deletions again whose rows are gone by then.
    ((ever,),) = connection.execute(
        f"""
        SELECT coalesce(sum(deleted), 0) FROM {RUNS}
        WHERE pack = ? AND table_name = ? AND mode = 'incremental'
        """,
        [key.pack, key.table],
    ).fetchall()
    if not ever:
        yield (
            f"none of the {counts.deletes:,} deleted ids is the id of a row, in this sync or any "
            f"before; return ids as the rows have them in {record.pack}.{record.table_name}"
        )


def _of_duplicates(
    connection: duckdb.DuckDBPyConnection,
    stage: Stage,
    counts: StageCounts,
    rows: RowChanges,
    record: RunRecord,
) -> Iterator[str]:
    """Of ids that came twice in a full sync.

    But for those that are as they should be: paging by a key may bring the last row of each page
    again, as the first of the next.
    """
    if record.mode != "full" or not counts.duplicates:
        return
    ((at_page_ends,),) = connection.execute(
        f"""
        SELECT count(*) FROM {PAGES} AS page
        JOIN {ROWS} AS first ON first.rowid = page.first_row
        JOIN {ROWS} AS last ON last.rowid = page.first_row - 1
        WHERE first.{stage.id_column} = last.{stage.id_column} AND first.sync = last.sync
        """
    ).fetchall()
    duplicates = counts.duplicates - at_page_ends
    if duplicates > record.pages:
        yield _wrong_id(connection, stage, duplicates, record)
    elif duplicates > 0 and rows.deleted:
        yield (
            f"{rows_were(duplicates)} returned twice and {rows.deleted:,} deleted in one full "
            "sync: if the pack pages by position, rows may have moved between pages while it ran. "
            "Page by a key or by a stable order"
        )


def _wrong_id(
    connection: duckdb.DuckDBPyConnection, stage: Stage, duplicates: int, record: RunRecord
) -> str:
    ((most, times),) = connection.execute(
        f"""
        SELECT {text_of(stage.id_column)}, count(*) FROM {ROWS}
        WHERE sync IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT 1
        """
    ).fetchall()
    return (
        f"{duplicates:,} of {record.rows_returned:,} rows have an id that came before in this "
        f"sync, such as {most!r} ({times:,} times): only the last row of each id is kept. Is "
        f"{stage.id_name!r} the right id property?"
    )


def _of_bad_values(connection: duckdb.DuckDBPyConnection, counts: StageCounts) -> Iterator[str]:
    """Of values that are NULL because they could not be stored."""
    if not counts.bad_values:
        return
    reasons = "; ".join(map(str, count_reasons(connection, BAD_VALUE_REASONS)))
    yield (
        f"{rows_were(counts.bad_values)} stored without values that do not fit their columns: "
        f"{reasons}. The values are NULL, and kept in _sync.bad_values. Correct the schema or the "
        "source"
    )


def _of_unconfirmed(rows: UnconfirmedRows) -> Iterator[str]:
    """Of rows that a full sync did not return and that were kept."""
    if not rows.count:
        return
    which = f"{rows_were(rows.count)} not returned and kept (id {', '.join(rows.ids)}"
    which += ", …)" if rows.count > len(rows.ids) else ")"
    if REJECTED in rows.reasons:
        yield (
            f"{which}: rows were rejected whose ids cannot be told, and these may be among them. "
            "Correct the schema or the source; `packsync rejects` shows what was rejected"
        )
    elif RESUMED in rows.reasons:
        yield (
            f"{which}: this full sync was resumed after an interruption, so they may have moved to "
            "a page that had been read before. The next sync is a full one and decides"
        )
    else:
        yield f"{which}: they are deleted once enough full syncs in a row have not returned them"
