"""Many incremental syncs by the engine, one after the other, for `benchmarks.many_applies`."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.engine_run import DATABASE, item_sync
from benchmarks.measurement import Clock
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync import run_sync
from pack_sync.warehouse.warehouse import Warehouse


def main(
    url: Annotated[str, typer.Argument()],
    folder: Annotated[Path, typer.Argument()],
    applies: Annotated[int, typer.Argument()],
) -> None:
    """Sync so often; prints the seconds of each sync."""
    warehouse, seconds = Warehouse.at(folder / DATABASE), list[float]()
    with item_sync(url, folder) as sync:
        for _ in range(applies):
            clock = Clock()
            record = run_sync(sync, warehouse, ModeRequest()).record
            seconds.append(clock.seconds())
            if record.mode != "incremental":
                raise RuntimeError(f"the sync was {record.mode}: {record.mode_reason}")
    print(orjson.dumps(seconds).decode())


if __name__ == "__main__":
    typer.run(main)
