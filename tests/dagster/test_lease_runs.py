"""A table that another run is syncing, as Dagster and `packsync` show it (contract C18)."""

from typing import Any

import pytest

from pack_sync.ledger.leases import SILENT, Lease, take_lease
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse
from tests.cli.test_rejects import packsync
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


@pytest.fixture
def busy(project: DagsterProject) -> DagsterProject:
    """A pack of two tables, of which `Items` is being synced by another run, in this process."""
    items, others = Scripted(last_page("t", a="1")), Scripted(last_page("t", b="2"))
    project.switch_on_pack("acme", pack_of(Items=items, Others=others))
    lease = Lease(key=SyncKey(pack="acme", table="Items"), dagster_run_id="the-other-run")
    with Warehouse.at(project.warehouse).write() as connection:
        take_lease(connection, lease, SILENT)
    return project


def test_the_run_skips_the_table_and_says_who_has_it(busy: DagsterProject) -> None:
    """It succeeds, the other table is synced, and a warning names the other run (C18)."""
    result = busy.run("incremental")
    assert result.success
    assert synced_tables(result) == {"acme.Others"}
    assert "skipped, because acme.Items is being synced by run the-other-run" in busy.logged(result)


@pytest.mark.usefixtures("busy")
def test_status_shows_what_is_being_synced() -> None:
    """With the run that does it (C18)."""
    shown: Any = packsync("status").stdout
    assert "acme.Items is being synced by run the-other-run" in " ".join(shown.split())
