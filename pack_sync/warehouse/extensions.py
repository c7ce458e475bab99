"""DuckDB's extensions: from installed packages, else from DuckDB's repository."""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from pack_sync.warehouse.identifiers import quote_literal
from pack_sync.warehouse.storage_errors import MissingExtensionError


def load_into(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension for a connection, and all others of its instance.

    Raises `MissingExtensionError` when there is none for this version of DuckDB.
    """
    file = packaged(name)
    try:
        if file is not None:
            connection.execute(f"LOAD {quote_literal(str(file))}")
        else:
            connection.execute(f"INSTALL {name}; LOAD {name}")
    except (duckdb.IOException, duckdb.HTTPException, duckdb.InvalidInputException) as error:
        raise MissingExtensionError(
            f"DuckDB {duckdb.__version__} needs its extension {name} for this warehouse, and it "
            f"could not be loaded. Install it with a DuckDB that goes with it: "
            f'pip install "pack-sync[lake]". DuckDB says: {str(error).partition(chr(10))[0]}'
        ) from error


def packaged(name: str) -> Path | None:
    """The extension's file in an installed package, if it is for this DuckDB."""
    package = find_spec(f"duckdb_extension_{name}")
    folders = package.submodule_search_locations if package is not None else None
    for folder in folders or ():
        file = Path(folder, "extensions", f"v{duckdb.__version__}", f"{name}.duckdb_extension")
        if file.is_file():
            return file
    return None
