"""Leases in the Postgres of a lake: held as long as a connection, on whatever machine (C18, D9)."""

import multiprocessing
import os
import threading
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pack_sync.ledger.lease_store import LeaseStore, lease_store
from pack_sync.ledger.leases import Lease, LeaseTakenError
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.storage_errors import CatalogueError
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.sync_harness import Engine, Scripted, last_page
from tests.engine.test_two_at_once import run
from tests.warehouses import KIND, postgres_database, start_postgres, warehouse_in

pytestmark = pytest.mark.skipif(KIND != "postgres-lake", reason="about a lake in Postgres")

KEY = SyncKey(pack="acme", table="Items")
SILENT = timedelta(minutes=15)


@pytest.fixture
def store(tmp_path: Path) -> LeaseStore:
    return store_in(tmp_path)


def store_in(folder: Path) -> LeaseStore:
    """The leases of the lake in a folder."""
    return lease_store(warehouse_in(folder))


def take(store: LeaseStore, lease: Lease) -> Lease:
    """Take a lease."""
    with store.taken(lease, SILENT):
        return lease


def holders(store: LeaseStore) -> list[str]:
    """Who holds leases."""
    return [lease.holder for lease in store.running(SILENT)]


def connected(folder: Path) -> Any:
    """A connection to the lake's Postgres."""
    return psycopg.connect(postgres_database(folder / "warehouse.duckdb"), autocommit=True)


def _hold(folder: Path, key: SyncKey, parent: Any) -> None:
    """In a process of its own: take a lease as if on another machine, and keep it."""
    lease = take(store_in(folder), Lease(key=key, dagster_run_id="theirs", host="elsewhere"))
    parent.send("held")
    parent.recv()
    store_in(folder).release(lease)


@contextmanager
def held_elsewhere(folder: Path, key: SyncKey = KEY) -> Generator[Any]:
    """A living process that holds a lease; the block may kill it."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_hold, args=(folder, key, theirs))
    process.start()
    theirs.close()
    assert ours.recv() == "held"
    yield process
    if process.is_alive():
        ours.send("release it")
    process.join(60)


def test_the_second_is_told_who_holds_it(tmp_path: Path, store: LeaseStore) -> None:
    """Run, process and machine are named, of another process and of this one (C18)."""
    with held_elsewhere(tmp_path) as process:
        with pytest.raises(LeaseTakenError) as caught:
            take(store, Lease(key=KEY))
        told = f"acme.Items is being synced by run theirs (process {process.pid} on elsewhere)"
        assert told in str(caught.value)
        assert [lease.host for lease in store.running(SILENT)] == ["elsewhere"]
    ours = take(store, Lease(key=KEY, dagster_run_id="ours"))
    with pytest.raises(LeaseTakenError, match="run ours"):
        take(store, Lease(key=KEY))
    store.release(ours)
    assert holders(store) == []


def test_a_killed_worker_s_lease_is_free_at_once(tmp_path: Path, store: LeaseStore) -> None:
    """Though it ran on another machine, whose processes cannot be asked about (D9)."""
    with held_elsewhere(tmp_path) as process:
        process.kill()
        process.join(60)
        heir, patience = Lease(key=KEY), time.monotonic() + 30
        while holders(store) != [heir.holder]:
            try:  # Postgres hears of the death a moment later
                take(store, heir)
            except LeaseTakenError:
                assert time.monotonic() < patience
    store.release(heir)


def test_the_leases_of_a_process_share_a_connection(tmp_path: Path, store: LeaseStore) -> None:
    """Taken side by side; it is closed when none is held, so nothing idles (C18)."""
    leases = [Lease(key=replace(KEY, table=f"T{n}")) for n in range(16)]
    threads = [threading.Thread(target=take, args=(store, lease)) for lease in leases]
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with connected(tmp_path) as ours:
        assert len(holders(store)) == 16
        held_by = "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory'"
        database = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        assert ours.execute(f"{held_by} AND {database}").fetchone() == (1,)
        for lease in leases:
            store.release(lease)
        patience = time.monotonic() + 30
        while ours.execute(count).fetchone() != (1,):  # they end a moment after they are closed
            assert time.monotonic() < patience


def test_a_lost_connection_is_made_anew(tmp_path: Path, store: LeaseStore) -> None:
    """With the next sign of life, unless somebody else has the lease by then (D9)."""
    ours, other = (take(store, Lease(key=replace(KEY, table=name))) for name in ("A", "B"))
    with connected(tmp_path) as postgres:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with held_elsewhere(tmp_path, other.key):
        store.renew(ours)
        held = {lease.key.table: lease.host for lease in store.running(SILENT)}
        assert held == {"A": ours.host, "B": "elsewhere"}
    store.renew(ours)  # B is free again
    assert len(holders(store)) == 2
    store.release(ours)
    store.release(other)
    assert holders(store) == []


def test_a_forked_process_holds_nothing(tmp_path: Path, store: LeaseStore) -> None:
    """It neither has its parent's leases nor ends them (C18)."""
    lease = take(store, Lease(key=KEY))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # this process has threads
        child = os.fork()
    if not child:
        try:
            take(store_in(tmp_path), replace(lease, holder="child"))
        except LeaseTakenError:
            os._exit(7)
        os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert holders(store) == [lease.holder]
    store.release(lease)


