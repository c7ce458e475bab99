"""Large tables to begin with, made by SQL instead of syncing them, the same for everybody.

The engine's warehouse gets its rows and, through the functions that a sync uses, the position
of a full sync that has just ended. The hand-written changes work on a copy of that file.
dlt makes its own table and its state from the source's first page, and SQL then fills it from
the engine's. All rows have the numbers that the source gives them, so that changes meet them.
"""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import typer

from benchmarks import engine_run
from benchmarks.shapes import SHAPES
from pack_sync.commit.target_table import TargetTable
from pack_sync.ledger.cursors import PositionChange, SyncPosition, write_positions
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.stage.column_types import columns_of
from pack_sync.warehouse.warehouse import Warehouse

_WORDS = "['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota', 'kappa']"
_ROWS = f"""
SELECT id,
    dice % 1000000 AS count,
    CAST(dice // 7 % 100000 AS DOUBLE) / 1000 AS score,
    CAST(dice AS DOUBLE) / 4611686018427387904 AS ratio,
    dice % 2 = 0 AS active,
    word || ' ' || id AS name,
    word || '.' || id || '@example.com' AS email,
    ['open', 'in progress', 'blocked', 'done'][1 + dice // 11 % 4] AS status,
    created_at,
    created_at + to_milliseconds(dice // 13 % 1000000) AS modified_at,
    {{'name': word, 'email': word || '@example.com'}} AS owner,
    {_WORDS}[1 + dice // 17 % 7 : 3 + dice // 17 % 7] AS labels,
    'default' AS _sync, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS _changed_at, 'start' AS _run_id
FROM (
    SELECT id, dice, {_WORDS}[1 + dice // 19 % 10] AS word,
        TIMESTAMPTZ '2020-01-01 00:00:00+00'
            + to_milliseconds(dice // 23 % 150000000000) AS created_at
    FROM (
        SELECT number AS id, CAST(hash(number) >> 2 AS BIGINT) AS dice
        FROM range(?, ?) AS numbers(number)
    )
)
"""


app = typer.Typer(help=__doc__)


@app.command("engine")
def make_engine_table(
    folder: Path, url: str, rows: int, address: str | None = None, data_path: str | None = None
) -> None:
    """A warehouse that a full sync of the source at `url` seems to have left in `folder`.

    With `address` and `data_path` it is in a lake.
    """
    now = datetime.now(UTC)
    with engine_run.item_sync(url, folder) as sync:
        fingerprint = sync.fingerprint
    position = SyncPosition(
        cursor={"round": 0},
        fingerprint=fingerprint,
        last_full_at=now,
        execution_id="start",
    )
    change = PositionChange(
        sync=engine_run.KEY.sync, before=SyncPosition(), after=position, reason="start"
    )
    first = SHAPES["plain"].page
    warehouse = Warehouse.at(address or folder / engine_run.DATABASE, data_path=data_path)
    with warehouse.write() as connection:
        create_ledger(connection)
        table = TargetTable(connection, engine_run.KEY)
        table.fit_columns(columns_of(SHAPES["plain"].schema))
        connection.execute(f"INSERT INTO {table.name} {_ROWS}", [first, first + rows])
        write_positions(connection, engine_run.KEY, [change], at=now)


@app.command("dlt")
def fill_dlt_table(folder: Path, database: Path) -> None:
    """Fill the table that dlt has made of one page with the engine's rows.

    dlt's own columns get what dlt would write there: one load, and a short text of its own for
    each row, where it has them.
    """
    values = {
        name: f'CAST(to_json("{name}") AS JSON)' if kind.endswith((")", "]")) else f'"{name}"'
        for name, kind in SHAPES["plain"].types.items()
    }
    with duckdb.connect(database) as connection:
        connection.execute(f"ATTACH '{folder / engine_run.DATABASE}' AS engine (READ_ONLY)")
        columns = [name for name, *_ in connection.execute("DESCRIBE bench.items").fetchall()]
        if "_dlt_id" in columns:
            ((load,),) = connection.execute("SELECT max(_dlt_load_id) FROM bench.items").fetchall()
            values["_dlt_load_id"] = f"'{load}'"
            values["_dlt_id"] = "left(to_base64(unhex(md5(id::VARCHAR))), 14)"
        connection.execute("TRUNCATE bench.items")
        connection.execute(
            f"INSERT INTO bench.items ({', '.join(values)}) "
            f'SELECT {", ".join(values.values())} FROM engine.bench."Items"'
        )


if __name__ == "__main__":
    app()
