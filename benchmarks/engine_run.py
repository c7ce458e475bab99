"""One sync through the engine: a Python pack, `run_sync`, a DuckDB file or a lake."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from benchmarks.measurement import (
    Clock,
    Content,
    Measurement,
    columns_as_they_are,
    content_in,
    report,
)
from benchmarks.shapes import SHAPES
from pack_sdk import Authentication, Pack, SyncExecutionContext
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_job import LogLevel, SyncJob
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import PackRuntime
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.warehouse import Warehouse

DATABASE = "warehouse.duckdb"
TYPESCRIPT = Path(__file__).parent / "typescript" / "items"
"""The folder of the same pack in TypeScript: the plain shape, all rows alone."""
KEY = SyncKey(pack="bench", table="Items")


def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> dict[str, Any]:
    """One page of all items, or of the round of changes that follows the last one."""
    previous = context.sync.previous_completion
    last = previous.incremental_continuation if previous else None
    round_ = last["round"] + 1 if last else 0
    first = f"/changes/{round_}/0" if round_ else "/rows/0"
    page = context.fetcher.fetch(url=context.sync.continuation or first).body
    return {
        "result": page["rows"],
        "deletedRowIds": page["deleted"],
        "continuation": page["next"],
        "completion": {"incrementalContinuation": {"round": round_}},
    }


def make_pack(shape: str, tables: Sequence[str] = (KEY.table,)) -> Pack:
    """A pack with tables of that shape."""
    made = Pack()
    schema = SHAPES[shape].schema
    for name in tables:
        made.add_sync_table(name=name, identity_name=name, schema=schema, execute=sync_items)
    return made


pack = make_pack("plain")


@dataclass(frozen=True, kw_only=True)
class TimedWarehouse(Warehouse):
    """A warehouse that notes for how long it was open for writing each time."""

    held: list[float] = field(default_factory=list[float])

    @contextmanager
    def write(
        self, within: Instance | None = None, *, table: str | None = None
    ) -> Generator[duckdb.DuckDBPyConnection]:
        """Open for writing, from the opening to the end of the closing (its checkpoint)."""
        began = time.monotonic()
        with super().write(within, table=table) as connection:
            yield connection
        self.held.append(time.monotonic() - began)


def _python_pack(shape: str) -> tuple[Pack, PackRuntime]:
    made = make_pack(shape)
    return made, PythonRuntime(made)


def _typescript_pack() -> tuple[Pack, PackRuntime]:
    built = build_pack(TYPESCRIPT, print)
    made = read_manifest(built.manifest)
    return made, TypeScriptRuntime(made, built.bundle)


@contextmanager
def item_sync(
    url: str, folder: Path, shape: str = "plain", *, typescript: bool = False
) -> Generator[SyncJob]:
    """The sync of the benchmark's table, with its connection open; of a TypeScript pack or ours."""
    made, runtime = _typescript_pack() if typescript else _python_pack(shape)
    settings = ConnectionSettings(name="source", endpoint=url, allow_http_localhost=True)
    with Connection(settings, Authentication(), []) as connection:
        yield SyncJob(
            key=KEY,
            table=made.sync_tables[KEY.table],
            runtime=runtime,
            connection=connection,
            parameters={},
            spool_folder=folder / "spool",
            log=_no_log,
            settings=SyncSettings(attempts=1),
        )


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    shape: Annotated[str, typer.Option()] = "plain",
    memory_limit: Annotated[str | None, typer.Option(help="DuckDB's, such as 400MB.")] = None,
    full: Annotated[bool, typer.Option("--full", help="As the weekly full sync.")] = False,
    typescript: Annotated[bool, typer.Option("--typescript", help="By such a pack.")] = False,
    check: Annotated[bool, typer.Option(help="Look at what the table then holds.")] = True,
    address: Annotated[str | None, typer.Option(help="Of a lake; a file if unset.")] = None,
    data_path: Annotated[str | None, typer.Option(help="Of a lake.")] = None,
) -> None:
    """Sync once into `folder`: the first time in full, then incrementally."""
    warehouse = TimedWarehouse.at(
        address or folder / DATABASE, data_path=data_path, memory_limit=memory_limit
    )
    requested: RequestedMode = "full" if full else "auto"
    with item_sync(url, folder, shape, typescript=typescript) as sync:
        clock = Clock()
        record = run_sync(sync, warehouse, ModeRequest(configured=requested)).record
        stopped = clock.stop()
    if record.rejected:
        raise RuntimeError(f"the engine rejected {record.rejected:,} rows of the benchmark")
    columns = columns_as_they_are(SHAPES[shape].types)
    report(
        Measurement(
            **vars(stopped),
            rows=record.rows_returned,
            fetch_seconds=record.fetch_seconds,
            stage_seconds=record.stage_seconds,
            apply_seconds=record.apply_seconds,
            held_seconds=sum(warehouse.held),
            content=_content(warehouse, columns) if check else None,
        )
    )


def _content(warehouse: Warehouse, columns: Mapping[str, str]) -> Content:
    with warehouse.read() as connection:
        return content_in(connection, "bench.Items", columns)


def _no_log(level: LogLevel, message: str) -> None:
    """Keep nothing."""


if __name__ == "__main__":
    typer.run(main)
