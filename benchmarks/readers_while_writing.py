"""What readers who ask continuously notice of syncs that write.

    python -m benchmarks.readers_while_writing                    a file
    python -m benchmarks.readers_while_writing --serve            a file that is served
    python -m benchmarks.readers_while_writing --address ducklake:sqlite:lake.sqlite
    python -m benchmarks.readers_while_writing --lake             Postgres and an object store, here
    python -m benchmarks.readers_while_writing --address "ducklake:postgres:…" --data-path …

Each reader is a process that asks again and again for some sums of a table, and whether its rows
are as many as the ledger says, in one query. Each sync is a process that syncs a table of its own,
increment after increment. First the readers are alone, then beside the syncs. An answer is wrong
if rows and ledger differ: then it is not of one commit.
"""

import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer

from benchmarks.local_lake import local_lake
from pack_sdk import Authentication, Pack, SyncExecutionContext
from pack_sdk.schemas import make_object_schema
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.engine.sync_job import LogLevel, SyncJob
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.extensions import load_into
from pack_sync.warehouse.served_file import LOOPBACK
from pack_sync.warehouse.serving import ReadersAddress, serve_file
from pack_sync.warehouse.warehouse import Warehouse

_SPAWN = multiprocessing.get_context("spawn")
_TOKEN = "readers-on-this-machine"  # noqa: S105  of a server on loopback that is gone in a minute

_QUERY = """
SELECT count(*), sum(size), max(name),
    (SELECT sum(inserted) - sum(deleted) FROM {db}_sync.runs WHERE table_name = '{table}')
FROM {db}bench.{table}
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is read and written; `port` is where a server answers, 0 without one."""

    address: str
    data_path: str | None
    folder: Path
    port: int
    rows: int
    changes: int

    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return Warehouse.at(self.address, data_path=self.data_path, lock_wait_seconds=600)


@dataclass
class Noticed:
    """What one reader noticed: the seconds of each answer, and what went wrong."""

    seconds: list[float] = field(default_factory=list[float])
    wrong: int = 0
    failures: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, kw_only=True)
class Written:
    """What one process that syncs has done, its start not included."""

    commits: int
    seconds: float
    processor_seconds: float


def main(
    address: Annotated[str | None, typer.Option(help="A warehouse; a new file if unset.")] = None,
    data_path: Annotated[str | None, typer.Option(help="Of a lake.")] = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the file.")] = False,
    lake: Annotated[bool, typer.Option("--lake", help="A new lake, on this machine.")] = False,
    readers: Annotated[int, typer.Option()] = 8,
    syncs: Annotated[int, typer.Option()] = 4,
    seconds: Annotated[float, typer.Option(help="For how long with syncs.")] = 60,
    rows: Annotated[int, typer.Option(help="Of each table.")] = 100_000,
    changes: Annotated[int, typer.Option(help="Of each sync.")] = 1_000,
) -> None:
    """Print what readers notice without syncs and with them."""
    with (
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
        local_lake(Path(name)) if lake else nullcontext() as made,
    ):
        place = Place(
            address=made.address if made else address or str(Path(name, "warehouse.duckdb")),
            data_path=made.data_path if made else data_path,
            folder=Path(name),
            port=_free_port() if serve else 0,
            rows=rows,
            changes=changes,
        )
        with _server(place) if serve else nullcontext():
            in_processes([(write, place, number) for number in range(syncs)], 0)
            asking = [(_read, place, number % syncs) for number in range(readers)]
            alone = in_processes(asking, seconds / 2)
            writing = [(write, place, number) for number in range(syncs)]
            beside = in_processes([*asking, *writing], seconds)
    print(f"{readers} readers, {syncs} syncs, {seconds:g} s, {rows:,} rows, {changes:,} changes")
    _tell("without syncs", alone)
    _tell("beside syncs", beside[:readers])
    print(f"syncs committed: {sum(one.commits for one in beside[readers:]):,}")


def _tell(when: str, noticed: Sequence[Noticed]) -> None:
    took = [each for one in noticed for each in one.seconds] or [float("nan")]
    failures = [each for one in noticed for each in one.failures]
    print(
        f"{when}: {len(took):,} answers, {sum(one.wrong for one in noticed)} wrong, "
        f"{len(failures):,} failures; median {1000 * statistics.median(took):,.0f} ms, "
        f"slowest {1000 * max(took):,.0f} ms"
    )
    for failure in sorted(set(failures))[:3]:
        print(f"    {failure}")


_ready: Barrier
_stop: Event


def _take_up(ready: Barrier, stop: Event) -> None:
    global _ready, _stop
    _ready, _stop = ready, stop


