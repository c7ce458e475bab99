"""How many requests the ready packs make, from the fakes of their services.

    python -m benchmarks.requests_asked github stripe

For each table, alone with the one that it is crawled from: the requests of a first full sync; of
an increment after some changes of each kind of object; and those of a weekly full sync of a
service that stands still, of which a service with ETags (GitHub) does not count the ones that it
answers with 304.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.findings import markdown_table
from pack_sync.check.pack_clock import in_utc, pack_clock
from pack_sync.engine.full_or_incremental import RequestedMode
from tests.packs.fidelity import Trial

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_WEEK_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The requests of each sync; of the last one also those that are not answered with 304."""

    full: int
    increment: int
    quiet: int
    counted: int


def asked(name: str, tables: Sequence[str], *, changes: int, seed: int = 1) -> Asked:
    """Sync these tables of a pack, and count the requests that the fake gets."""
    with tempfile.TemporaryDirectory() as folder, in_utc(), pack_clock(_BEGIN) as clock:
        trial = Trial(name, seed, Path(folder), clock)
        clock.set(trial.service.world.clock.now)
        trial.answers_folder = Path(folder) / "answers"
        trial.tables = {table: trial.tables[table] for table in tables}
        full = _requests(trial, "full")
        for _ in range(changes):
            trial.step()
        increment = _requests(trial, "auto")
        trial.advance(minutes=1)
        _requests(trial, "full")
        trial.advance(minutes=_WEEK_MINUTES)
        quiet = _requests(trial, "full")
    return Asked(
        full=len(full),
        increment=len(increment),
        quiet=len(quiet),
        counted=sum(status != 304 for status in quiet),
    )


def _requests(trial: Trial, mode: RequestedMode) -> list[int]:
    """Sync; the status of each answer."""
    before = len(trial.service.answers)
    trial.sync(mode)
    return [answer.status for answer in trial.service.answers[before:]]


def groups(name: str) -> list[list[str]]:
    """Each table of a pack, after the one that it is crawled from."""
    with tempfile.TemporaryDirectory() as folder, pack_clock(_BEGIN) as clock:
        trial = Trial(name, 1, Path(folder), clock)
    found = list[list[str]]()
    for table in trial.tables:
        parent = trial.definition.parent_of(table)
        found.append([parent, table] if parent else [table])
    return found


def main(
    packs: Annotated[list[str], typer.Argument(help="Names of ready packs.")],
    changes: Annotated[int, typer.Option(help="Of each kind of object.", min=0)] = 8,
) -> None:
    """Print the requests of each table."""
    rows = list[list[str]]()
    for name in packs:
        for tables in groups(name):
            it = asked(name, tables, changes=changes)
            share = f"{it.counted / it.quiet:.0%}"
            figures = map(str, (it.full, it.increment, it.quiet, it.counted))
            rows.append([name, " + ".join(tables), *figures, share])
    headings = ["pack", "tables", "full", "increment", "weekly full", "of it counted", "share"]
    print(markdown_table(headings, rows, left=2))


if __name__ == "__main__":
    typer.run(main)
