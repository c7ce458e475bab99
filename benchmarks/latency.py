"""Rows 4 and 6 of the targets: syncs that mostly wait for the network.

    python -m benchmarks --only latency

Many tables of one page each, or of several, and one table with a page for each of many parents,
from a source that waits before each answer; sixteen requests at once, and three times as many
tables, because a table whose rows are typed or committed makes no request. That is all that is
configured. Each is measured as a whole Dagster run and by the engine alone.
"""

import shutil
import tempfile
from collections.abc import Sequence

import orjson

from benchmarks.findings import Finding, Section, markdown_table, spread
from benchmarks.measurement import measure, run_module
from benchmarks.sizes import Sizes
from benchmarks.source_server import PROJECT, Source, running_source

_AT_ONCE = 16
_TABLES_AT_ONCE = 3 * _AT_ONCE
_WAYS = {"the engine alone": "--no-dagster", "a Dagster run": "--dagster"}


def latency(sizes: Sizes) -> Section:
    """Both kinds of work in both ways; then for how long a slow sync holds the database."""
    least = sizes.latency_ms / 1000 / _AT_ONCE
    works = {
        f"{sizes.tables} tables, {pages} page{'s' * (pages > 1)} each": (
            Source(rows=pages * 10, shape="tiny-pages", latency_ms=sizes.latency_ms),
            sizes.tables,
        )
        for pages in sizes.table_pages
    }
    parents = Source(rows=sizes.parents, latency_ms=sizes.latency_ms)
    works[f"{sizes.parents:,} parents"] = (parents, 0)
    findings, lines = list[Finding](), list[list[str]]()
    for name, (source, tables) in works.items():
        requests = tables * source.pages or sizes.parents + source.pages
        for way, option in _WAYS.items():
            runs = _runs(source, tables, option, sizes.latency_repeat)
            seconds = [run["seconds"] for run in runs]
            findings.append(
                Finding(
                    row=4,
                    what=f"{name}, {way}: times {requests:,} requests x latency / {_AT_ONCE}",
                    target=1.5,
                    values=[value / (requests * least) for value in seconds],
                )
            )
            cpu = spread([run["cpu"] for run in runs])
            lines.append([f"{name}, {way}", f"{requests * least:.2f}", spread(seconds), cpu])
    findings.append(_held(sizes))
    return Section(
        title=f"Latency-bound: {sizes.latency_ms} ms a request, {_AT_ONCE} requests at once",
        findings=findings,
        text=markdown_table(["", "least, s", "seconds", "processor s"], lines),
    )


def _runs(source: Source, tables: int, option: str, repeat: int) -> list[dict[str, float]]:
    """Seconds and processor seconds of first syncs, each in a folder of its own."""
    runs = list[dict[str, float]]()
    arguments: Sequence[str] = ["--tables", str(tables), option]
    limits = ["--parallel", str(_TABLES_AT_ONCE), "--requests", str(_AT_ONCE)]
    with running_source(source) as url:
        for _ in range(repeat):
            with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder:
                shutil.copy(PROJECT / "dagster.yaml", folder)
                printed = run_module("benchmarks.many_tables_run", url, folder, *arguments, *limits)
            runs.append(orjson.loads(printed.splitlines()[-1]))
    return runs


def _held(sizes: Sizes) -> Finding:
    """A table of many small pages, one after the other, each of them waited for."""
    source = Source(rows=sizes.slow_pages * 10, shape="tiny-pages", latency_ms=sizes.latency_ms)
    with (
        running_source(source) as url,
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder,
    ):
        run = measure("benchmarks.engine_run", url, folder, "--shape", "tiny-pages")
    return Finding(
        row=6,
        what=f"share of a full sync of {source.pages:,} pages, {sizes.latency_ms} ms each, "
        "for which the database is held",
        target=1,
        unit="%",
        values=[run.held_share * 100],
    )
