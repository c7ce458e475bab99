"""Where the time of a full sync goes: processor seconds of each thread, and seconds by step.

    python -m benchmarks.thread_times --rows 500000

The engine's thread spools pages, and stages and applies at the end; the pack's thread fetches,
parses and writes rows out as lines; another types files of rows while pages are fetched; the
rest are DuckDB's own threads. One sync, in this process; the source is another.
"""

import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.engine_run import DATABASE, TimedWarehouse, item_sync
from benchmarks.source_server import Source, running_source
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync

_EVERY_SECONDS = 0.02


class ThreadClock:
    """Notes the processor time of all of Python's threads, until they end; use as a context.

    A thread is looked at every 20 ms and at the end; what one that ends in between did after
    its last look counts as DuckDB's.
    """

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, int], float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="this clock")

    def __enter__(self) -> "ThreadClock":
        self._process, self._began = time.process_time(), time.thread_time()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def seconds(self) -> dict[str, float]:
        """Processor seconds by the thread's name."""
        found: dict[str, float] = {}
        for (name, _), value in self._seconds.items():
            found[name] = found.get(name, 0) + value
        found["MainThread"] = time.thread_time() - self._began
        found["DuckDB's own"] = time.process_time() - self._process - sum(found.values())
        return found

    def _look(self) -> None:
        last = False
        while not last:
            last = self._stopped.wait(_EVERY_SECONDS)
            for thread in threading.enumerate():
                if thread.ident is not None:
                    with suppress(OSError):  # it has ended
                        clock = time.pthread_getcpuclockid(thread.ident)
                        self._seconds[thread.name, thread.ident] = time.clock_gettime(clock)


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.")] = 500_000,
    shape: Annotated[str, typer.Option(help="Of `benchmarks.shapes`.")] = "plain",
) -> None:
    """Sync once and print both tables."""
    with (
        running_source(Source(rows=rows, shape=shape)) as url,
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
        item_sync(url, Path(name), shape) as sync,
    ):
        began = time.monotonic()
        with ThreadClock() as clock:
            warehouse = TimedWarehouse.at(Path(name) / DATABASE)
            record = run_sync(sync, warehouse, ModeRequest()).record
        total = time.monotonic() - began
        threads = clock.seconds()
    steps = {
        "fetching": record.fetch_seconds,
        "staging what was not typed by then": record.stage_seconds,
        "applying": record.apply_seconds,
    }
    steps["opening, closing, committing, cleaning up"] = total - sum(steps.values())
    _print("processor seconds", threads)
    _print("seconds", steps)


def _print(what: str, seconds: dict[str, float]) -> None:
    table = Table("", title_justify="left")
    table.add_column(what, justify="right")
    for name, value in sorted(seconds.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{value:.2f}")
    table.add_row("together", f"{sum(seconds.values()):.2f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
