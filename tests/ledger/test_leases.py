"""Leases: who holds one, and when it may be taken over (contract C18, D9)."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pack_sync.ledger.lease_store import lease_store
from pack_sync.ledger.leases import (
    Lease,
    LeaseTakenError,
    is_held,
    read_leases,
    release_lease,
    renew_lease,
    take_lease,
)
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.storage_errors import WarehouseLockedError
from pack_sync.warehouse.warehouse import Warehouse
from tests.child_process import python_child
from tests.warehouses import only_a_file, warehouse_in

KEY = SyncKey(pack="acme", table="Items")
SILENT = timedelta(minutes=15)
HOLDING = """
import sys

import duckdb

connection = duckdb.connect(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return warehouse_in(tmp_path, "warehouse.duckdb")


def take(warehouse: Warehouse, lease: Lease) -> None:
    """Take a lease in a transaction of its own."""
    with warehouse.write() as connection:
        take_lease(connection, lease, SILENT)


def holders(warehouse: Warehouse) -> list[str]:
    """Who holds leases."""
    with warehouse.read() as connection:
        return [lease.holder for lease in read_leases(connection)]


def test_the_second_is_told_who_holds_it(warehouse: Warehouse) -> None:
    """Run, process, machine and time are named; nothing changes (C18)."""
    first = Lease(key=KEY, dagster_run_id="run-1")
    take(warehouse, first)
    with pytest.raises(LeaseTakenError) as caught:
        take(warehouse, Lease(key=KEY, dagster_run_id="run-2"))
    message = str(caught.value)
    assert "acme.Items is being synced by run run-1" in message
    assert f"process {os.getpid()} on {first.host}" in message
    assert holders(warehouse) == [first.holder]


def test_syncs_do_not_stand_in_each_other_s_way(warehouse: Warehouse) -> None:
    """Each sync of a table has a lease of its own (C18)."""
    leases = [Lease(key=KEY), Lease(key=replace(KEY, sync="b")), Lease(key=replace(KEY, table="X"))]
    for lease in leases:
        take(warehouse, lease)
    assert len(holders(warehouse)) == 3


def test_a_released_lease_is_free(warehouse: Warehouse) -> None:
    """Whoever comes next takes it (C18)."""
    first, second = Lease(key=KEY), Lease(key=KEY)
    take(warehouse, first)
    with warehouse.write() as connection:
        release_lease(connection, first)
    take(warehouse, second)
    with warehouse.write() as connection:
        release_lease(connection, first)  # too late: it is another's now
    assert holders(warehouse) == [second.holder]


@only_a_file
def test_a_lease_that_could_not_be_released_is_free_for_its_process(tmp_path: Path) -> None:
    """Which knows that its sync has ended; for others it is held."""
    warehouse = warehouse_in(tmp_path, "warehouse.duckdb", lock_wait_seconds=0)
    lease = Lease(key=KEY)
    take(warehouse, lease)
    with python_child(HOLDING, str(warehouse.path)), pytest.raises(WarehouseLockedError):
        lease_store(warehouse).release(lease)
    assert holders(warehouse) == [lease.holder]
    assert is_held(replace(lease, holder="another's"), SILENT)
    second = Lease(key=KEY)
    take(warehouse, second)
    assert holders(warehouse) == [second.holder]


def _ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_dead_process_loses_it(warehouse: Warehouse) -> None:
    """At once: this machine's processes can be asked about (D9)."""
    take(warehouse, Lease(key=KEY, process=_ended_process()))
    heir = Lease(key=KEY)
    take(warehouse, heir)
    assert holders(warehouse) == [heir.holder]


def test_a_process_number_that_is_used_again_is_another_process(warehouse: Warehouse) -> None:
    """The time at which the process began tells them apart (D9)."""
    take(warehouse, Lease(key=KEY, process_started=Lease(key=KEY).process_started - 60))
    heir = Lease(key=KEY)
    take(warehouse, heir)
    assert holders(warehouse) == [heir.holder]


@pytest.mark.parametrize(("minutes", "is_taken"), [(14, True), (16, False)])
def test_another_machine_s_process_counts_as_dead_when_it_is_silent(
    minutes: int, is_taken: bool, warehouse: Warehouse
) -> None:
    """Its processes cannot be asked about (D9)."""
    last = datetime.now(UTC) - timedelta(minutes=minutes)
    other = Lease(key=KEY, host="elsewhere", process=_ended_process(), renewed_at=last)
    take(warehouse, other)
    if is_taken:
        with pytest.raises(LeaseTakenError):
            take(warehouse, Lease(key=KEY))
        assert holders(warehouse) == [other.holder]
    else:
        take(warehouse, Lease(key=KEY))
        assert holders(warehouse) != [other.holder]


def test_a_sign_of_life_renews_it(warehouse: Warehouse) -> None:
    """A long sync keeps its lease (D9)."""
    last = datetime.now(UTC) - timedelta(minutes=16)
    other = Lease(key=KEY, host="elsewhere", renewed_at=last)
    take(warehouse, other)
    with warehouse.write() as connection:
        renew_lease(connection, other)
    with pytest.raises(LeaseTakenError):
        take(warehouse, Lease(key=KEY))
