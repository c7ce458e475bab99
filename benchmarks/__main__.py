"""All benchmarks, and their results as a page.

    python -m benchmarks                      everything: `make bench`
    python -m benchmarks --size quick         a minute or two: `make bench-quick`
    python -m benchmarks --only incremental   one part

The page comes out complete even if a part fails, and is written anew after each part; the exit
code then is 1. A missed target is no failure. At the end it says which figures are worse than
those kept by runs with `--keep` on the same kind of machine; see `benchmarks.kept_results`.
"""

import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.findings import Section, told
from benchmarks.full_sync import full_sync, shapes
from benchmarks.incremental import incremental
from benchmarks.kept_results import Comparison, compare, keep, kept_file, read_kept
from benchmarks.latency import latency
from benchmarks.machine import machine, versions
from benchmarks.many_applies import many_applies
from benchmarks.nothing_changed import nothing_changed
from benchmarks.picture import RESULTS, write_picture
from benchmarks.results import Circumstances, Outcome, now, results_page
from benchmarks.sizes import FULL, QUICK, TINY, Sizes
from benchmarks.weekly import weekly


class Size(StrEnum):
    """How much is measured."""

    FULL = "full"
    QUICK = "quick"
    TINY = "tiny"


class Part(StrEnum):
    """What is measured."""

    FULL_SYNC = "full-sync"
    SHAPES = "shapes"
    INCREMENTAL = "incremental"
    WEEKLY = "weekly"
    LATENCY = "latency"
    NOTHING_CHANGED = "nothing-changed"
    MANY_APPLIES = "many-applies"


_SIZES = {Size.FULL: FULL, Size.QUICK: QUICK, Size.TINY: TINY}
_PARTS: dict[Part, tuple[Callable[[Sizes], Section], Sequence[int]]] = {
    Part.FULL_SYNC: (full_sync, [1, 6]),
    Part.SHAPES: (shapes, []),
    Part.INCREMENTAL: (incremental, [2]),
    Part.WEEKLY: (weekly, [3, 5]),
    Part.LATENCY: (latency, [4, 6]),
    Part.NOTHING_CHANGED: (nothing_changed, [7]),
    Part.MANY_APPLIES: (many_applies, [8]),
}


def main(
    size: Annotated[Size, typer.Option(help="How much is measured.")] = Size.FULL,
    only: Annotated[list[Part] | None, typer.Option(help="Some parts; may be repeated.")] = None,
    repeat: Annotated[
        int | None, typer.Option(min=1, help="Runs of each full sync, instead of the usual.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="The page; RESULTS.md if in full.")] = None,
    keep_figures: Annotated[
        bool, typer.Option("--keep", help="Keep the figures, to be compared with later.")
    ] = False,
    fail_if_worse: Annotated[
        bool, typer.Option("--fail-if-worse", help="Exit code 2 if a figure is worse than kept.")
    ] = False,
) -> None:
    """Measure, and write the page of results."""
    # Programs that are measured compile nothing anew, as with most users.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sizes = _SIZES[size]
    if repeat is not None:
        sizes = replace(sizes, repeat=repeat, slow_repeat=repeat, shape_repeat=repeat)
    if output is None and size is Size.FULL and not only:
        output = RESULTS
    console = Console(stderr=True)
    circumstances = Circumstances(
        began=now(),
        command=shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        machine=machine(),
        versions=versions(),
        warning="" if size is Size.FULL else f"Size {size.value}: no figures to go by.",
    )
    outcomes, page = list[Outcome](), ""
    for part in only or list(Part):
        with console.status(f"measuring {part.value}"):
            outcomes.append(_run(part, sizes))
        console.print(f"{part.value}: {outcomes[-1].seconds:.0f} s {outcomes[-1].error}")
        page = results_page(outcomes, circumstances)
        if output:
            output.write_text(page)
    if output == RESULTS and not any(outcome.failed for outcome in outcomes):
        write_picture()
    print(page)
    console.print(f"{sum(outcome.seconds for outcome in outcomes) / 60:.1f} minutes in all")
    comparison = _compared(outcomes, kept_file(circumstances.machine, size.value), keep_figures)
    console.print(comparison.text)
    if any(outcome.failed for outcome in outcomes):
        raise typer.Exit(1)
    if fail_if_worse and comparison.worse:
        raise typer.Exit(2)


def _compared(outcomes: Sequence[Outcome], file: Path, keep_figures: bool) -> Comparison:
    """The figures beside those kept in the file, which then gets them too if asked for."""
    findings = [one for outcome in outcomes if outcome.section for one in outcome.section.findings]
    comparison = compare(findings, read_kept(file))
    if keep_figures:
        keep(file, findings)
    return comparison


def _run(part: Part, sizes: Sizes) -> Outcome:
    measure, rows = _PARTS[part]
    began = time.monotonic()
    section, error = None, ""
    try:
        section = measure(sizes)
    except Exception as failure:  # the other parts still have something to say
        error = told(failure)
    seconds = time.monotonic() - began
    return Outcome(name=part.value, rows=rows, seconds=seconds, section=section, error=error)


if __name__ == "__main__":
    typer.run(main)
