"""DuckDB instances that are lent: settings, files, names."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pack_sync.warehouse import duckdb_handles
from pack_sync.warehouse.duckdb_handles import (
    FOR_FEW_ROWS,
    OF_A_STAGE,
    OF_THE_WAREHOUSE,
    Instance,
    borrow_instance,
    database_name,
    return_instance,
)
from pack_sync.warehouse.storage_errors import WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse


def setting(instance: Instance, name: str) -> str:
    """What DuckDB says of one of its settings."""
    found = instance.connection.execute("SELECT current_setting(?)", [name]).fetchone()
    return str(found and found[0])


def test_who_borrows_one_has_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the last borrower are gone, though it is the same instance."""
    monkeypatch.setattr(duckdb_handles, "_idle", [])  # other tests leave some
    default = borrow_instance(temp_directory=str(tmp_path / "a"))
    limit, compression = setting(default, "memory_limit"), setting(default, "force_compression")
    return_instance(default)
    small = borrow_instance(
        temp_directory=str(tmp_path / "b"), memory_limit="64MiB", force_compression="uncompressed"
    )
    assert small is default
    assert setting(small, "memory_limit") == "64.0 MiB"
    assert setting(small, "force_compression") == "uncompressed"
    assert setting(small, "temp_directory") == str(tmp_path / "b")
    return_instance(small)
    again = borrow_instance(temp_directory=str(tmp_path / "a"))
    assert setting(again, "memory_limit") == limit
    assert setting(again, "force_compression") == compression
    return_instance(again)


def test_extensions_without_a_signature_are_refused(tmp_path: Path) -> None:
    """Those of packages are loaded at the start, when a lake needs them; nothing is later."""
    instance = borrow_instance(temp_directory=str(tmp_path / "a"))
    assert setting(instance, "allow_unsigned_extensions") == "False"
    return_instance(instance)


def test_one_for_few_rows_can_work_with_many_after_all(tmp_path: Path) -> None:
    """By one thread first, then as any other; so do its cursors."""
    names, folder = ("threads", "disabled_optimizers"), str(tmp_path / "a")
    usual = borrow_instance(temp_directory=folder)
    found = [setting(usual, name) for name in names]
    return_instance(usual)
    few = borrow_instance(temp_directory=folder, **FOR_FEW_ROWS)
    if "threads" in FOR_FEW_ROWS:  # not with DuckDB 1.5
        assert setting(few, "threads") == "1"
    assert set(setting(few, "disabled_optimizers").split(",")) == set(
        FOR_FEW_ROWS["disabled_optimizers"].split(",")
    )
    few.prepare_for_many_rows()
    assert [setting(few, name) for name in names] == found
    return_instance(few)
    again = borrow_instance(temp_directory=folder, **FOR_FEW_ROWS)
    assert again is few
    assert setting(again, "disabled_optimizers") != found[1]
    return_instance(again)


def test_one_that_has_the_settings_already_is_taken(tmp_path: Path) -> None:
    """To change them takes time."""
    folder = str(tmp_path / "a")
    few, usual = (borrow_instance(temp_directory=folder, **more) for more in (FOR_FEW_ROWS, {}))
    return_instance(few)
    return_instance(usual)
    assert borrow_instance(temp_directory=folder) is usual
    assert borrow_instance(temp_directory=folder, **FOR_FEW_ROWS) is few
    return_instance(few)
    return_instance(usual)


def test_what_writes_the_warehouse_flushes_it_to_the_disk(tmp_path: Path) -> None:
    """Although a stage, whose file may be lost, was made in the same instance before."""
    stage = borrow_instance(temp_directory=str(tmp_path / "a"), **OF_A_STAGE)
    assert setting(stage, "write_buffer_row_group_count") == "1"
    if "fsync_mode" in OF_A_STAGE:  # DuckDB 1.5 flushes every file
        assert setting(stage, "fsync_mode") == "NONE"
    return_instance(stage)
    with Warehouse.at(tmp_path / "w.duckdb").write() as connection:
        names = ["checkpoint_threshold", *(["fsync_mode"] if "fsync_mode" in OF_A_STAGE else [])]
        found = [
            connection.execute("SELECT current_setting(?)", [name]).fetchall() for name in names
        ]
    assert found == [[("976.5 KiB",)], [("STANDARD",)]][: len(names)]


