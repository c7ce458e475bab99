"""What a sync changes, for people to look at: some rows of each kind.

Reads the temporary tables of `pack_sync.commit.finding_changes` and the attached stage, in the
transaction; `OnChanges` does so before the changes are made. Values are as DuckDB writes them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import duckdb

from pack_sync.commit.row_changes import RowChanges, changed_rows
from pack_sync.stage.reject_reasons import ReasonCount, count_reasons
from pack_sync.stage.relations import CHANGED, DELETED, REJECT_REASONS, REJECTS, UPSERTS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier, text_of

OnChanges: TypeAlias = Callable[[duckdb.DuckDBPyConnection, str, StagedRows], None]
"""Is shown what a sync is about to change: the connection, the table's quoted name, the stage."""

Values: TypeAlias = Mapping[str, str | None]
"""A row, by column; None is NULL."""


@dataclass(frozen=True, kw_only=True)
class UpdatedRow:
    """A row that changes: its id, and of each column that differs the old and the new value."""

    row_id: str
    columns: Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, kw_only=True)
class ChangeSample:
    """Some of the rows that are inserted, updated and deleted, and why rows are rejected.

    `rejected` is how many rows are; the reasons are the most frequent ones.
    """

    inserted: Sequence[Values] = ()
    updated: Sequence[UpdatedRow] = ()
    deleted: Sequence[Values] = ()
    reject_reasons: Sequence[ReasonCount] = ()
    rejected: int = 0


def sample_changes(
    connection: duckdb.DuckDBPyConnection, table: str, stage: StagedRows, *, limit: int
) -> ChangeSample:
    """At most `limit` rows of each kind, in order of arrival; `table` is its quoted name."""
    names = [column.name for column in stage.columns]
    new = _texts("new", [f"c{i}" for i in range(len(names))])
    old = _texts("old", [quote_identifier(name) for name in names])
    inserted = connection.execute(
        f"""
        SELECT {new}
        FROM {CHANGED} JOIN {UPSERTS} AS new USING (stage_row)
        WHERE is_new
        ORDER BY stage_row LIMIT ?
        """,
        [limit],
    ).fetchall()
    deleted = connection.execute(
        f"""
        SELECT {old}
        FROM {DELETED} AS gone JOIN {table} AS old ON {_same_row(stage, "gone")}
        ORDER BY gone.id, gone.sync LIMIT ?
        """,
        [limit],
    ).fetchall()
    ((rejected,),) = connection.execute(f"SELECT count(*) FROM {REJECTS}").fetchall()
    return ChangeSample(
        inserted=[dict(zip(names, values, strict=True)) for (values,) in inserted],
        updated=_updated(connection, table, stage, limit),
        deleted=[dict(zip(names, values, strict=True)) for (values,) in deleted],
        reject_reasons=count_reasons(connection, REJECT_REASONS),
        rejected=rejected,
    )


def _updated(
    connection: duckdb.DuckDBPyConnection, table: str, stage: StagedRows, limit: int
) -> list[UpdatedRow]:
    names = [column.name for column in stage.columns]
    quoted = [quote_identifier(name) for name in names]
    differs = ", ".join(f"old.{name} IS DISTINCT FROM new.c{i}" for i, name in enumerate(quoted))
    rows = connection.execute(
        f"""
        SELECT
            {text_of(f"new.{stage.id_column}")},
            [{differs}],
            {_texts("old", quoted)},
            {_texts("new", [f"c{i}" for i in range(len(names))])}
        FROM (
            SELECT * FROM {CHANGED} WHERE NOT is_new ORDER BY stage_row LIMIT ?
        ) AS picked
        JOIN {UPSERTS} AS new USING (stage_row)
        JOIN {table} AS old ON {_same_row(stage, "picked")}
        ORDER BY stage_row
        """,
        [limit],
    ).fetchall()
    return [
        UpdatedRow(
            row_id=row_id,
            columns={
                name: (before, after)
                for name, differs, before, after in zip(names, flags, old, new, strict=True)
                if differs
            },
        )
        for row_id, flags, old, new in rows
    ]


def _same_row(stage: StagedRows, relation: str) -> str:
    """SQL: the row of the table, `old`, is the one that a relation names."""
    return f"old.{quote_identifier(stage.id_name)} = {relation}.id AND old._sync = {relation}.sync"


def _texts(relation: str, columns: Sequence[str]) -> str:
    """SQL: the columns of a relation as a list of texts."""
    return f"[{', '.join(text_of(f'{relation}.{column}') for column in columns)}]"


def sample_of_changes(
    connection: duckdb.DuckDBPyConnection,
    stage: StagedRows,
    changes: RowChanges,
    columns: Sequence[str],
    limit: int,
) -> list[dict[str, str | None]]:
    """Some of the inserted and updated rows, as text, by column; those of the table's columns.

    Read from the stage, because to find them in the table may take long.
    """
    if not columns or not (changes.inserted or changes.updated):
        return []
    staged = {
        column.name: text_of(f"c{i}", column.sql_type) for i, column in enumerate(stage.columns)
    }
    values = ", ".join(staged[name] for name in columns)
    rows = connection.execute(
        f"SELECT {values} FROM {changed_rows(changes)} LIMIT {limit}"
    ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


class ChangeSampler:
    """An `OnChanges` that takes samples of the changes of one sync; of a crawl's, batch by batch.

    `sample` holds at most `rows` rows of each kind.
    """

    def __init__(self, rows: int) -> None:
        self.sample = ChangeSample()
        self._rows = rows

    def __call__(
        self, connection: duckdb.DuckDBPyConnection, table: str, stage: StagedRows
    ) -> None:
        """Add to the sample what is about to be changed."""
        more = sample_changes(connection, table, stage, limit=self._rows)
        self.sample = ChangeSample(
            inserted=[*self.sample.inserted, *more.inserted][: self._rows],
            updated=[*self.sample.updated, *more.updated][: self._rows],
            deleted=[*self.sample.deleted, *more.deleted][: self._rows],
            reject_reasons=[*self.sample.reject_reasons, *more.reject_reasons][: self._rows],
            rejected=self.sample.rejected + more.rejected,
        )
