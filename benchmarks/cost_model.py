"""What so many tables cost in a lake, worked out from what was measured.

    python -m benchmarks.cost_model
    python -m benchmarks.cost_model --tables 5000 --rows 100000000 --syncs-a-day 96

The model is arithmetic: how much of the workers' cores and slots, of the catalogue and of the
object store a day of syncs takes, if they are spread over it. `benchmarks.cost_simulation` plays
the same day event by event, with its queues, and a test compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import ceil, factorial, inf, log10
from typing import Annotated

import typer

from benchmarks.findings import markdown_table

DAY = 86_400.0
BUSY = 0.7
"""Of a core, a slot or the catalogue: above it queues grow much faster than the load."""

_LEAST, _WIDTH = -3, 10
"""The picture begins at a thousandth of a sync a second, and has so many characters to the next."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one sync takes, with the command that measures it.

    Two cores, shared with much other work. The processor time of a table's op, its sync included,
    and of Dagster's own processes for it: `make scale`. Of a commit, Postgres' share of it, the
    files that it writes and its requests: `python -m benchmarks.commits`. Rows that a core takes
    in a second: `python -m benchmarks.lake_beside_file full`. What a sync reads grows with the
    syncs of its table since the last upkeep: a request for each data file and three for the file
    of its deleted rows, as a trace of requests shows. How long an object store takes for a request
    is an assumption: it is somewhere else.
    """

    op_processor_seconds: float = 1.5
    run_processor_seconds: float = 0.7
    catalogue_processor_seconds: float = 0.15
    files_a_commit: float = 1.2
    gets_a_sync: float = 4.2
    gets_for_each_earlier: float = 4
    puts_a_sync: float = 2
    rows_a_core_second: float = 64_000
    request_seconds: float = 0.03

    def store_requests(self, load: "Load") -> float:
        """Requests of a sync to the object store, on average between two upkeeps."""
        earlier = load.syncs_a_day / load.upkeeps_a_day / 2
        return self.gets_a_sync + self.gets_for_each_earlier * earlier + self.puts_a_sync

    def store_seconds(self, load: "Load") -> float:
        """How long a sync waits for the object store, one request after the other."""
        return self.store_requests(load) * self.request_seconds


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is to be synced: a day of it. Rows are those of all tables together.

    `page_seconds` is what a service takes for a page, `catalogue_cores` what Postgres has.
    """

    tables: int
    rows: int
    syncs_a_day: float = 24
    changed_share: float = 0.01
    full_syncs_a_day: float = 1 / 7
    page_rows: int = 1_000
    page_seconds: float = 0.5
    catalogue_cores: int = 4
    upkeeps_a_day: float = 1

    @property
    def syncs(self) -> float:
        """Syncs a second, full ones included."""
        return self.tables * (self.syncs_a_day + self.full_syncs_a_day) / DAY

    @property
    def rows_fetched(self) -> float:
        """Rows a second: changed ones, and all of them in a full sync."""
        return self.rows * (self.changed_share + self.full_syncs_a_day) / DAY

    @property
    def pages(self) -> float:
        """Pages a second: one a sync at least."""
        return self.syncs + self.rows_fetched / self.page_rows


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the load takes, on average over the day.

    `cores` are busy ones of the workers, `dagster_cores` those of Dagster's own processes, `slots`
    ops under way, `catalogue` the share of its cores that Postgres is busy, and `catalogue_wait`
    how long a commit waits there for others, in seconds.
    """

    syncs: float
    requests: float
    cores: float
    dagster_cores: float
    slots: float
    catalogue: float
    catalogue_wait: float
    files_a_day: float
    store_requests: float


def cost(load: Load, measured: Measured) -> Cost:
    """The model. Where the catalogue cannot keep up, its wait and the slots are infinite."""
    each = measured.catalogue_processor_seconds
    share = load.syncs * each / load.catalogue_cores
    wait = _wait(share, load.catalogue_cores, each)
    seconds = measured.op_processor_seconds + measured.store_seconds(load) + each + wait
    fetched = load.rows_fetched / measured.rows_a_core_second
    return Cost(
        syncs=load.syncs,
        requests=load.pages,
        cores=load.syncs * measured.op_processor_seconds + fetched,
        dagster_cores=load.syncs * measured.run_processor_seconds,
        slots=load.syncs * seconds + fetched + load.pages * load.page_seconds,
        catalogue=share,
        catalogue_wait=wait,
        files_a_day=load.syncs * DAY * measured.files_a_commit,
        store_requests=load.syncs * measured.store_requests(load),
    )


def _wait(share: float, servers: int, seconds: float) -> float:
    """How long is waited on average, where each of some servers is busy for that share of the time.

    Erlang's formula C, halved, for each commit takes about as long as any other (the queue M/D/c).
    """
    if share >= 1:
        return inf
    offered = share * servers
    alone = offered**servers / factorial(servers) / (1 - share)
    queued = alone / (sum(offered**n / factorial(n) for n in range(servers)) + alone)
    return queued * seconds / (servers * (1 - share)) / 2


def most_syncs_a_day(load: Load, measured: Measured) -> float:
    """How often one catalogue lets each table be synced, busy to 70 %."""
    commits = BUSY * load.catalogue_cores / measured.catalogue_processor_seconds
    return max(0.0, commits * DAY / load.tables - load.full_syncs_a_day)


def table(loads: Sequence[Load], measured: Measured) -> str:
    """The costs beside each other, as Markdown."""
    costs = [cost(load, measured) for load in loads]
    cores = loads[0].catalogue_cores
    rows = [
        ["syncs a second", *(f"{one.syncs:,.3g}" for one in costs)],
        ["requests a second to the services", *(f"{one.requests:,.3g}" for one in costs)],
        ["cores of workers", *(_whole(one.cores / BUSY) for one in costs)],
        ["ops at once", *(_whole(one.slots / BUSY) for one in costs)],
        ["cores of Dagster's own processes", *(_whole(one.dagster_cores / BUSY) for one in costs)],
        [f"share of a catalogue of {cores} cores", *(f"{one.catalogue:.1%}" for one in costs)],
        ["a commit waits there for others, s", *(f"{one.catalogue_wait:,.3f}" for one in costs)],
        [
            "syncs a day of each table that it bears",
            *(f"{most_syncs_a_day(load, measured):,.3g}" for load in loads),
        ],
        ["files a day, before upkeep", *(f"{one.files_a_day:,.3g}" for one in costs)],
        ["requests a second to the object store", *(f"{one.store_requests:,.3g}" for one in costs)],
    ]
    headings = [f"{load.tables:,} tables, {load.rows:,} rows" for load in loads]
    return markdown_table(["", *headings], rows)


def picture(loads: Sequence[Load], measured: Measured) -> str:
    """What each load needs and what each part bears, in syncs a second, each tenfold as wide."""
    catalogue = loads[0].catalogue_cores
    bars = {f"{load.tables:,} tables need": load.syncs for load in loads} | {
        "two cores of workers bear": BUSY * 2 / measured.op_processor_seconds,
        "two cores of Dagster's own bear": BUSY * 2 / measured.run_processor_seconds,
        f"a catalogue of {catalogue} cores bears": BUSY
        * catalogue
        / measured.catalogue_processor_seconds,
    }
    scale = "".join(f"{10**power:<{_WIDTH}g}" for power in range(_LEAST, 3))
    lines = [
        f"{what:>32} {'█' * round(_WIDTH * (log10(syncs) - _LEAST))} {syncs:,.3g}"
        for what, syncs in bars.items()
    ]
    return "\n".join([f"{'syncs a second':>32} {scale}".rstrip(), *lines])


def _whole(value: float) -> str:
    return "too many" if value == inf else f"{max(1, ceil(value)):,}"


def main(
    tables: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    rows: Annotated[int, typer.Option(help="Of all tables together.")] = 1_000_000_000,
    syncs_a_day: Annotated[float, typer.Option(help="Of each table.")] = 24,
    upkeeps_a_day: Annotated[float, typer.Option(help="Of the lake.")] = 1,
) -> None:
    """Print the costs, a picture of them, and what they were worked out from."""
    load = Load(tables=1, rows=rows, syncs_a_day=syncs_a_day, upkeeps_a_day=upkeeps_a_day)
    loads = [replace(load, tables=number) for number in tables or [10, 1_000, 100_000]]
    print(table(loads, Measured()), picture(loads, Measured()), sep="\n\n")
    for given in (Measured(), load):
        shown = (f"{field.name} {getattr(given, field.name):g}" for field in fields(given))
        print("\n" + ", ".join(shown))


if __name__ == "__main__":
    typer.run(main)
