"""Row 2 of the targets: changes and deletes into large tables.

    python -m benchmarks --only incremental
    python -m benchmarks.incremental --rows 100000 --no-peers

The tables are made by SQL (`benchmarks.start_tables`). Each round of changes is then applied by
everybody, in turns, each in a process of its own: by the engine, by a hand-written `DELETE …
USING` and `INSERT` on a copy of the same file, and by dlt's merge. After the last round the
tables are compared.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import engine_run, floor_run
from benchmarks.contenders import (
    DLT_ARROW,
    DLT_TUNED,
    ENGINE,
    FLOOR,
    Contender,
    Standing,
    standings_of,
)
from benchmarks.findings import Finding, Section, markdown_table, ratios, spread, told
from benchmarks.measurement import measure, require_same, run_module
from benchmarks.sizes import FULL, Sizes
from benchmarks.source_server import Source, running_source

_MERGES = (DLT_ARROW, DLT_TUNED)


def incremental(sizes: Sizes) -> Section:
    """The same changes into tables of each size."""
    by_rows, findings = dict[int, dict[str, Standing]](), list[Finding]()
    errors = list[str]()
    for rows in sizes.tables_of:
        try:
            by_rows[rows] = _rounds(rows, sizes)
            findings += _findings(rows, by_rows[rows])
        except Exception as error:  # the other sizes still have something to say
            errors.append(f"{rows:,} rows: {told(error)}")
            what = f"into {rows / 1e6:g} M rows"
            findings.append(Finding(row=2, what=what, target=1.5, values=[], why_not=told(error)))
    return Section(
        title=f"Incremental: {sizes.changes:,} changed rows and {sizes.deletes:,} deletes",
        findings=[*findings, *_flatness(by_rows)],
        text="\n\n".join(_table(rows, standings) for rows, standings in by_rows.items()),
        notes=[
            f"{name} at {rows:,} rows: not measured. {standing.why_not}"
            for rows, standings in by_rows.items()
            for name, standing in standings.items()
            if standing.why_not
        ],
        errors=errors,
    )


def _rounds(rows: int, sizes: Sizes, merges: Sequence[Contender] = _MERGES) -> dict[str, Standing]:
    """How each did with a table of so many rows, by name."""
    standings = standings_of(ENGINE, FLOOR, *merges)
    source = Source(rows=rows, changes=sizes.changes, deletes=sizes.deletes, rounds=sizes.rounds)
    with (
        tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name,
        running_source(source) as url,
    ):
        folder = Path(name)
        run_module("benchmarks.start_tables", "engine", name, url, str(rows))
        shutil.copy(folder / engine_run.DATABASE, folder / floor_run.DATABASE)
        for contender in merges:
            standing = standings[contender.name]
            if contender is DLT_TUNED and rows > sizes.tuned_merge_into:
                standing.why_not = f"at this size only {DLT_ARROW.name} are merged, which is faster"
            if not standing.why_not:
                _prepare_merge(standing, folder, url, sizes.longest_peer_seconds)
        for round_ in range(1, sizes.rounds + 1):
            for standing in standings.values():
                _apply(standing, folder, url, round_, check=round_ == sizes.rounds)
    return _compared(standings)


def _prepare_merge(standing: Standing, folder: Path, url: str, longest: float) -> None:
    """Let dlt make its table and state of one page; then the engine's rows, unless that is slow."""
    own = _folder_of(standing.contender, folder)
    own.mkdir()
    arguments = [*standing.contender.arguments, "--mergeable", "--pages", "1"]
    try:
        run_module(standing.contender.module, url, str(own), *arguments)
        database = str(own / "dlt.duckdb")
        run_module("benchmarks.start_tables", "dlt", str(folder), database, timeout=longest)
    except RuntimeError as error:
        standing.why_not = str(error)


