"""How many commits a second a lake in Postgres takes, from several processes at once.

    python -m benchmarks.commits
    python -m benchmarks.commits --processes 1 --processes 8 --seconds 60

Each process syncs a table of its own again and again: a few changes, and nobody waits for a
source. A commit that is refused is not tried again and ends the benchmark. Postgres and the object
store are on this machine, from packages, so they share its cores with the syncs.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.local_lake import LocalLake, local_lake
from benchmarks.readers_while_writing import Place, Written, in_processes, write


def main(
    processes: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    seconds: Annotated[float, typer.Option(help="For each number of processes.")] = 20,
    rows: Annotated[int, typer.Option(help="Of each table, to begin with.")] = 10_000,
    changes: Annotated[int, typer.Option(help="Of each commit.")] = 100,
) -> None:
    """Print the commits of each number of processes."""
    print(f"{changes:,} changes a commit, into tables of {rows:,} rows")
    first = 0.0
    for number in processes or [1, 2, 4, 8]:
        with (
            tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
            local_lake(Path(name)) as lake,
        ):
            rate = _measured(lake, Path(name), number, seconds, rows, changes)
        first = first or rate
        print(f"    {rate / first:.2f} times the first")


def _measured(
    lake: LocalLake, folder: Path, number: int, seconds: float, rows: int, changes: int
) -> float:
    """Commits a second; prints what else is known of them."""
    place = Place(
        address=lake.address,
        data_path=lake.data_path,
        folder=folder,
        port=0,
        rows=rows,
        changes=changes,
    )
    calls = [(write, place, table) for table in range(number)]
    in_processes(calls, 0)
    files, requests = lake.files(), lake.requests()
    catalogue = lake.catalogue_processor_seconds()
    written: list[Written] = in_processes(calls, seconds)
    files, requests = lake.files().since(files), lake.requests() - requests
    catalogue = lake.catalogue_processor_seconds() - catalogue
    commits = sum(one.commits for one in written)
    rate = sum(one.commits / one.seconds for one in written)
    took = sum(one.processor_seconds for one in written)
    asked = ", ".join(f"{requests[method] / commits:.1f} {method}" for method in ("GET", "PUT"))
    print(
        f"{number} processes: {commits} commits, none refused, {rate:.2f} a second; "
        f"of each: {took / commits:.2f} processor seconds of its process "
        f"and {catalogue / commits:.3f} of Postgres, "
        f"{(files.data + files.deletes) / commits:.1f} files written, requests {asked}"
    )
    return rate


if __name__ == "__main__":
    typer.run(main)
