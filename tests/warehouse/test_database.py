"""Addresses: which kind of warehouse each is, and what is said of those that are none."""

from pathlib import Path

import pytest

from pack_sync.warehouse.database import database_at
from pack_sync.warehouse.duckdb_file import DuckDBFile
from pack_sync.warehouse.ducklake import DuckLake
from pack_sync.warehouse.file_catalogues import DuckDBCatalogue, SQLiteCatalogue
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue
from pack_sync.warehouse.storage_errors import AddressError

HERE = Path("/project")


@pytest.mark.parametrize(
    ("address", "data_path", "expected"),
    [
        ("warehouse.duckdb", None, DuckDBFile(HERE / "warehouse.duckdb")),
        ("/data/w.duckdb", None, DuckDBFile(Path("/data/w.duckdb"))),
        ("ducklake:w.ducklake", None, DuckLake(DuckDBCatalogue(HERE / "w.ducklake"))),
        (
            "ducklake:sqlite:w.sqlite",
            "files",
            DuckLake(SQLiteCatalogue(HERE / "w.sqlite"), "/project/files"),
        ),
        (
            "ducklake:postgres:dbname=lake host=db",
            "s3://bucket/lake",
            DuckLake(PostgresCatalogue("dbname=lake host=db"), "s3://bucket/lake"),
        ),
    ],
)
def test_addresses(address: str, data_path: str | None, expected: DuckDBFile | DuckLake) -> None:
    """Relative paths start at the project's folder; what is in an object store stays as it is."""
    assert database_at(address, HERE, data_path=data_path) == expected


@pytest.mark.parametrize(
    ("address", "data_path", "said"),
    [
        ("postgres:dbname=x", None, "postgres: begins the address of no kind of warehouse"),
        ("md:lake", None, "md: begins"),
        ("ducklake:", None, "ducklake: begins the address of no lake"),
        ("ducklake2.sqlite:x", None, "ducklake2.sqlite: begins the address of no kind"),
        ("Ducklake:sqlite:x", None, "Ducklake: begins the address of no kind"),
        ("ducklake:sqlite3.x:y", None, "ducklake:sqlite3.x: begins the address of no lake"),
        ("ducklake:mysql:db", None, "ducklake:mysql: begins the address of no lake"),
        ("ducklake:postgresql://u:hunter2@db/lake", None, "ducklake:postgresql: begins"),
        ("ducklake:sqlite:http://u:hunter2@db", None, "ducklake:http: begins"),
        ("postgresql://u:hunter2@db/lake", None, "postgresql: begins the address of no kind"),
        ("ducklake:postgres:hunter2 nonsense", None, "no connection of Postgres"),
        ("w.duckdb", "files", "`data_path` is for a lake"),
        ("ducklake:sqlite:w", "ftp://x/y", "'ftp://x/y' is neither a folder nor"),
    ],
)
def test_what_is_no_address(address: str, data_path: str | None, said: str) -> None:
    """The error says what would be one, and never repeats what may be a password."""
    with pytest.raises(AddressError) as caught:
        database_at(address, HERE, data_path=data_path)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_password_is_not_shown() -> None:
    """A lake's name in messages has no password."""
    for connection in ("host=db password=hunter2 user=u", "postgresql://u:hunter2@db/lake"):
        database = database_at(f"ducklake:postgres:{connection}", HERE)
        assert "hunter2" not in f"{database} {database!r}"