def test_nothing_is_written_to_the_lake(tmp_path: Path) -> None:
    """A sync without changes commits once: neither taking nor releasing a lease does (design)."""
    engine = Engine(folder=tmp_path, execute=Scripted(last_page("t", a="1"), last_page("t2")))
    run(engine)
    snapshots = "SELECT max(snapshot_id) FROM ducklake_snapshots('lake')"
    with engine.warehouse.read() as connection:
        before = connection.execute(snapshots).fetchall()[0][0]
    run(engine)
    with engine.warehouse.read() as connection:
        assert connection.execute(snapshots).fetchall()[0][0] == before + 1
        assert connection.execute("SELECT count(*) FROM _sync.leases").fetchall() == [(0,)]


@pytest.mark.slow
def test_postgres_restarts_under_a_held_lease(tmp_path: Path) -> None:
    """The sync goes on, and commits once Postgres is back; then nobody holds anything (D9)."""
    server = start_postgres(tmp_path / "postgres", cleanup_mode="delete")
    warehouse = Warehouse.at(
        f"ducklake:postgres:{server.get_uri()}", data_path=str(tmp_path / "files")
    )
    engine = Engine(folder=tmp_path, execute=Scripted())

    def restart(_args: Any, _context: Any) -> Any:
        server.stop()
        with pytest.raises(CatalogueError):
            lease_store(replace(warehouse, lock_wait_seconds=0)).running(SILENT)
        server.ensure_postgres_running()
        return last_page("t", a="1")

    engine.execute = Scripted(restart, last_page("t2", b="2"))
    with replaced_warehouse(engine, warehouse):
        for _ in range(2):
            assert [type(event).__name__ for event in run(engine)] == ["TableFinished"]
        assert engine.names() == {"a": "1", "b": "2"}
    assert lease_store(warehouse).running(SILENT) == []
    server.cleanup()


@contextmanager
def replaced_warehouse(engine: Engine, warehouse: Warehouse) -> Generator[None]:
    """Let the engine sync into this warehouse."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine), "warehouse", warehouse)
        yield


def test_a_user_who_may_not_make_the_schema(tmp_path: Path) -> None:
    """The error has the statement that an administrator runs; no password is shown."""
    with connected(tmp_path) as postgres:
        name = postgres.execute("SELECT current_database()").fetchone()[0]
        role = f"u{name}"
        postgres.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'hunter2'")
    address = f"{postgres_database(tmp_path / 'warehouse.duckdb')} user={role} password=hunter2"
    store = lease_store(Warehouse.at(f"ducklake:postgres:{address}", data_path=str(tmp_path)))
    with pytest.raises(CatalogueError, match=f'SCHEMA pack_sync AUTHORIZATION "{role}"') as caught:
        take(store, Lease(key=KEY))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(store)
