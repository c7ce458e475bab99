"""One sync through the engine: a Python pack, `run_sync`, a DuckDB file."""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from benchmarks.measurement import Clock, Measurement, content_of, report
from pack_sdk import Authentication, Pack, SyncExecutionContext, make_object_schema
from resources.http.connection import Connection, ConnectionSettings
from resources.runtimes.python_runtime import PythonRuntime
from resources.warehouse.ledger import SyncKey
from resources.warehouse.warehouse import Warehouse
from sync_assets.engine.mode import ModeRequest
from sync_assets.engine.sync import run_sync
from sync_assets.engine.table_sync import LogLevel, SyncSettings, TableSync

_TEXT = {"type": "string"}
_WHOLE = {"type": "number", "precision": 0}
_MOMENT = {"type": "string", "hint": "datetime"}

pack = Pack()


@pack.add_sync_table(
    name="Items",
    identity_name="Item",
    schema=make_object_schema(
        id_property="id",
        display_property="name",
        properties={
            "id": {**_WHOLE, "required": True},
            "count": _WHOLE,
            "score": {"type": "number"},
            "ratio": {"type": "number"},
            "active": {"type": "boolean"},
            "name": _TEXT,
            "email": _TEXT,
            "status": _TEXT,
            "created_at": _MOMENT,
            "modified_at": _MOMENT,
            "owner": {"type": "object", "properties": {"name": _TEXT, "email": _TEXT}},
            "labels": {"type": "array", "items": _TEXT},
        },
    ),
)
def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> dict[str, Any]:
    """One page of all items, or of what changed since the last sync."""
    first = "/changes/0" if context.sync.previous_completion else "/rows/0"
    page = context.fetcher.fetch(url=context.sync.continuation or first).body
    return {
        "result": page["rows"],
        "deletedRowIds": page["deleted"],
        "continuation": page["next"],
        "completion": {"incrementalContinuation": {"changes": 0}},
    }


@dataclass(frozen=True, kw_only=True)
class TimedWarehouse(Warehouse):
    """A warehouse that notes for how long it was open for writing each time."""

    held: list[float] = field(default_factory=list[float])

    @contextmanager
    def write(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for writing, from the opening to the end of the closing (its checkpoint)."""
        began = time.monotonic()
        with super().write() as connection:
            yield connection
        self.held.append(time.monotonic() - began)


def main(url: Annotated[str, typer.Argument()], folder: Annotated[Path, typer.Argument()]) -> None:
    """Sync once into `folder`: the first time in full, then incrementally."""
    warehouse = TimedWarehouse(path=folder / "warehouse.duckdb")
    settings = ConnectionSettings(name="source", endpoint=url, allow_http_localhost=True)
    with Connection(settings, Authentication(), []) as connection:
        sync = TableSync(
            key=SyncKey(pack="bench", table="Items"),
            table=pack.sync_tables["Items"],
            runtime=PythonRuntime(pack),
            connection=connection,
            parameters={},
            spool_folder=folder / "spool",
            log=_no_log,
            settings=SyncSettings(attempts=1),
        )
        clock = Clock()
        outcome = run_sync(sync, warehouse, ModeRequest())
        measured = clock.stop()
    record = outcome.record
    if record.rejected:
        raise RuntimeError(f"the engine rejected {record.rejected:,} rows of the benchmark")
    report(
        Measurement(
            **measured,
            rows=record.rows_returned,
            fetch_seconds=record.fetch_seconds,
            stage_seconds=record.stage_seconds,
            apply_seconds=record.apply_seconds,
            held_seconds=sum(warehouse.held),
            content=content_of(warehouse.path, "bench.Items"),
        )
    )


def _no_log(level: LogLevel, message: str) -> None:
    """Keep nothing."""


if __name__ == "__main__":
    typer.run(main)
