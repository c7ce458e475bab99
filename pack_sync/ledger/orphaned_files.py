"""Files that killed syncs left in a lake: those in its tables' folders which no snapshot names.

DuckLake takes every Parquet file below the lake's place for such a one, also those of another lake
in a folder of it, and those that other people put there. So it is only asked what it would remove.
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec

import duckdb

from pack_sync.state.shared_files import SharedFiles
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.warehouse import Warehouse

_WRITTEN_BY_DUCKLAKE = re.compile(r"ducklake-[0-9a-f-]{36}(-delete)?\.parquet")


@dataclass(frozen=True, kw_only=True)
class Orphans:
    """How many files were removed, and one that is left because it is not of a table."""

    removed: int
    unknown: str | None


def remove_orphans(warehouse: Warehouse, older: str) -> Orphans:
    """Remove what killed syncs left; `older` says since when, as an argument of DuckLake's.

    Raises `StorageError`.
    """
    with warehouse.write() as connection:
        lake = warehouse.database.name
        found = connection.execute(
            f"CALL ducklake_delete_orphaned_files({quote_literal(lake)}, {older}, dry_run => true)"
        ).fetchall()
        place, folders = _folders(connection, lake)
    orphans, unknown = list[str](), list[str]()
    for (path,) in found:
        name = path.removeprefix(place)
        folder, _, file = name.rpartition("/")
        known = folder in folders and _WRITTEN_BY_DUCKLAKE.fullmatch(file)
        (orphans if known else unknown).append(name if known else path)
    if orphans and find_spec("obstore") is not None:
        SharedFiles.at(place.rstrip("/"), folder="").remove(orphans)
    return Orphans(removed=len(orphans), unknown=min(unknown, default=None))


def _folders(connection: duckdb.DuckDBPyConnection, lake: str) -> tuple[str, set[str]]:
    """Where the lake's files are, and in which folders below there are those of its tables."""
    catalogue = quote_identifier(f"__ducklake_metadata_{lake}")
    ((place,),) = connection.execute(
        f"SELECT value FROM {catalogue}.ducklake_metadata WHERE key = 'data_path'"
    ).fetchall()
    folders = connection.execute(
        f"SELECT s.path || t.path FROM {catalogue}.ducklake_table t "
        f"JOIN {catalogue}.ducklake_schema s USING (schema_id)"
    ).fetchall()
    return place, {folder.rstrip("/") for (folder,) in folders}
