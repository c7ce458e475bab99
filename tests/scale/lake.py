"""What is in the lake, read by DuckDB alone: nothing of the library takes part."""

from pathlib import Path

import duckdb

from tests.scale.cluster import SECRET, Cluster


def open_lake(cluster: Cluster) -> duckdb.DuckDBPyConnection:
    """The lake as any reader has it."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    for name in ("httpfs", "postgres_scanner", "ducklake"):
        package = __import__(f"duckdb_extension_{name}")
        folder = Path(package.__path__[0]) / "extensions" / f"v{duckdb.__version__}"
        connection.execute(f"LOAD '{folder / f'{name}.duckdb_extension'}'")
    host = cluster.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection.execute(f"""
        CREATE SECRET (TYPE s3, KEY_ID 'key', SECRET '{SECRET}', REGION 'us-east-1',
            ENDPOINT '{host}', URL_STYLE 'path', USE_SSL false)
    """)
    catalogue = cluster.warehouse.replace("'", "''")
    connection.execute(f"ATTACH '{catalogue}' AS lake (READ_ONLY)")
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str, int]]:
    """Id, value and number of each row of a table, doubled ones twice."""
    return connection.execute(f"SELECT id, value, n FROM lake.fake.{table}").fetchall()
