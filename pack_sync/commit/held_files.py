"""Files of held syncs: staged rows that wait for a decision, or that nobody needs any more.

A file is there before the ledger names it, and goes after the ledger has forgotten it. A process
that dies in between leaves one which no line names; the next sync of the table removes it.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pack_sync.ledger.ledger_tables import HELD_SYNCS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.warehouse.warehouse import Warehouse


def remove_stages(warehouse: Warehouse, stages: Iterable[Path]) -> None:
    """Remove the files of held syncs that are settled, unless this was a dry run."""
    if warehouse.dry_run:
        return
    for stage in stages:
        stage.unlink(missing_ok=True)


def remove_left_stages(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Remove what dead processes left in the folder of a sync's held stages.

    Call it in the block in which the sync's lease is taken: then nobody is about to register a file
    there.
    """
    if not (folder.is_dir() and ledger_exists(connection)):
        return
    found = connection.execute(f"SELECT stage FROM {HELD_SYNCS}").fetchall()
    named = {Path(stage).name for (stage,) in found}  # the project may have been moved since
    for file in folder.iterdir():
        if file.name not in named:
            file.unlink(missing_ok=True)
