"""Why rows were rejected: their reasons, counted by kind for people to read."""

from dataclasses import dataclass

import duckdb

_REASONS_SHOWN = 5

KIND_OF_REASON = """regexp_replace(reason, '^(property .*?[''"]: ).*( is not )', '\\1…\\2', 's')"""
"""SQL for a reason without the value that it quotes: what many rows have in common."""


@dataclass(frozen=True, kw_only=True)
class ReasonCount:
    """One of the reasons that differ only in the value at fault, and how many rows they have.

    `sample_id` is the id of the row whose reason it is, None if that has none.
    """

    reason: str
    rows: int
    sample_id: str | None

    def __str__(self) -> str:
        row = f"id {self.sample_id}" if self.sample_id else "without an id"
        if self.rows > 1:
            row = f"{self.rows:,} rows like this, one is {row}"
        return f"{self.reason} ({row})"


def count_reasons(connection: duckdb.DuckDBPyConnection, relation: str) -> list[ReasonCount]:
    """The most frequent reasons of a relation with the columns `reason` and `row_id`."""
    rows = connection.execute(
        f"""
        SELECT arg_min(reason, (row_id, reason)), count(*) AS rows, min(row_id)
        FROM {relation} AS rejected
        GROUP BY {KIND_OF_REASON}
        ORDER BY rows DESC, {KIND_OF_REASON} LIMIT {_REASONS_SHOWN}
        """
    ).fetchall()
    return [
        ReasonCount(reason=reason, rows=count, sample_id=row_id) for reason, count, row_id in rows
    ]
