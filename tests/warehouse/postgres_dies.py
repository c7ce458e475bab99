"""A write to a lake whose Postgres dies: `python -m tests.warehouse.postgres_dies FOLDER WHEN`.

Says what came of it. WHEN is "within", "before the commit" or "during the commit". It has a process
of its own, which DuckDB ended where it could not roll back.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from pack_sync.warehouse.warehouse import Warehouse
from tests.crash.killing import kill_postgres
from tests.crash.own_postgres import OwnPostgres
from tests.warehouses import postgres_database


def die() -> None:
    """Kill it, and wait until no process of it is left that would still answer."""
    connection = psycopg.connect(os.environ["TEST_POSTGRES"], autocommit=True)
    kill_postgres()
    with suppress(psycopg.Error):
        while True:
            connection.execute("SELECT 1")
            time.sleep(0.02)


def main(folder: Path, when: str) -> None:
    """Write once with Postgres alive, and once while it dies; then read."""
    with OwnPostgres(pause_seconds=None) as postgres:
        address = f"ducklake:postgres:{postgres_database(folder / 'lake')}"
        warehouse = Warehouse.at(address, data_path=str(folder / "files"), lock_wait_seconds=1)
        with warehouse.write() as connection:
            connection.execute("CREATE SCHEMA acme; CREATE TABLE acme.t AS SELECT 1 AS i")
        execute = psycopg.Connection.execute

        def last_question(self: Any, query: Any, *args: Any, **options: Any) -> Any:
            answer = execute(self, query, *args, **options)
            if query == "SELECT 1":  # whether the turn to write is still ours
                psycopg.Connection.execute = execute
                die()
            return answer

        try:
            with warehouse.write() as connection:
                connection.execute("INSERT INTO acme.t VALUES (2)")
                if when == "during the commit":
                    psycopg.Connection.execute = last_question  # pyright: ignore
                else:
                    die()
                if when == "within":
                    connection.execute("FROM acme.t").fetchall()
        except (Exception, duckdb.Error) as error:
            sys.stdout.write(f"{type(error).__name__}: {error}\n")
        postgres.start_again()
        with warehouse.read() as connection:
            sys.stdout.write(f"{connection.execute('FROM acme.t').fetchall()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
