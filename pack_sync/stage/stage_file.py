"""A stage that is closed: what those who apply it know of it, and do with its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import duckdb

from pack_sync.stage.column_types import Column
from pack_sync.warehouse.duckdb_handles import STAGE
from pack_sync.warehouse.duckdb_sharing import prepare_for_many_rows
from pack_sync.warehouse.identifiers import quote_literal

_LARGE_BYTES = 4 * 1024 * 1024


class StagedRows(Protocol):
    """What there is to know of a stage in order to apply it: its columns and which is the id."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the synced table; number n is `c{n}` in the stage."""
        ...

    @property
    def id_column(self) -> str:
        """The stage's name of the id column."""
        ...

    @property
    def id_name(self) -> str:
        """The synced table's name of the id column."""
        ...


def attach_stage(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a closed stage to the warehouse's connection, as `_stage`."""
    connection.execute(f"ATTACH {quote_literal(str(path))} AS {STAGE} (READ_ONLY)")
    if path.stat().st_size > _LARGE_BYTES:
        prepare_for_many_rows(connection)


def has_bad_values(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the attached stage has rows without values that could not be stored."""
    found = connection.execute(
        "SELECT 1 FROM duckdb_views() WHERE database_name = ? AND view_name = 'bad_values'", [STAGE]
    ).fetchone()
    return found is not None


def leave_out(path: Path, syncs: Sequence[str], *, others: bool = False) -> None:
    """Take some syncs out of a closed stage, or all others: what they brought does not count."""
    with duckdb.connect(path) as connection:
        chosen = f"sync {'NOT IN' if others else 'IN'} (SELECT unnest(?::VARCHAR[]))"
        told = ("deletes", "parts", *_if_there(connection, "deleted_where"))
        for statement in (
            f"UPDATE rows SET sync = NULL WHERE {chosen}",  # not deleted: see `Deduplication`
            *(f"DELETE FROM {table} WHERE {chosen}" for table in told),
        ):
            connection.execute(statement, [list(syncs)])


def _if_there(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE table_name = ?", [table]
    ).fetchall()
    return [name for (name,) in found]
