"""`packsync warehouse copy`: what it says, and that syncs go on from the copy."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from pack_sync.warehouse.warehouse import Warehouse
from tests.cli.test_rejects import error_of, packsync
from tests.commit.copy_bench import KINDS
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DEFINITIONS, DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, items, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

LAKE = "ducklake:sqlite:lake.sqlite"


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "300")


def page(cursor: str, deleted: list[str], **names: str) -> dict[str, Any]:
    """The last page of an increment."""
    return {
        "result": items(**names),
        "deletedRowIds": deleted,
        "completion": {"incrementalContinuation": cursor},
    }


def switch(project: DagsterProject, address: str) -> None:
    """Let the project's warehouse be the one at this address."""
    text = DEFINITIONS.replace("warehouse.duckdb", address)
    project.write(f"{project.module}/definitions.py", text)
    del sys.modules[f"{project.module}.definitions"]  # as in a new process


def status() -> str:
    """What `packsync status` says, without which warehouse it is and how long ago that was."""
    _, _, tables = packsync("status").stdout.partition("\n")
    return re.sub(r"\d+ \w+ ago", "… ago", tables)


def cursor_of(execute: Scripted) -> Any:
    """The cursor that the last sync began with."""
    previous = execute.contexts[-1].previous_completion
    assert previous is not None
    return previous.incremental_continuation


def names() -> str:
    """The rows of the table, as the project's warehouse has them."""
    return packsync("query", "SELECT id, name FROM acme.Items ORDER BY id").stdout


@pytest.mark.parametrize(
    "there", ["there.duckdb", *([LAKE] if len(KINDS) > 1 else [])], ids=lambda a: a.split(":")[0]
)
def test_syncs_go_on_from_the_copy_and_back(there: str, project: DagsterProject) -> None:
    """They are incremental, from the cursor that was copied; the audit finds nothing amiss."""
    execute = Scripted(last_page("t1", a="1", b="2"), page("t2", ["a"], c="3"))
    project.switch_on_pack("acme", pack_of(Items=execute))
    assert project.run().success
    assert project.run().success
    before, rows = status(), names()
    said = packsync("warehouse", "copy", "warehouse.duckdb", there).stdout
    assert re.search(r"acme\.Items: 2 rows, checksum [0-9a-f]{16}\n", said)
    assert "1 table is the same in both" in said
    switch(project, there)
    assert (status(), names()) == (before, rows)
    execute.then(page("t3", ["b"], d="4"))
    assert project.run().success
    assert cursor_of(execute) == "t2"
    before, rows = status(), names()
    packsync("warehouse", "copy", there, "back.duckdb")
    switch(project, "back.duckdb")
    assert (status(), names()) == (before, rows)
    execute.then(page("t4", [], e="5"), last_page("t5", c="3", d="4", e="5"))
    assert project.run().success
    assert cursor_of(execute) == "t3"
    assert project.run("full_refresh").success
    kept = "SELECT audit_missed, audit_stale, audit_undeleted FROM _sync.runs ORDER BY started_at"
    with Warehouse.at("back.duckdb").read() as connection:
        assert connection.execute(kept).fetchall()[-1] == (0, 0, 0)


def test_what_is_said(project: DagsterProject) -> None:
    """A dry run copies nothing; a second copy brings nothing; what is left out is listed."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"))))
    assert project.run().success
    with Warehouse.at(project.warehouse).write() as connection:
        connection.execute("CREATE VIEW acme.mine AS SELECT 1 AS one")
    dry = packsync("warehouse", "copy", "warehouse.duckdb", "there.duckdb", "--dry-run").stdout
    assert "acme.Items would be copied: 1 row" in dry
    assert "not copied, since no sync made them: view acme.mine" in dry
    assert not Path("there.duckdb").exists()
    packsync("warehouse", "copy", "warehouse.duckdb", "there.duckdb")
    again = packsync("warehouse", "copy", "warehouse.duckdb", "there.duckdb").stdout
    assert "1 table is there already" in again
    assert "checksum" not in again
    assert "does not exist" in error_of("warehouse", "copy", "nothing.duckdb", "there.duckdb")
    assert not Path("nothing.duckdb").exists()
