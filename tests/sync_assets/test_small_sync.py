"""What a sync costs that has next to nothing to do: openings of the warehouse (design)."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from resources.warehouse.ledger import RunRecord
from resources.warehouse.warehouse import Warehouse
from sync_assets.engine.mode import ModeRequest
from sync_assets.engine.table_runs import TableFinished, TableRuns
from tests.sync_assets.engine import Engine, Scripted, last_page


@dataclass(frozen=True, kw_only=True)
class CountedWarehouse(Warehouse):
    """A warehouse that notes what it is opened for."""

    opened: list[str] = field(default_factory=list[str])

    @contextmanager
    def write(self) -> Generator[duckdb.DuckDBPyConnection]:
        self.opened.append("write")
        with super().write() as connection:
            yield connection

    @contextmanager
    def read(self) -> Generator[duckdb.DuckDBPyConnection]:
        self.opened.append("read")
        with super().read() as connection:
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
    first, second = (CountedWarehouse(path=engine.warehouse.path) for _ in range(2))
    assert run(engine, first).mode == "full"
    assert run(engine, second).mode == "incremental"
    assert first.opened == second.opened == ["write", "write"]
    assert engine.names() == {"a": "2"}
