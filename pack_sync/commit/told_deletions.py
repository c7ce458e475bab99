"""SQL for the rows of a table that the pack says are deleted: by ids, and by values (C9, D12).

Of each row its `sync` and `id`; none of full syncs that prove what is gone.
"""

from collections.abc import Iterator, Sequence

from pack_sync.commit.row_changes import owned_by
from pack_sync.commit.target_table import TargetTable
from pack_sync.stage.deleted_where import GivenColumns
from pack_sync.stage.relations import DELETED_WHERE, DELETES, PROVEN_SYNCS, ROWS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier


def deleted_ids(table: TargetTable, stage: StagedRows) -> str:
    """SQL: (sync, id) of the deleted ids that the table can hold, in the type of its column.

    The stage has them in one with room for all numbers. To compare with that, DuckDB would convert
    the id of every row of the table, and could skip none by their least and greatest values.
    """
    typed = f"TRY_CAST(id AS {table.column_type(stage.id_name)})"
    return f"(SELECT sync, {typed} AS id FROM {DELETES} WHERE {typed} = id)"


def deleted_by_ids(table: TargetTable, stage: StagedRows, sync: str | None, condition: str) -> str:
    """SQL: the rows with a deleted id.

    `sync` is the one whose rows these are, None if there are several; `condition` is one more,
    over the row `old`.
    """
    key = quote_identifier(stage.id_name)
    return f"""
        SELECT old._sync AS sync, old.{key} AS id
        FROM {table.name} AS old
        JOIN {deleted_ids(table, stage)} AS new ON new.id = old.{key} AND {owned_by(sync, "new")}
        WHERE old._sync NOT IN {PROVEN_SYNCS} {condition}
        """


def deleted_by_values(
    table: TargetTable,
    stage: StagedRows,
    sync: str | None,
    deleted_where: Sequence[GivenColumns],
    condition: str,
) -> Iterator[str]:
    """SQL for each of `deleted_where`: the rows with its values; otherwise as `deleted_by_ids`."""
    key = quote_identifier(stage.id_name)
    # Rows that came are judged in the stage: they may have come with other values.
    came = f"""
        SELECT 1 FROM {ROWS} AS came
        WHERE came.problem IS NULL AND came.sync = old._sync AND came.{stage.id_column} = old.{key}
        """
    for columns in deleted_where:
        values = {n: f"old.{quote_identifier(stage.columns[n].name)}" for n in columns.types}
        yield f"""
            SELECT old._sync AS sync, old.{key} AS id
            FROM {table.name} AS old
            JOIN {DELETED_WHERE} AS new ON {columns.same("new", values)} AND {owned_by(sync, "new")}
            WHERE old._sync NOT IN {PROVEN_SYNCS} {condition}
                AND old.{key} IS NOT NULL AND NOT EXISTS ({came})
            """