def in_processes(calls: Sequence[tuple[Callable[..., Any], Place, int]], seconds: float) -> Any:
    """What each call returns in a process of its own, all begun together and told to stop."""
    ready, stop = _SPAWN.Barrier(len(calls) + 1, timeout=300), _SPAWN.Event()
    with ProcessPoolExecutor(
        len(calls), mp_context=_SPAWN, initializer=_take_up, initargs=(ready, stop)
    ) as pool:
        running = [pool.submit(call, place, number) for call, place, number in calls]
        ready.wait()
        time.sleep(seconds)
        stop.set()
        return [each.result() for each in running]


def _read(place: Place, table: int) -> Noticed:
    """Ask until told to stop; a query that fails is asked again."""
    noticed = Noticed()
    with _asking(place, f"Items{table}") as ask:
        _ready.wait()
        while not _stop.is_set():
            began = time.monotonic()
            try:
                ((counted, _, _, told),) = ask()
            except duckdb.Error as error:
                noticed.failures.append(str(error).partition("(PID")[0].partition("\n")[0])
                time.sleep(0.05)
                continue
            noticed.seconds.append(time.monotonic() - began)
            noticed.wrong += counted != told
    return noticed


@contextmanager
def _asking(place: Place, table: str) -> Generator[Callable[[], list[Any]]]:
    """How a reader asks: as somebody's notebook would."""
    if place.port:
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        for extension in ("httpfs", "quack"):
            load_into(connection, extension)
        asked = _QUERY.format(db="", table=table)
        where = f"'quack:{LOOPBACK}:{place.port}', $sql${asked}$sql$, token => '{_TOKEN}'"
        yield lambda: connection.execute(f"FROM quack_query({where})").fetchall()
    elif place.warehouse().joins_stages:

        def open_and_ask() -> list[Any]:
            with duckdb.connect(place.address, read_only=True) as connection:
                return connection.execute(_QUERY.format(db="", table=table)).fetchall()

        yield open_and_ask
    else:
        with place.warehouse().read() as connection:
            query = _QUERY.format(db="lake.", table=table)
            yield lambda: connection.execute(query).fetchall()


def write(place: Place, table: int) -> Written:
    """Sync a table again and again, at least once."""
    made, name, committed = Pack(), f"Items{table}", 0
    schema = make_object_schema(
        id_property="id",
        display_property="name",
        properties={
            "id": {"type": "string"},
            "size": {"type": "number"},
            "name": {"type": "string"},
        },
    )

    def execute(_args: Sequence[Any], context: SyncExecutionContext) -> dict[str, Any]:
        previous = context.sync.previous_completion
        turn = previous.incremental_continuation["turn"] + 1 if previous else 0
        first, count = (turn * place.changes, place.changes) if turn else (0, place.rows)
        rows = [{"id": str(first + i), "size": turn, "name": f"item {i}"} for i in range(count)]
        gone = [str(first + place.rows + i) for i in range(0, count, 10)] if turn else []
        completion = {"incrementalContinuation": {"turn": turn}}
        return {"result": rows, "deletedRowIds": gone, "completion": completion}

    made.add_sync_table(
        name=name,
        identity_name=name,
        schema=schema,
        execute=execute,
    )
    settings = ConnectionSettings(
        name="source", endpoint="http://127.0.0.1", allow_http_localhost=True
    )
    with Connection(settings, Authentication(), []) as connection:
        sync = SyncJob(
            key=SyncKey(pack="bench", table=name),
            table=made.sync_tables[name],
            runtime=PythonRuntime(made),
            connection=connection,
            parameters={},
            spool_folder=place.folder / "spool" / name,
            log=_no_log,
            settings=SyncSettings(attempts=1),
        )
        _ready.wait()
        began, worked = time.monotonic(), time.process_time()
        while not committed or not _stop.is_set():
            run_sync(sync, place.warehouse(), ModeRequest())
            committed += 1
    return Written(
        commits=committed,
        seconds=time.monotonic() - began,
        processor_seconds=time.process_time() - worked,
    )


@contextmanager
def _server(place: Place) -> Generator[None]:
    ready, stop = _SPAWN.Event(), _SPAWN.Event()
    server = _SPAWN.Process(target=_serve, args=(place, ready, stop))
    server.start()
    if not ready.wait(timeout=120):
        raise RuntimeError("the server did not start; its error is above")
    yield
    stop.set()
    server.join()


def _serve(place: Place, ready: Event, stop: Event) -> None:
    readers = ReadersAddress(LOOPBACK, place.port, _TOKEN)
    with serve_file(Path(place.address), readers, stages=place.folder / "spool", wait_seconds=60):
        ready.set()
        stop.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])


def _no_log(level: LogLevel, message: str) -> None:
    """Keep nothing."""


if __name__ == "__main__":
    typer.run(main)
