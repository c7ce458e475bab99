"""Where the files of lakes are: what else is there is not theirs to remove."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.state.postgres import connect, shared_postgres
from pack_sync.warehouse.storage_errors import AddressError, CatalogueError
from pack_sync.warehouse.warehouse import Warehouse
from tests.warehouse.test_ducklake import KINDS, lake, needs_extensions
from tests.warehouses import object_store, postgres_database

pytestmark = needs_extensions


def lake_at(folder: Path, name: str, data_path: str | Path) -> Warehouse:
    """A lake of that name, with its catalogue in the folder."""
    return Warehouse.at(f"ducklake:sqlite:{folder / name}.sqlite", data_path=str(data_path))


def fill(warehouse: Warehouse) -> None:
    """Make a table in a lake."""
    with warehouse.write() as connection:
        connection.execute("CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT 1 AS i")


def rows(warehouse: Warehouse) -> list[tuple[int]]:
    """What is in it."""
    with warehouse.read() as connection:
        return connection.execute("FROM acme.t").fetchall()


def age(folder: Path) -> None:
    """Let all files in a folder be three days old."""
    then = time.time() - 3 * 86_400
    for path in folder.rglob("*.parquet"):
        os.utime(path, (then, then))


@pytest.mark.parametrize("kind", KINDS)
def test_no_lake_is_made_where_another_has_files(kind: str, tmp_path: Path) -> None:
    """Nothing is written, and the error says what to do; the lake that was there is as before."""
    fill(lake_at(tmp_path, "first", tmp_path / "files"))
    with pytest.raises(AddressError, match="needs a place of its own"):
        fill(lake(kind, tmp_path))
    assert rows(lake_at(tmp_path, "first", tmp_path / "files")) == [(1,)]
    (tmp_path / "files").rename(tmp_path / "elsewhere")
    fill(lake(kind, tmp_path))
    assert rows(lake(kind, tmp_path)) == [(1,)]


def test_nor_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for a bucket; a place beside the first one's is another."""
    with object_store(monkeypatch) as store:
        fill(lake_at(tmp_path, "first", store))
        with pytest.raises(AddressError, match=f"{store}/acme/t/"):
            fill(lake_at(tmp_path, "second", store))
        fill(lake_at(tmp_path, "second", f"{store}2"))
        assert rows(lake_at(tmp_path, "first", store)) == [(1,)]


def test_upkeep_leaves_what_others_wrote(tmp_path: Path) -> None:
    """A lake in a folder of another's, and somebody's own file, stay; what a kill left goes."""
    outer = lake_at(tmp_path, "outer", tmp_path / "files")
    inner = lake_at(tmp_path, "inner", tmp_path / "files" / "deep" / "acme")
    fill(outer)
    fill(inner)
    own = tmp_path / "files" / "acme" / "t" / "own.parquet"
    orphan = own.with_name(f"ducklake-{uuid.uuid4()}.parquet")
    for path in (own, orphan):
        path.write_bytes(b"x")
    age(tmp_path)
    done = tend_lake(outer, keep=timedelta(0))
    assert rows(inner) == rows(outer) == [(1,)]
    assert (own.exists(), orphan.exists()) == (True, False)
    assert (done.removed_files, done.unknown_file) == (1, str(own))


def test_upkeep_of_what_a_kill_left_in_an_object_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes there as well, once it is old."""
    monkeypatch.setattr("pack_sync.ledger.lake_upkeep._WRITTEN_BY_NOW", timedelta(0))
    with object_store(monkeypatch) as store:
        warehouse = lake_at(tmp_path, "lake", store)
        fill(warehouse)
        name = f"{store}/acme/t/ducklake-{uuid.uuid4()}.parquet"
        with warehouse.write() as connection:
            connection.execute(f"COPY (SELECT 1 AS i) TO '{name}'")
        done = tend_lake(warehouse, keep=timedelta(0))
        assert (done.removed_files, done.unknown_file) == (1, None)
        assert rows(warehouse) == [(1,)]


def test_a_search_path_that_leads_elsewhere(tmp_path: Path) -> None:
    """The lake is found where DuckLake has made it: a read sees what was written."""
    connection = make_conninfo(postgres_database(tmp_path / "lake"), options="-csearch_path=own")
    address = f"ducklake:postgres:{connection}"
    warehouse = Warehouse.at(address, data_path=str(tmp_path / "files"))
    assert not warehouse.exists()
    fill(warehouse)
    assert warehouse.exists()
    assert rows(warehouse) == [(1,)]


def test_a_user_of_postgres_without_rights(tmp_path: Path) -> None:
    """The error says which right is missing, and how it is given."""
    address = postgres_database(tmp_path / "lake")
    user = f"r{uuid.uuid4().hex}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {user} LOGIN".encode())
    lake_of_another = f"ducklake:postgres:{make_conninfo(address, user=user)}"
    warehouse = Warehouse.at(lake_of_another, data_path=str(tmp_path / "files"))
    with pytest.raises(CatalogueError, match=r"denied for schema public\. .* GRANT USAGE, CREATE"):
        fill(warehouse)
    catalogue = shared_postgres(warehouse.database)
    assert catalogue is not None
    with pytest.raises(CatalogueError, match="CREATE SCHEMA pack_sync AUTHORIZATION"):
        connect(catalogue)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {user}".encode())
        connection.execute(f"CREATE SCHEMA pack_sync AUTHORIZATION {user}".encode())
    connect(catalogue).close()
    fill(warehouse)
    assert rows(warehouse) == [(1,)]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {user}".encode())
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    with pytest.raises(CatalogueError, match="denied for schema public"):
        warehouse.exists()