def test_long_texts_are_written_to_the_file_and_not_first_to_its_log(tmp_path: Path) -> None:
    """The file is closed after the commit, so what is in the log is written twice."""
    path = tmp_path / "w.duckdb"
    texts = "SELECT i, repeat(md5(i::VARCHAR), 20) FROM range(60_000) t(i)"
    instance = borrow_instance(temp_directory=str(tmp_path / "t"), **OF_THE_WAREHOUSE)
    instance.attach(path, "w")
    instance.connection.execute(f"BEGIN; CREATE TABLE w.t AS {texts}; COMMIT")
    log = Path(f"{path}.wal")
    assert not log.exists() or log.stat().st_size < 100_000
    instance.detach("w")
    return_instance(instance)


def test_one_that_has_spilled_is_not_used_for_another_folder(tmp_path: Path) -> None:
    """DuckDB cannot move its temporary files: a fresh instance takes its place."""
    spilled = borrow_instance(temp_directory=str(tmp_path / "a"), memory_limit="32MB")
    spilled.connection.execute("CREATE TEMP TABLE t AS SELECT random() AS x FROM range(9000000)")
    assert any((tmp_path / "a").iterdir()), "the test needs one that spills"
    spilled.connection.execute("DROP TABLE t")
    return_instance(spilled)
    other = borrow_instance(temp_directory=str(tmp_path / "b"))
    assert other is not spilled
    assert setting(other, "temp_directory") == str(tmp_path / "b")
    return_instance(other)


BEFORE_2 = pytest.mark.skipif(
    duckdb.__version__ < "2",
    reason="DuckDB 1.5 gives it a name that it then cannot attach",
)


@pytest.mark.parametrize(
    "name",
    [
        "w.duckdb",
        "memory.duckdb",
        "temp.db",
        "main",
        "system.x",
        "my file.duckdb",
        "a.b.c",
        pytest.param("Temp.db", marks=BEFORE_2),
    ],
)
def test_a_database_has_the_name_that_duckdb_gives_it(tmp_path: Path, name: str) -> None:
    """Views that a user has made in it may hold the name; `memory` alone is taken."""
    with duckdb.connect(tmp_path / name) as connection:
        ((given,),) = connection.execute("SELECT current_database()").fetchall()
    assert database_name(tmp_path / name) == ("memory_db" if given == "memory" else given)
    with Warehouse.at(tmp_path / name).write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        assert connection.execute("FROM t").fetchall() == [(1,)]


def test_a_connection_of_ones_own_in_the_same_process_is_waited_for(tmp_path: Path) -> None:
    """DuckDB opens a file once in a process; who has it open is told to close it."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb", lock_wait_seconds=0.1)
    with (
        duckdb.connect(warehouse.path),
        pytest.raises(WarehouseLockedError, match=r"w\.duckdb is open in this process.*Close that"),
        warehouse.write(),
    ):
        pass
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")


def test_a_block_within_a_block_of_the_same_thread(tmp_path: Path) -> None:
    """The inner one sees what is committed of the same file, and waits for nobody."""
    warehouse = Warehouse.at(tmp_path / "w.duckdb")
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS x")
        with warehouse.read() as inner:
            assert inner.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,)
    with warehouse.read() as connection, warehouse.read() as inner:
        assert inner.execute("FROM t").fetchall() == connection.execute("FROM t").fetchall()


FORKED = """
import os, sys
from pathlib import Path
from pack_sync.warehouse.storage_errors import WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse

warehouse = Warehouse.at(Path(sys.argv[1]))
with warehouse.write() as connection:
    connection.execute("CREATE TABLE t AS SELECT 1 AS x")
child = os.fork()
with warehouse.write() as connection:
    connection.execute("UPDATE t SET x = x + 1")
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_process_starts_its_own(tmp_path: Path) -> None:
    """The threads of its parent's instances are not in it."""
    path = tmp_path / "w.duckdb"
    done = subprocess.run(  # noqa: S603 - our own python
        [sys.executable, "-c", FORKED, str(path)],
        timeout=600,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with Warehouse.at(path).read() as connection:
        assert connection.execute("FROM t").fetchall() == [(3,)]
