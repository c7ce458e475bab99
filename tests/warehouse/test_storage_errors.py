"""Errors of the system and of DuckDB about our files, in words."""

import errno
import os
from pathlib import Path

import duckdb
import pytest

from pack_sync.spool.spool import Spool
from pack_sync.warehouse.storage_errors import (
    DiskFullError,
    OutOfMemoryError,
    explain_failure,
)
from pack_sync.warehouse.warehouse import Warehouse
from tests.commit.sync_bench import a_page


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_every_kind_of_want_of_room(tmp_path: Path, number: int) -> None:
    """A full disk, a quota and a limit of the file's size; by the system or by DuckDB."""
    reason = os.strerror(number)
    file = tmp_path / "rows"
    file.write_bytes(b"1234")
    told = [
        OSError(number, reason, str(file)),
        duckdb.IOException(f'IO Error: Could not write file "{file}": {reason}'),
        duckdb.TransactionException(f'Failed to commit: Could not write file "{file}": {reason}'),
    ]
    for error in told:
        explained = explain_failure(error, tmp_path / "other")
        assert isinstance(explained, DiskFullError)
        assert f"{file} could not be written: {reason}. It has 4 bytes so far" in str(explained)


@pytest.mark.parametrize(
    "error",
    [
        duckdb.ConversionException(f"Could not convert '{os.strerror(errno.ENOSPC)}'"),
        duckdb.ConversionException("Corrupt database file"),
        duckdb.IOException("Something else"),
        OSError("without a number"),
        FileNotFoundError(errno.ENOENT, "No such file"),
    ],
)
def test_what_is_about_something_else(error: OSError | duckdb.Error) -> None:
    """A value may say what an error says; then the error keeps its own words."""
    assert explain_failure(error, Path("/x")) is None


def test_a_reader_s_own_files_are_not_ours(tmp_path: Path) -> None:
    """What goes wrong in a block that reads is not taken for an error of the warehouse."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")
    with warehouse.write():
        pass
    with pytest.raises(PermissionError), warehouse.read():
        raise PermissionError(errno.EACCES, "Permission denied", "report.csv")


def test_want_of_memory(tmp_path: Path) -> None:
    """DuckDB's limit is reached: the message names the setting."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb", memory_limit="20MB")
    large = "SELECT list(range::VARCHAR) FROM range(3000000) GROUP BY range % 2"
    with (
        pytest.raises(OutOfMemoryError, match="Give it more with the warehouse's `memory_limit`"),
        warehouse.write() as connection,
    ):
        connection.execute(f"SET max_temp_directory_size = '1MB'; CREATE TABLE t AS {large}")


def test_a_spool_that_cannot_be_closed_is_removed(tmp_path: Path) -> None:
    """What a full disk did not take is tried again when the file is closed, and fails again."""
    spool = Spool.begin(tmp_path)
    (spool.folder / "rows-00001.ndjson").symlink_to("/dev/full")
    with pytest.raises(DiskFullError, match="No space left on device"):
        spool.append(a_page({"id": "a"}))
    spool.discard()
    assert list(tmp_path.glob("spool-*")) == []
