"""SQL for the rows of a table that the pack says are deleted: by ids, and by values (C9, D12)."""

from collections.abc import Sequence

from pack_sync.commit.row_changes import owned_by
from pack_sync.commit.target_table import TargetTable
from pack_sync.stage.deleted_where import GivenColumns
from pack_sync.stage.relations import DELETED_WHERE, DELETES, PROVEN_SYNCS, ROWS
from pack_sync.stage.stage_file import StagedRows
from pack_sync.warehouse.identifiers import quote_identifier


def told_deletions(
    table: TargetTable,
    stage: StagedRows,
    sync: str | None,
    deleted_where: Sequence[GivenColumns],
    condition: str,
) -> str:
    """SQL: (sync, id) of the rows, each once, as the attached stage has it.

    None of full syncs that prove what is gone. `sync` is the one whose rows these are, None if
    there are several; `condition` is one more, over the row `old`.
    """
    key = quote_identifier(stage.id_name)
    selected = f"SELECT old._sync AS sync, old.{key} AS id FROM {table.name} AS old"
    unproven = f"WHERE old._sync NOT IN {PROVEN_SYNCS} {condition}"
    by_id = (
        f"{selected} JOIN {DELETES} AS new ON new.id = old.{key} AND {owned_by(sync, 'new')} "
        f"{unproven}"
    )
    # Rows that came are judged in the stage: they may have come with other values.
    came = f"""
        SELECT 1 FROM {ROWS} AS came
        WHERE came.problem IS NULL AND came.sync = old._sync AND came.{stage.id_column} = old.{key}
        """
    by_values = (
        f"{selected} JOIN {DELETED_WHERE} AS new "
        f"ON {columns.same('new', _values(stage, columns))} AND {owned_by(sync, 'new')} "
        f"{unproven} AND old.{key} IS NOT NULL AND NOT EXISTS ({came})"
        for columns in deleted_where
    )
    return " UNION ".join([by_id, *by_values])


def _values(stage: StagedRows, columns: GivenColumns) -> dict[int, str]:
    return {n: f"old.{quote_identifier(stage.columns[n].name)}" for n in columns.types}
