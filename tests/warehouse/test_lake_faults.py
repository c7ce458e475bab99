"""The catalogue of a lake is damaged, no database, or not to be written: the error says so."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pack_sync.warehouse.storage_errors import (
    DamagedDatabaseError,
    NotADatabaseError,
    NotWritableError,
    StorageError,
)
from pack_sync.warehouse.warehouse import Warehouse
from tests.warehouse.test_ducklake import needs_extensions

pytestmark = needs_extensions


def garbage(path: Path) -> None:
    """All but the first pages are overwritten."""
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def a_text(path: Path) -> None:
    """Somebody's notes."""
    path.write_text("text\n" * 9_999)


def a_folder(path: Path) -> None:
    """Somebody made a folder of that name."""
    path.unlink()
    path.mkdir()


FAULTS: list[tuple[Callable[[Path], None], type[StorageError], str]] = [
    (garbage, DamagedDatabaseError, "Restore it"),
    (a_text, NotADatabaseError, "is no SQLite database"),
    (a_folder, NotWritableError, "cannot be opened|is it a file"),
]


@pytest.mark.parametrize(("damage", "error", "says"), FAULTS)
def test_a_catalogue_that_cannot_be_used(
    tmp_path: Path, damage: Callable[[Path], None], error: type[StorageError], says: str
) -> None:
    """It names the file and the remedy, for a reader as for a writer."""
    path = tmp_path / "lake.sqlite"
    warehouse = Warehouse.at(f"ducklake:sqlite:{path}")
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    damage(path)
    for opened in (warehouse.read, warehouse.write):
        with pytest.raises(error, match=says) as raised, opened() as connection:
            connection.execute("FROM t")
        assert f"sqlite:{path}" in str(raised.value)