def _apply(standing: Standing, folder: Path, url: str, round_: int, *, check: bool) -> None:
    if standing.why_not:
        return
    contender = standing.contender
    arguments = [*contender.arguments, "--check" if check else "--no-check"]
    if contender is not ENGINE:  # which knows by its cursor
        arguments += ["--round", str(round_)]
    try:
        run = measure(contender.module, url, str(_folder_of(contender, folder)), *arguments)
    except RuntimeError as error:
        if contender in (ENGINE, FLOOR):
            raise
        standing.why_not = str(error)
        return
    standing.runs.append(run)
    standing.seconds.append(run.total_seconds)


def _folder_of(contender: Contender, folder: Path) -> Path:
    """The engine and the hand-written changes have their files beside each other."""
    if contender in _MERGES:
        return folder / contender.arguments[-1]
    return folder


def _compared(standings: dict[str, Standing]) -> dict[str, Standing]:
    """The same, after a check that all ended with the same rows. Raises `ContentError`."""
    expected = standings[FLOOR.name].runs[-1].content
    for name, standing in standings.items():
        if standing.runs and not standing.why_not:
            require_same(name, standing.runs[-1].content, expected)
    return standings


def _findings(rows: int, standings: Mapping[str, Standing]) -> list[Finding]:
    engine, floor = standings[ENGINE.name], standings[FLOOR.name]
    into = f"into {rows / 1e6:g} M rows"
    applying = [[run.apply_seconds for run in standing.runs] for standing in (engine, floor)]
    findings = [
        Finding(
            row=2,
            what=f"{into}: times the hand-written seconds, fetching included",
            target=1.5,
            values=ratios(engine.seconds, floor.seconds),
        ),
        Finding(
            row=2,
            what=f"{into}: times the hand-written seconds, applying alone",
            target=1.5,
            values=ratios(*applying),
        ),
    ]
    findings += [
        Finding(
            row=2,
            what=f"{into}: times as fast as {merge.name}, merge",
            target=3,
            at_least=True,
            values=ratios(standings[merge.name].seconds, engine.seconds),
            why_not=standings[merge.name].why_not,
        )
        for merge in _MERGES
    ]
    return findings


def _flatness(by_rows: Mapping[int, Mapping[str, Standing]]) -> list[Finding]:
    """The peak with the largest table, beside that with the smallest."""
    if not by_rows:
        return []
    least, most = min(by_rows), max(by_rows)
    peaks = {
        rows: [run.peak_bytes for run in by_rows[rows][ENGINE.name].runs] for rows in (least, most)
    }
    what = f"peak memory at {most / 1e6:g} M rows, times that at {least / 1e6:g} M"
    return [Finding(row=2, what=what, target=1.3, values=ratios(peaks[most], peaks[least]))]


def _table(rows: int, standings: Mapping[str, Standing]) -> str:
    lines = [
        [
            "hand-written" if name == FLOOR.name else name,
            spread(standing.seconds),
            spread([run.apply_seconds for run in standing.runs]) if _knows_parts(name) else "",
            spread([run.cpu_seconds for run in standing.runs]),
            spread([run.peak_bytes / 1e6 for run in standing.runs], digits=0),
        ]
        for name, standing in standings.items()
        if standing.runs
    ]
    headings = [f"into {rows:,} rows", "seconds", "of it applying", "processor s", "peak MB"]
    return markdown_table(headings, lines)


def _knows_parts(name: str) -> bool:
    return name in (ENGINE.name, FLOOR.name)


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="Of 10,000 changes.", min=1)] = 3,
    peers: Annotated[bool, typer.Option(help="dlt's merge, too.")] = True,
) -> None:
    """Apply the changes of some rounds to one table, and print how everybody did."""
    sizes = replace(FULL, rounds=rounds, changes=min(FULL.changes, rows // 2))
    standings = _rounds(rows, sizes, _MERGES if peers else ())
    print(_table(rows, standings))


if __name__ == "__main__":
    typer.run(main)
