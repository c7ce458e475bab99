"""A day of syncs played event by event, to see whether `benchmarks.cost_model` is right.

    python -m benchmarks.cost_simulation
    python -m benchmarks.cost_simulation --together    one cron string for all tables

Every table has its schedule. An op waits for a slot of a worker, takes its time, fetches its pages,
waits for the object store, and then for its turn in the catalogue.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from math import ceil
from statistics import mean
from typing import Annotated, Any

import simpy
import typer

from benchmarks.cost_model import BUSY, Load, Measured, cost, most_syncs_a_day
from benchmarks.findings import markdown_table


@dataclass(kw_only=True)
class Played:
    """What was seen in so many seconds: how long ops and commits took, and how long they waited."""

    seconds: float
    ops: list[float] = field(default_factory=list[float])
    waits_for_slots: list[float] = field(default_factory=list[float])
    commits: list[float] = field(default_factory=list[float])
    waits_for_commits: list[float] = field(default_factory=list[float])
    last_end: float = 0.0

    @property
    def syncs(self) -> float:
        """Syncs a second."""
        return len(self.ops) / self.seconds

    @property
    def slots(self) -> float:
        """Ops under way, on average."""
        return sum(self.ops) / self.seconds

    @property
    def catalogue_cores(self) -> float:
        """Cores of the catalogue that are busy, on average."""
        return sum(self.commits) / self.seconds


@dataclass(kw_only=True)
class Cluster:
    """Workers with so many slots, and a catalogue.

    The tables' schedules are spread over the time between two syncs, or all due `together`.
    """

    load: Load
    measured: Measured
    slots: int
    together: bool = False
    seed: int = 1

    def play(self, rounds: float) -> Played:
        """What happens to the syncs that are due while each table's is so many times."""
        self._dice = random.Random(self.seed)
        self._world = simpy.Environment()
        self._workers = simpy.Resource(self._world, self.slots)
        self._catalogue = simpy.Resource(self._world, self.load.catalogue_cores)
        self._every = self.load.tables / self.load.syncs
        self._played = Played(seconds=rounds * self._every)
        for _ in range(self.load.tables):
            self._world.process(self._schedule())
        self._world.run()
        return self._played

    def _schedule(self) -> Generator[Any]:
        pause = (lambda: self._every) if self.together else (lambda: self._about(self._every))
        if not self.together:  # as if it had gone on for ever: others begin when one ends
            yield self._world.timeout(pause())
        while self._world.now < self._played.seconds:
            self._world.process(self._op())
            yield self._world.timeout(pause())

    def _op(self) -> Generator[Any]:
        played, measured, load = self._played, self.measured, self.load
        pages = load.pages / load.syncs
        rows = load.rows_fetched / load.syncs
        due = self._world.now
        with self._workers.request() as slot:  # pyright: ignore[reportUnknownVariableType]
            yield slot
            began = self._world.now
            yield self._world.timeout(self._about(measured.op_processor_seconds))
            yield self._world.timeout(self._about(rows / measured.rows_a_core_second))
            yield self._world.timeout(self._about(pages * load.page_seconds))
            yield self._world.timeout(self._about(measured.store_seconds(load)))
            yield from self._commit()
        played.waits_for_slots.append(began - due)
        played.ops.append(self._world.now - began)
        played.last_end = self._world.now

    def _commit(self) -> Generator[Any]:
        due, took = self._world.now, self.measured.catalogue_processor_seconds
        with self._catalogue.request() as turn:  # pyright: ignore[reportUnknownVariableType]
            yield turn
            self._played.waits_for_commits.append(self._world.now - due)
            yield self._world.timeout(took)
        self._played.commits.append(took)

    def _about(self, seconds: float) -> float:
        """As long on average, but now and then much longer."""
        return self._dice.expovariate(1 / seconds)


def main(
    tables: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    rows: Annotated[int, typer.Option(help="Of all tables together.")] = 1_000_000_000,
    rounds: Annotated[float, typer.Option(help="How often each table is synced.")] = 3,
    together: Annotated[bool, typer.Option("--together", help="All due at once.")] = False,
) -> None:
    """Print what the model says beside what was seen, with as many slots as the model asks for.

    Syncs are no more often than one catalogue bears.
    """
    load, measured, lines = Load(tables=1, rows=rows), Measured(), list[list[str]]()
    for number in tables or [10, 1_000, 100_000]:
        load = replace(load, tables=number)
        bearable = min(load.syncs_a_day, most_syncs_a_day(load, measured))
        load = replace(load, syncs_a_day=bearable)
        told = cost(load, measured)
        slots = ceil(told.slots / BUSY)
        cluster = Cluster(load=load, measured=measured, slots=slots, together=together)
        seen = cluster.play(rounds)
        compared = {
            "ops under way": (told.slots, seen.slots),
            "cores of the catalogue": (told.catalogue * load.catalogue_cores, seen.catalogue_cores),
            "wait for the catalogue, s": (told.catalogue_wait, mean(seen.waits_for_commits)),
        }
        for what, (model, simulation) in compared.items():
            name = f"{number:,} tables, {bearable:.0f} syncs a day: {what}"
            lines.append([name, f"{model:,.4f}", f"{simulation:,.4f}"])
        lines.append(
            [
                f"{number:,} tables: wait for one of {slots:,} slots, s",
                "",
                f"{mean(seen.waits_for_slots):,.1f}, at most {max(seen.waits_for_slots):,.1f}",
            ]
        )
    print(markdown_table(["", "model", "simulation"], lines))


if __name__ == "__main__":
    typer.run(main)
