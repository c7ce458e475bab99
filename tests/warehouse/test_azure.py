"""A lake whose files are in Azure's blob storage."""

import importlib.util
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.state.shared_files import SharedFiles
from pack_sync.warehouse.object_stores import client_of
from pack_sync.warehouse.storage_errors import AddressError, LakeFilesError
from pack_sync.warehouse.warehouse import Warehouse
from tests.azure_store import ADDRESS, KEY, AzureStore, azure_store
from tests.commit.sync_bench import SyncBench, a_page
from tests.warehouses import postgres_database

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_azure") is None,
    reason="`make test-lake` has DuckDB's extensions",
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AzureStore]:
    """A store on loopback."""
    with azure_store(tmp_path / "azure", monkeypatch) as store:
        yield store


@pytest.fixture
def warehouse(store: AzureStore, tmp_path: Path) -> Warehouse:
    """A lake with its catalogue in Postgres, and its files there."""
    del store
    address = f"ducklake:postgres:{postgres_database(tmp_path / 'lake')}"
    return Warehouse.at(address, data_path=ADDRESS)


def test_syncs_and_upkeep(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, changes and deletions are there; upkeep compacts, and removes what a kill left."""
    monkeypatch.setattr(SyncBench, "warehouse", property(lambda _: warehouse))
    monkeypatch.setattr("pack_sync.ledger.lake_upkeep._WRITTEN_BY_NOW", timedelta(0))
    bench = SyncBench(folder=tmp_path)
    for number in range(3):
        bench.incremental(a_page({"id": "a"}, {"id": f"{number}"}), cursor={"at": number})
    bench.incremental(a_page(deleted=["0"]), cursor={"at": 3})
    before = bench.snapshot()
    orphan = f"{ADDRESS}/{bench.key.pack}/{bench.key.table}/ducklake-{uuid.uuid4()}.parquet"
    with warehouse.write() as connection:
        secrets = connection.execute("SELECT secret_string FROM duckdb_secrets()").fetchall()
        connection.execute(f"COPY (SELECT 1 AS i) TO '{orphan}'")
    assert KEY not in str(secrets)
    done = tend_lake(warehouse, keep=timedelta(0))
    assert done.compacted_tables > 0
    assert done.removed_files > 1
    after = bench.snapshot()
    assert {**after, "_sync.positions": []} == {**before, "_sync.positions": []}
    found = SharedFiles.at(ADDRESS, folder="").names(f"{bench.key.pack}/{bench.key.table}")
    assert len(found) == 1


def test_files_that_workers_share(store: AzureStore, tmp_path: Path) -> None:
    """They are written, found, read and removed there."""
    del store
    files = SharedFiles.at(ADDRESS)
    files.put("spools/a/pages", b"page")
    files.put("spools/a/more", b"more")
    assert files.names("spools") == ["spools/a/more", "spools/a/pages"]
    files.fetch("spools/a/pages", tmp_path / "fetched")
    assert ((tmp_path / "fetched").read_bytes(), files.get("spools/a/more")) == (b"page", b"more")
    files.remove(["spools/a/more", "spools/a/gone"])
    assert files.names("spools") == ["spools/a/pages"]


def test_a_store_that_is_away_for_a_while(warehouse: Warehouse, store: AzureStore) -> None:
    """The error names it, and nothing is lost."""
    with warehouse.write() as connection:
        connection.execute("CREATE TABLE t AS SELECT range AS i FROM range(1000)")
    store.close()
    says = r"at 127.0.0.1 \(AZURE_STORAGE_CONNECTION_STRING\)"
    with pytest.raises(LakeFilesError, match=says), warehouse.write() as connection:
        connection.execute("INSERT INTO t SELECT range FROM range(1000)")
    store.come_back()
    with warehouse.read() as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchall() == [(1000,)]


def test_a_key_that_is_wrong(
    warehouse: Warehouse, store: AzureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error asks for the credentials, and does not show them."""
    wrong = store.connection_string.replace(KEY, "d3Jvbmc=")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", wrong)
    with (
        pytest.raises(LakeFilesError, match="do its credentials hold") as raised,
        warehouse.write() as connection,
    ):
        connection.execute("CREATE TABLE t AS SELECT 1 AS i")
    assert "d3Jvbmc=" not in str(raised.value)


def test_account_and_key_in_variables_of_their_own() -> None:
    """As Azure's command line reads them; without any, the error names the variables."""
    environment = {"AZURE_STORAGE_ACCOUNT": "acme", "AZURE_STORAGE_KEY": "a2V5"}
    assert client_of("az", environment) == (
        "AzureStore",
        {"account_name": "acme", "account_key": "a2V5"},
    )
    with pytest.raises(AddressError, match="AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY"):
        client_of("az", {"AZURE_STORAGE_ACCOUNT": "acme"})
