"""`python -m tests.scale`: many workers, one of which is killed; then the rate with 1, 2 and 4."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tests.scale.cluster import Cluster
from tests.scale.service import Service
from tests.scale.trial import kill_a_worker, rate

SMALL = 10
"""How many tables are of the connection whose pool has one slot."""


@contextmanager
def running(folder: Path, service: Service, lost_after: int = 60) -> Generator[Cluster]:
    """A cluster for the tables of the service, without workers.

    An op of a worker that has given no sign of life for `lost_after` seconds is given to another.
    """
    small = [f"T{number:03}" for number in range(min(SMALL, service.tables // 2))]
    cluster = Cluster(folder, service.url, service.tables, small, lost_after)
    try:
        cluster.start_services()
        cluster.start_dagster()
        yield cluster
    finally:
        cluster.close()
        service.close()


def main(
    tables: Annotated[int, typer.Option(min=2)] = 200,
    rows: Annotated[int, typer.Option(help="Rows of a table.", min=4)] = 400,
    pause_ms: Annotated[int, typer.Option(help="Before each page of the service.")] = 500,
    rates: Annotated[str, typer.Option(help="Numbers of workers to compare.")] = "1,2,4",
    keep: Annotated[Path | None, typer.Option(help="A folder to keep everything in.")] = None,
) -> None:
    """Kill a worker in the midst of a run: every row must be there, once. Then measure."""
    service = Service(tables=tables, rows=rows, page=rows // 4, pause=pause_ms / 1000)
    with (
        tempfile.TemporaryDirectory(prefix="pack-sync-scale-") as temporary,
        running(keep or Path(temporary), service) as cluster,
    ):
        killed = kill_a_worker(cluster, service)
        problems = told(str(killed), killed.problems)
        for workers in map(int, filter(None, rates.split(","))):
            line, wrong = rate(cluster, service, workers)
            problems += told(f"{line}; load of the machine {os.getloadavg()[0]:.0f}", wrong)
    raise typer.Exit(code=1 if problems else 0)


def told(line: str, problems: list[str]) -> int:
    """Say how a part went, at once, for the others take long; how many problems it had."""
    typer.echo(
        "\n    ".join([line, *problems]) if problems else f"{line}; every row is there, once"
    )
    return len(problems)


if __name__ == "__main__":
    typer.run(main)
