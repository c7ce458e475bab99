"""Measure a tool of your own beside Pack Sync and the floor.

    python -m benchmarks.join benchmarks/peers/plain_python.toml
    python -m benchmarks.join mytool.toml --shape nested --rows 40000 --rounds 2 --failures 0.02

The file says how the tool is started; benchmarks/README.md has the protocol. In turns, each tool
loads all rows into an empty folder and then the changes of each round; after each its rows are
compared with the floor's. All are measured from outside, from their start to their end.
Exit code 1: a tool failed, or ended with other rows.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import httpx
import orjson
import typer

from benchmarks import engine_run, floor_run
from benchmarks.findings import markdown_table, ratios, spread
from benchmarks.full_sync import PLAIN, ShapeName
from benchmarks.joined_tool import CannotError, Tool, ToolRun, left_content, read_tool, run_tool
from benchmarks.machine import machine, versions
from benchmarks.measurement import Content, ContentError, require_same
from benchmarks.source_server import Source, running_source

_OPTIONS = "{source} {folder} --shape {shape} --no-check"
FLOOR = Tool(
    name="the floor",
    command="{python} -W ignore -m benchmarks.floor_run --round {round} " + _OPTIONS,
    advice="benchmarks/floor_run.py",
    database=floor_run.DATABASE,
    table=floor_run.TABLE,
)
ENGINE = Tool(
    name="Pack Sync",
    command="{python} -W ignore -m benchmarks.engine_run " + _OPTIONS,
    advice="benchmarks/engine_run.py",
    database=engine_run.DATABASE,
    table="bench.Items",
)


@dataclass(kw_only=True)
class Results:
    """The runs of each tool by what was loaded (`full`, `round 1`, …), and why there are none."""

    runs: dict[str, dict[str, list[ToolRun]]] = field(
        default_factory=dict[str, dict[str, list[ToolRun]]]
    )
    cannot: dict[str, str] = field(default_factory=dict[str, str])
    failed: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, tool: str, load: str, run: ToolRun) -> None:
        """Keep a run."""
        self.runs.setdefault(load, {}).setdefault(tool, []).append(run)


def compete(tools: Sequence[Tool], source: Source, repeat: int, limit: float) -> Results:
    """Everybody loads all rows and each round, in turns; the first of `tools` is compared with."""
    results = Results()
    with running_source(source) as url:
        for _ in range(repeat):
            expected = dict[str, Content]()
            for tool in tools:
                if tool.name not in results.failed:
                    _loads(tool, url, source, limit, expected, results)
    return results


def _loads(
    tool: Tool, url: str, source: Source, limit: float, expected: dict[str, Content], to: Results
) -> None:
    """All rows, then each round, in one folder; what fails ends it and is noted."""
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
        for round_ in range(source.rounds + 1):
            load = f"round {round_}" if round_ else "full"
            try:
                httpx.get(f"{url}/again")  # the same requests fail for everybody
                run = run_tool(tool, url, Path(name), source.shape, round_, limit)
                content = left_content(tool, Path(name), source.shape)
                require_same(f"{tool.name}, {load},", content, expected.setdefault(load, content))
            except CannotError as error:
                to.cannot[tool.name] = str(error)
                return
            except (RuntimeError, ContentError) as error:
                to.failed[tool.name] = str(error)
                return
            to.add(tool.name, load, run)


def page(tools: Sequence[Tool], results: Results) -> str:
    """A table for each load, with ratios to Pack Sync run by run, and what there is to say."""
    headings = ["", "seconds", "times Pack Sync", "processor s", "peak MB"]
    parts = list[str]()
    for load, runs in results.runs.items():
        ours = [run.seconds for run in runs.get(ENGINE.name, [])]
        rows = [
            [
                name,
                spread([run.seconds for run in these]),
                spread(ratios([run.seconds for run in these], ours)) if ours else "-",
                spread([run.cpu_seconds for run in these]),
                spread([run.peak_bytes / 1e6 for run in these], digits=0),
            ]
            for name, these in runs.items()
        ]
        parts.append(markdown_table([load, *headings[1:]], rows))
    notes = [f"- {tool.name}: set up as {tool.advice} says." for tool in tools]
    notes += [
        f"- {tool.name}: not compared: {column}, because {why}."
        for tool in tools
        for column, why in tool.not_compared.items()
    ]
    notes += [f"- Cannot: {why}" for why in results.cannot.values()]
    notes += [f"- **Failed**: {why}" for why in results.failed.values()]
    return "\n\n".join([*parts, "\n".join(notes)])


def main(
    tool: Annotated[list[Path], typer.Argument(help="TOML files, a tool each.")],
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 100_000,
    shape: Annotated[ShapeName, typer.Option(help="Of the data.")] = PLAIN,
    rounds: Annotated[int, typer.Option(help="Of changes after all rows.", min=0)] = 0,
    changes: Annotated[int, typer.Option(help="Changed rows of a round.", min=1)] = 1_000,
    deletes: Annotated[int, typer.Option(help="Deleted rows of a round.", min=0)] = 100,
    latency_ms: Annotated[int, typer.Option(help="Before each answer.", min=0)] = 0,
    failures: Annotated[float, typer.Option(help="Share of 429 and 503.", min=0, max=0.5)] = 0,
    repeat: Annotated[int, typer.Option(help="Turns.", min=1)] = 3,
    limit: Annotated[float, typer.Option(help="Seconds for one load.", min=1)] = 600,
    keep: Annotated[Path | None, typer.Option(help="Write all runs as JSON, too.")] = None,
) -> None:
    """Measure tools beside Pack Sync and the floor."""
    source = Source(
        rows=rows,
        shape=shape.value,
        changes=changes if rounds else 0,
        deletes=deletes if rounds else 0,
        rounds=rounds,
        latency_ms=latency_ms,
        failures=failures,
    )
    tools = [FLOOR, ENGINE, *map(read_tool, tool)]
    results = compete(tools, source, repeat, limit)
    print(page(tools, results))
    if keep:
        facts = {"source": source, "machine": machine(), "versions": versions(), "tools": tools}
        keep.write_bytes(orjson.dumps(facts | vars(results), option=orjson.OPT_INDENT_2))
    if results.failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
