"""The guard: a sync that would delete a large share of the rows is held (contract D8).

An API that answers 200 with half of its rows, or with none, looks like one whose rows are gone.
Only a person can tell; so nothing of such a sync is applied until somebody has. Rows of a crawled
table that would go because their parents are gone are kept in the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import duckdb

from pack_sync.commit.restored_values import as_it_was
from pack_sync.commit.target_table import HIDDEN_COLUMNS, TargetTable
from pack_sync.stage.relations import DELETED, FULL_SYNCS, UPSERTS
from pack_sync.warehouse.identifiers import quote_identifier

if TYPE_CHECKING:
    from pack_sync.settings import DeleteGuard  # and with it pydantic, which readers need not load

_SAMPLE_ROWS = 10


@dataclass(frozen=True, kw_only=True)
class LargeDelete:
    """What a full sync would delete of the `rows_before` rows of its sync.

    `rows_returned` are those that count; `sample` are some of the rows that would go.
    """

    sync: str
    rows_before: int
    rows_returned: int
    deletes: int
    sample: Sequence[dict[str, Any]]


class LargeDeleteError(Exception):
    """Full syncs would delete more than the guard lets pass; nothing was applied."""

    def __init__(self, deletes: Sequence[LargeDelete]) -> None:
        super().__init__(", ".join(f"{each.sync}: {each.deletes:,} rows" for each in deletes))
        self.deletes = deletes


@dataclass(frozen=True, kw_only=True)
class KeptChildren:
    """Crawled syncs whose parents are gone, and whose rows the guard keeps all the same.

    `rows` are theirs, of `rows_before` that were crawled in all.
    """

    syncs: Sequence[str]
    rows: int
    rows_before: int


def check_children(
    connection: duckdb.DuckDBPyConnection,
    table: TargetTable,
    keep: Sequence[str],
    guard: "DeleteGuard | None",
) -> KeptChildren | None:
    """The children that are not in `keep`, if the guard does not let their rows go; else None."""
    if guard is None or table.key.sync in keep:  # approved; or a sync that crawls nothing
        return None
    parent = f"{table.key.sync}/"
    found = connection.execute(
        f"""
        SELECT _sync, count(*), _sync IN (SELECT unnest(?::VARCHAR[])) AS stays
        FROM {table.name} WHERE starts_with(_sync, ?) GROUP BY ALL
        """,
        [list(keep), parent],
    ).fetchall()
    going = {sync: count for sync, count, stays in found if not stays}
    rows, before = sum(going.values()), sum(count for _, count, _ in found)
    all_gone = guard.hold_empty and bool(going) and not any(s.startswith(parent) for s in keep)
    if not (all_gone or guard.holds(rows, before)):
        return None
    return KeptChildren(syncs=sorted(going), rows=rows, rows_before=before)


def check_deletes(
    connection: duckdb.DuckDBPyConnection, table: TargetTable, id_name: str, guard: "DeleteGuard"
) -> None:
    """Look at what `find_changes` found; `id_name` is the column of the id.

    Raises `LargeDeleteError` that names every sync which the guard does not let pass.
    """
    large = [
        LargeDelete(
            sync=sync,
            rows_before=before,
            rows_returned=returned,
            deletes=deletes,
            sample=_sample(connection, table, quote_identifier(id_name), sync),
        )
        for sync, deletes, before, returned in _complete_parts_with_deletes(connection, table)
        if guard.holds(deletes, before) or (guard.hold_empty and not returned)
    ]
    if large:
        raise LargeDeleteError(large)


def _complete_parts_with_deletes(
    connection: duckdb.DuckDBPyConnection, table: TargetTable
) -> Sequence[tuple[str, int, int, int]]:
    """Of each full sync that deletes: its name, rows to delete, rows before, rows returned."""
    going = connection.execute(
        f"SELECT sync, count(*) FROM {DELETED} WHERE sync IN {FULL_SYNCS} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    if not going:
        return []
    syncs = [sync for sync, _ in going]
    before = _counts(connection, f"SELECT _sync AS sync FROM {table.name}", syncs)
    returned = _counts(connection, f"SELECT sync FROM {UPSERTS}", syncs)
    return [(sync, count, before[sync], returned.get(sync, 0)) for sync, count in going]


def _counts(
    connection: duckdb.DuckDBPyConnection, relation: str, syncs: Sequence[str]
) -> dict[str, int]:
    """How many rows of a relation belong to each of the syncs."""
    rows = connection.execute(
        f"SELECT sync, count(*) FROM ({relation}) WHERE sync IN (SELECT unnest(?)) GROUP BY ALL",
        [syncs],
    ).fetchall()
    return dict(rows)


def _sample(
    connection: duckdb.DuckDBPyConnection, table: TargetTable, key: str, sync: str
) -> list[dict[str, Any]]:
    """Some of the rows that would be deleted, without the hidden columns."""
    hidden = ", ".join(column.name for column in HIDDEN_COLUMNS)
    rows = connection.sql(
        f"""
        SELECT to_json(going), going
        FROM (
            SELECT * EXCLUDE ({hidden}) FROM {table.name}
            WHERE _sync = ? AND {key} IN (SELECT id FROM {DELETED} WHERE sync = ? LIMIT ?)
        ) AS going
        """,
        params=[sync, sync, _SAMPLE_ROWS],
    )
    kind = rows.types[1]
    return [_storable(as_it_was(row, kind, None)) for row, _ in rows.fetchall()]


def _storable(value: Any) -> Any:
    """The value as the ledger's JSON takes it: a number past 64 bits as the text of its digits."""
    if isinstance(value, dict):
        return {key: _storable(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_storable(item) for item in cast("list[Any]", value)]
    large = type(value) is int and not -(2**63) <= value < 2**64
    return str(value) if large else value
