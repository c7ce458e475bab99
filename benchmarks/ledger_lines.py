"""What a sync pays for lines of the ledger that are kept in the catalogue of a lake.

    python -m benchmarks.ledger_lines

Each sync adds some lines, and each sync reads all of them until upkeep brings them to files. This
adds lines of other tables, which takes longer than reading them, and reads where one table stands.
Postgres is on this machine, from packages.
"""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from benchmarks.local_lake import local_lake
from benchmarks.readers_while_writing import Place, in_processes, write
from pack_sync.ledger.cursors import read_position
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse

_LIMIT = "ducklake_default_data_inlining_row_limit"


def main(
    lines: Annotated[list[int] | None, typer.Option(help="Of other tables; growing.")] = None,
    repeat: Annotated[int, typer.Option(min=1)] = 7,
) -> None:
    """Print how long a table's position takes to read, for each number of lines."""
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
        folder = Path(name)
        with local_lake(folder, store=False) as lake:
            place = Place(
                address=lake.address,
                data_path=lake.data_path,
                folder=folder,
                port=0,
                rows=100,
                changes=10,
            )
            in_processes([(write, place, 0)], 0)
            there = 0
            for wanted in lines or [0, 10_000, 30_000]:
                _add(place.warehouse(), wanted - there)
                there = wanted
                milliseconds = 1000 * _seconds(place.warehouse(), repeat)
                print(f"{there:>7,} lines of other tables: {milliseconds:.0f} ms")


def _add(warehouse: Warehouse, count: int) -> None:
    """Add lines as so many syncs of other tables would."""
    with warehouse.write() as connection:
        connection.execute(f"SET SESSION {_LIMIT} = {count + 1}")
        connection.execute(
            f"""
            INSERT INTO _sync.positions
            SELECT line.* REPLACE ('T' || number AS table_name)
            FROM (FROM _sync.positions LIMIT 1) AS line, range({count}) AS made(number)
            """
        )


def _seconds(warehouse: Warehouse, repeat: int) -> float:
    took = list[float]()
    for _ in range(repeat):
        with warehouse.read() as connection:
            began = time.monotonic()
            read_position(connection, SyncKey(pack="bench", table="Items0"))
            took.append(time.monotonic() - began)
    return median(took)


if __name__ == "__main__":
    typer.run(main)
