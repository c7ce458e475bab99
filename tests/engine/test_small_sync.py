"""What a sync costs that has next to nothing to do: openings of the warehouse (design)."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_tables import TableFinished, TableRuns
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.serving import serve_file
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.sync_harness import Engine, Scripted, items, last_page
from tests.warehouses import KIND, only_a_file


@dataclass(frozen=True, kw_only=True)
class CountedWarehouse(Warehouse):
    """A warehouse that notes what it is opened for."""

    opened: list[str] = field(default_factory=list[str])

    @contextmanager
    def write(
        self, within: Instance | None = None, *, table: str | None = None
    ) -> Generator[duckdb.DuckDBPyConnection]:
        self.opened.append("write")
        with super().write(within, table=table) as connection:
            yield connection

    @contextmanager
    def read(self, within: Instance | None = None) -> Generator[duckdb.DuckDBPyConnection]:
        self.opened.append("read")
        with super().read(within) as connection:
            yield connection


def run(engine: Engine, warehouse: Warehouse) -> RunRecord:
    """Sync once, under a lease."""
    with engine.prepared() as sync:
        (event,) = TableRuns(max_parallel=1).run([sync], warehouse, ModeRequest())
    assert isinstance(event, TableFinished)
    return event.outcome.record


def test_the_warehouse_is_opened_for_the_lease_and_for_the_commit(tmp_path: Path) -> None:
    """Where the sync stands is read as the lease is taken; the commit gives the lease back."""
    execute = Scripted(last_page("t1", a="1"), last_page("t2", a="2"))
    engine = Engine(folder=tmp_path, execute=execute)
    database = engine.warehouse.database
    first, second = (CountedWarehouse(database=database) for _ in range(2))
    assert run(engine, first).mode == "full"
    assert run(engine, second).mode == "incremental"
    # In Postgres a lease is a lock of its own, and nothing is written for it.
    for_the_lease = "read" if KIND == "postgres-lake" else "write"
    assert first.opened == second.opened == [for_the_lease, "write"]
    assert engine.names() == {"a": "2"}


@only_a_file
@pytest.mark.parametrize(
    ("most_rows", "busy", "files"), [(100, False, 0), (1, False, 2), (100, True, 2)]
)
def test_few_rows_are_staged_in_memory(
    most_rows: int, busy: bool, files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless others use the warehouse: then in a file. What comes of it is the same (S4, D1)."""
    monkeypatch.setattr("pack_sync.stage.background_typing.MOST_ROWS_IN_MEMORY", most_rows)
    monkeypatch.setattr(Warehouse, "busy", busy)
    attached, attach = list[str](), Instance.attach

    def watched(self: Instance, path: Path, database: str, *options: str) -> None:
        attached.append(Path(path).name)
        attach(self, path, database, *options)

    monkeypatch.setattr(Instance, "attach", watched)
    first = {"result": items(a="1", b="2", c="3"), "continuation": 1}
    rows = [*items(b="5", b2="6", d="7"), {"name": "without an id"}]
    second = {**last_page("t2"), "result": rows, "deletedRowIds": ["c", "d"]}
    engine = Engine(folder=tmp_path, execute=Scripted(first, last_page("t1", a="4"), second))
    full, increment = (engine.sync().record for _ in range(2))
    assert attached.count("stage.duckdb") == files
    assert engine.names() == {"a": "4", "b": "5", "b2": "6", "d": "7"}
    assert (full.inserted, full.duplicates) == (3, 1)
    counts = (increment.inserted, increment.updated, increment.deleted, increment.rejected)
    assert counts == (2, 1, 1, 1)


@only_a_file
def test_a_server_that_starts_before_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows in memory become a file after all, which the server can attach."""
    engine = Engine(folder=tmp_path, execute=Scripted(last_page("t1", a="4"), last_page("t2")))
    path = engine.warehouse.path
    with serve_file(path, None, stages=tmp_path, wait_seconds=60):
        monkeypatch.setattr(Warehouse, "joins_stages", True)  # as it was a moment before
        assert engine.sync().record.inserted == 1
        assert engine.names() == {"a": "4"}
