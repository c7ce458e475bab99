"""The Postgres that has a lake's catalogue, and beside it what its workers share."""

from typing import Any

from pack_sync.warehouse.database import Database
from pack_sync.warehouse.ducklake import DuckLake
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue, close
from pack_sync.warehouse.storage_errors import CatalogueError

SCHEMA = "pack_sync"
"""Of its own: DuckLake's tables are in `public`."""

_NOTICED_SOON = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""A host that is gone says nothing: after half a minute it counts as gone, on both ends."""

_SERVER_NOTICES = """
    SELECT
        set_config('tcp_keepalives_idle', '10', false),
        set_config('tcp_keepalives_interval', '5', false),
        set_config('tcp_keepalives_count', '4', false),
        set_config('tcp_user_timeout', '30000', false)
"""

_TABLES = f"""
    CREATE TABLE IF NOT EXISTS {SCHEMA}.leases (
        pack text NOT NULL,
        table_name text NOT NULL,
        sync text NOT NULL,
        lock bigint NOT NULL,
        holder text NOT NULL,
        dagster_run_id text,
        host text NOT NULL,
        process integer NOT NULL,
        process_started double precision NOT NULL,
        taken_at timestamptz NOT NULL,
        PRIMARY KEY (pack, table_name, sync)
    );
    CREATE TABLE IF NOT EXISTS {SCHEMA}.credentials (
        grant_name text PRIMARY KEY,
        tokens text,
        saved_at timestamptz
    );
    CREATE TABLE IF NOT EXISTS {SCHEMA}.budgets (account text PRIMARY KEY, book text);
"""
_NEWEST_TABLE = f"{SCHEMA}.budgets"
_MAKING_TABLES = 7_042_617_951_063_156
"""An advisory lock: Postgres does not make one thing twice at once, whatever IF NOT EXISTS says."""


def shared_postgres(database: Database) -> PostgresCatalogue | None:
    """The Postgres that all who sync into this database share; None if there is none."""
    catalogue = database.catalogue if isinstance(database, DuckLake) else None
    return catalogue if isinstance(catalogue, PostgresCatalogue) else None


def connect(catalogue: PostgresCatalogue, wait_seconds: float = 0) -> Any:
    """A connection of psycopg's with autocommit, to be closed; our tables are there.

    Waits so long for a Postgres that is away. Raises `CatalogueError`.
    """
    postgres = catalogue.connect(wait_seconds, **_NOTICED_SOON)
    try:
        with catalogue.explained_failures():
            postgres.execute(_SERVER_NOTICES)
            if not has_tables(postgres):
                _make_tables(catalogue, postgres)
    except BaseException:
        close(postgres)
        raise
    return postgres


def has_tables(postgres: Any) -> bool:
    """Whether our tables are there, all of them."""
    return postgres.execute("SELECT to_regclass(%s)", [_NEWEST_TABLE]).fetchone() != (None,)


def _make_tables(catalogue: PostgresCatalogue, postgres: Any) -> None:
    try:
        with postgres.transaction():
            postgres.execute("SELECT pg_advisory_xact_lock(%s)", [_MAKING_TABLES])
            # IF NOT EXISTS would need the right to make one, though an administrator has made it.
            if postgres.execute("SELECT to_regnamespace(%s)", [SCHEMA]).fetchone() == (None,):
                postgres.execute(f"CREATE SCHEMA {SCHEMA}")
            postgres.execute(_TABLES)
    except Exception as error:
        if getattr(error, "sqlstate", None) != "42501":  # insufficient_privilege
            raise
        raise CatalogueError(
            f"the state that syncs share cannot be kept in {catalogue}: its user may not make the "
            f"schema {SCHEMA}. Let an administrator of the database run: "
            f'CREATE SCHEMA {SCHEMA} AUTHORIZATION "{postgres.info.user}"'
        ) from error
