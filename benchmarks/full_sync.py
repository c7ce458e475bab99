"""Rows 1 and 6 of the targets: a full sync, next to the floor and to other tools.

    python -m benchmarks --only full-sync
    python -m benchmarks.full_sync --rows 100000 --shape nested --no-peers

Everybody loads the same rows from the same server into a fresh DuckDB file, in turns, each in
a process of its own; then the tables are compared, column by column, through sums of hashes.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from benchmarks.contenders import (
    DLT_ARROW,
    DLT_DEFAULT,
    DLT_TUNED,
    ENGINE,
    FLOOR,
    PEERS,
    Race,
    Standing,
)
from benchmarks.findings import Finding, Section, markdown_table, ratios, spread, told
from benchmarks.shapes import SHAPES
from benchmarks.sizes import Sizes

_WANTED = {DLT_DEFAULT.name: 30.0, DLT_TUNED.name: 8.0, DLT_ARROW.name: 2.0}


def full_sync(sizes: Sizes) -> Section:
    """Race on the plain table of twelve columns."""
    race = Race(
        rows=sizes.rows,
        slow_rows=sizes.slow_rows,
        repeat=sizes.repeat,
        slow_repeat=sizes.slow_repeat,
    )
    standings = race.run()
    engine = standings[ENGINE.name]
    findings = [
        Finding(
            row=1,
            what=f"times as fast as {name}",
            target=wanted,
            at_least=True,
            values=ratios(standings[name].seconds, engine.seconds),
            why_not=standings[name].why_not,
        )
        for name, wanted in _WANTED.items()
    ]
    findings += [
        Finding(
            row=1,
            what="times the floor's seconds",
            target=2,
            values=ratios(engine.seconds, standings[FLOOR.name].seconds),
        ),
        Finding(
            row=6,
            what="share of a CPU-bound full sync for which the database is held",
            target=10,
            unit="%",
            digits=1,
            values=[run.held_share * 100 for run in engine.runs],
        ),
    ]
    title = f"Full sync of {sizes.rows:,} rows of 12 columns, 1,000 a page"
    text = f"{full_sync_table(standings, engine)}\n\n{_engine_table(standings)}"
    return Section(title=title, findings=findings, text=text, notes=_notes(race, standings))


def shapes(sizes: Sizes) -> Section:
    """The same race on data of other shapes."""
    names = [contender.name for contender in (ENGINE, FLOOR, *PEERS)]
    rows, notes, errors = list[list[str]](), list[str](), list[str]()
    for shape, count in sizes.shapes.items():
        race = Race(
            rows=count,
            slow_rows=count,  # what is scaled up leaves out what a tool does once
            shape=shape,
            repeat=sizes.shape_repeat,
            slow_repeat=1,
        )
        try:
            standings = race.run()
        except Exception as error:  # the other shapes still have something to say
            errors.append(f"{shape}: {told(error)}")
            continue
        engine = standings[ENGINE.name]
        others = [_times(standings[name], engine) for name in names[1:]]
        rows.append([shape, f"{count:,}", spread(engine.seconds), *others])
        notes += [f"{shape}: {note}" for note in _notes(race, standings)]
    headings = ["shape", "rows", f"{names[0]}, s", *(f"{name}: times that" for name in names[1:])]
    return Section(
        title="Full syncs of other shapes",
        findings=[],
        text=markdown_table(headings, rows),
        notes=notes,
        errors=errors,
    )


def _times(standing: Standing, engine: Standing) -> str:
    if not standing.seconds:
        return "not measured"
    return spread(ratios(standing.seconds, engine.seconds), digits=1)


def full_sync_table(standings: dict[str, Standing], engine: Standing) -> str:
    """Seconds, ratios, processor time and memory of everybody that was measured."""
    rows = [
        [
            name,
            spread(standing.seconds, digits=1),
            spread(ratios(standing.seconds, engine.seconds)),
            spread([run.cpu_seconds for run in standing.runs], digits=1),
            spread([run.peak_bytes / 1e6 for run in standing.runs], digits=0),
            f"{standing.runs[0].rows:,}",
        ]
        for name, standing in standings.items()
        if standing.runs
    ]
    headings = [
        "",
        "seconds for all rows",
        "times Pack Sync",
        "processor s of a run",
        "peak MB of a run",
        "rows of a run",
    ]
    return markdown_table(headings, rows)


def _engine_table(standings: dict[str, Standing]) -> str:
    parts = ("fetch_seconds", "stage_seconds", "apply_seconds", "held_seconds")
    rows = [
        [name, *(spread([getattr(run, part) for run in standings[name].runs]) for part in parts)]
        for name in (ENGINE.name, FLOOR.name)
    ]
    return markdown_table(["seconds", "fetching", "staging", "applying", "held for writing"], rows)


def _notes(race: Race, standings: dict[str, Standing]) -> Sequence[str]:
    notes = list[str]()
    scaled = [name for name, s in standings.items() if s.contender.slow and s.runs]
    if scaled and race.slow_rows < race.rows:
        notes.append(
            f"{', '.join(scaled)}: measured on {race.slow_rows:,} rows and scaled linearly to "
            f"{race.rows:,}, without what starting costs."
        )
    for name, standing in standings.items():
        if standing.not_compared:
            columns = ", ".join(standing.not_compared)
            notes.append(
                f"{name}: not compared: {columns}, because {standing.contender.why_not_compared}; "
                "the other columns are the same."
            )
        if standing.why_not:
            notes.append(f"{name}: not measured. {standing.why_not}")
    return notes


ShapeName = StrEnum("ShapeName", list(SHAPES))
PLAIN = ShapeName("plain")


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 1_000_000,
    slow_rows: Annotated[int, typer.Option(help="Of the slow tools.", min=1)] = 10_000,
    shape: Annotated[ShapeName, typer.Option(help="Of the data.")] = PLAIN,
    repeat: Annotated[int, typer.Option(help="Runs of each.", min=1)] = 3,
    peers: Annotated[bool, typer.Option(help="The other tools, too.")] = True,
) -> None:
    """Sync one table in full, and print how everybody did."""
    race = Race(
        rows=rows,
        slow_rows=slow_rows,
        shape=shape.value,
        repeat=repeat,
        slow_repeat=repeat,
        peers=PEERS if peers else (),
    )
    standings = race.run()
    print(full_sync_table(standings, standings[ENGINE.name]), _engine_table(standings), sep="\n\n")
    print("", *_notes(race, standings), sep="\n")


if __name__ == "__main__":
    typer.run(main)
