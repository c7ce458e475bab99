"""Files of held syncs: staged rows that wait for a decision, or that nobody needs any more.

Where machines share files, they are among those, by a name that the ledger has; otherwise in a
folder of the machine that ran the sync, by their path. A file is there before the ledger names it,
and goes after the ledger has forgotten it. A process that dies in between leaves one which no line
names; the next sync of the table removes it from its folder, and the upkeep of a lake from the
shared files.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import duckdb

from pack_sync.ledger.ledger_tables import HELD_SYNCS
from pack_sync.ledger.ledger_versions import ledger_exists
from pack_sync.ledger.shared_upkeep import HELD_FOLDER
from pack_sync.state.shared_files import SharedFiles, shared_files
from pack_sync.warehouse.identifiers import folder_name
from pack_sync.warehouse.storage_errors import LakeFilesError, explained_failures
from pack_sync.warehouse.warehouse import Warehouse


def is_shared(stage: str) -> bool:
    """Whether the ledger's name of a file is that of a shared one, and no path."""
    return not Path(stage).is_absolute()


def share_stage(warehouse: Warehouse, stage: Path, table: str, execution_id: str) -> str | None:
    """Upload staged rows for all machines; by which name, None where they share no files.

    Outside of a transaction: others must not wait for it. Raises `LakeFilesError`.
    """
    files = _files_of(warehouse)
    if files is None:
        return None
    name = f"{HELD_FOLDER}/{folder_name(table)}/{execution_id}.duckdb"
    files.put(name, stage)
    return name


def move_stage(stage: Path, folder: Path, execution_id: str, *, copy: bool) -> str:
    """Move or copy staged rows to a folder of this machine; returns the path.

    Call it while the warehouse is open for writing, so that no process takes the file for
    abandoned. Raises `StorageError`.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = folder.absolute() / f"{execution_id}.duckdb"
    with explained_failures(kept):
        (shutil.copyfile if copy else shutil.move)(stage, kept)
        with kept.open("rb") as file:  # a stage is not flushed to the disk while it is made
            os.fsync(file.fileno())
    return str(kept)


def fetch_stage(warehouse: Warehouse, stage: str, to: Path) -> None:
    """Copy staged rows to a file of this machine.

    Raises `FileNotFoundError` when they are gone, or are on another machine, and `LakeFilesError`.
    """
    if not is_shared(stage):
        shutil.copyfile(stage, to)
    elif files := shared_files(warehouse.database):
        files.fetch(stage, to)
    else:
        raise FileNotFoundError(stage)


def remove_stages(warehouse: Warehouse, stages: Iterable[str]) -> None:
    """Remove the files of held syncs that are settled, unless this was a dry run."""
    if warehouse.dry_run:
        return
    for stage in stages:
        if not is_shared(stage):
            Path(stage).unlink(missing_ok=True)
        elif files := shared_files(warehouse.database):
            with suppress(LakeFilesError):  # what was settled is, and the upkeep removes the file
                files.remove([stage])


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


def copy_stages(source: Warehouse, target: Warehouse, stages: Iterable[str]) -> None:
    """Copy the shared ones of these files to those of another warehouse, where it has any.

    Those that are there, or gone, are left alone. Raises `LakeFilesError`.
    """
    shared = {stage for stage in stages if is_shared(stage)}
    theirs, ours = shared_files(source.database), shared_files(target.database)
    if not shared or theirs is None or ours is None:
        return
    with tempfile.TemporaryDirectory(prefix="packsync-held-") as folder:
        for stage in sorted(shared.difference(ours.ages(HELD_FOLDER))):
            fetched = Path(folder) / "stage.duckdb"
            with suppress(FileNotFoundError):
                theirs.fetch(stage, fetched)
                ours.put(stage, fetched)


def _files_of(warehouse: Warehouse) -> SharedFiles | None:
    return None if warehouse.dry_run else shared_files(warehouse.database)
