"""A lake with its catalogue in Postgres and its files in an object store, beside a file.

    python -m benchmarks.lake_beside_file full --rows 1000000
    python -m benchmarks.lake_beside_file changes --rows 1000000 --rows 10000000

Postgres and the object store, rclone's, are on this machine, from packages. File and lake take
turns, each sync in a process of its own; then their rows are compared, column by column.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.findings import ratios, spread
from benchmarks.local_lake import Files, LocalLake, local_lake
from benchmarks.measurement import Measurement, measure, require_same, run_module
from benchmarks.source_server import Source, running_source

_ENGINE = "benchmarks.engine_run"

app = typer.Typer(help=__doc__)


@app.command()
def full(
    rows: Annotated[int, typer.Option(min=1)] = 1_000_000,
    repeat: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """A first full sync into each."""
    into_file, into_lake, written = list[Measurement](), list[Measurement](), list[Files]()
    with running_source(Source(rows=rows)) as url:
        for _ in range(repeat):
            with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
                into_file.append(measure(_ENGINE, url, name))
                with local_lake(Path(name)) as lake:
                    into_lake.append(measure(_ENGINE, url, name, *_options(lake)))
                    written.append(lake.files())
            require_same("the lake", into_lake[-1].content, into_file[-1].content)
    print(f"full sync of {rows:,} rows")
    _tell(into_file, into_lake)
    print(f"lake: {written[-1]}")


@app.command()
def changes(
    rows: Annotated[list[int] | None, typer.Option(help="Of the table; may be repeated.")] = None,
    changed: Annotated[int, typer.Option(min=1)] = 10_000,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    store: Annotated[bool, typer.Option(help="An object store, or a folder.")] = True,
) -> None:
    """Rounds of changes, and a tenth as many deletes, spread over the whole table."""
    for size in rows or [1_000_000]:
        source = Source(rows=size, changes=changed, deletes=changed // 10, rounds=rounds)
        with (
            tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
            running_source(source) as url,
            local_lake(Path(name), store=store) as lake,
        ):
            _apply(name, url, lake, source)


def _apply(folder: str, url: str, lake: LocalLake, source: Source) -> None:
    start = ("benchmarks.start_tables", "engine", folder, url, str(source.rows))
    run_module(*start)
    run_module(*start, *_options(lake))
    into_file, into_lake = list[Measurement](), list[Measurement]()
    print(f"{source.changes:,} changes and {source.deletes:,} deletes into {source.rows:,} rows")
    for round_ in range(1, source.rounds + 1):
        check = ["--check" if round_ == source.rounds else "--no-check"]
        into_file.append(measure(_ENGINE, url, folder, *check))
        files, requests = lake.files(), lake.requests()
        into_lake.append(measure(_ENGINE, url, folder, *check, *_options(lake)))
        asked = ", ".join(f"{n} {method}" for method, n in (lake.requests() - requests).items())
        print(f"lake: {lake.files().since(files)}; requests: {asked or 'none'}")
    require_same("the lake", into_lake[-1].content, into_file[-1].content)
    _tell(into_file, into_lake)


def _options(lake: LocalLake) -> list[str]:
    return ["--address", lake.address, "--data-path", lake.data_path]


def _tell(into_file: list[Measurement], into_lake: list[Measurement]) -> None:
    parts = {
        "seconds": "total_seconds",
        "processor seconds": "cpu_seconds",
        "seconds applying": "apply_seconds",
    }
    for what, name in parts.items():
        these, those = ([getattr(run, name) for run in runs] for runs in (into_lake, into_file))
        print(
            f"{what}: file {spread(those)}, lake {spread(these)}, "
            f"times the file {spread(ratios(these, those))}"
        )


if __name__ == "__main__":
    app()
