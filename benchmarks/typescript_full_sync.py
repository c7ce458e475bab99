"""A full sync by a TypeScript pack beside the same pack in Python.

    python -m benchmarks.typescript_full_sync --rows 1000000

Both fetch the same pages and end with the same table of twelve columns, in turns, each in a
process of its own; the floor is beside them. `benchmarks.typescript_packs` measures the runtime
alone, without network and warehouse.
"""

from typing import Annotated

import typer

from benchmarks.contenders import ENGINE, Contender, Race
from benchmarks.findings import ratios, spread
from benchmarks.full_sync import full_sync_table

TYPESCRIPT = Contender(
    name="a TypeScript pack", module="benchmarks.engine_run", arguments=["--typescript"]
)


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 1_000_000,
    repeat: Annotated[int, typer.Option(help="Runs of each.", min=1)] = 5,
) -> None:
    """Sync by both packs, and print how they did."""
    race = Race(rows=rows, slow_rows=min(rows, 1_000), repeat=repeat, peers=[TYPESCRIPT])
    standings = race.run()
    typescript, python = standings[TYPESCRIPT.name], standings[ENGINE.name]
    print(full_sync_table(standings, python))
    if typescript.why_not:
        raise RuntimeError(typescript.why_not)
    speed = spread(ratios(python.seconds, typescript.seconds))
    print(f"\nRows a second, times those of the Python pack: {speed}")


if __name__ == "__main__":
    typer.run(main)
