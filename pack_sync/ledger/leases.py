"""Leases: who is syncing what, so that one sync never runs twice at once.

A line of `_sync.leases` for each running sync. It is a courtesy: it saves double work. What keeps
the data right is that a commit compares the position it started from (`pack_sync.commit.commit`).
So a lease may be taken over as soon as its holder is dead, as far as that can be known here, or
has been silent for long.
"""

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import psutil

from pack_sync.ledger.ledger_tables import LEASES
from pack_sync.ledger.ledger_versions import create_ledger, ledger_exists
from pack_sync.ledger.sync_key import SyncKey

SILENT = timedelta(minutes=15)
"""After how long without a sign of life a holder counts as dead; longer where pages take long."""


_given_up: set[str] = set()
"""Holders of this process that are done, whose line could not be removed."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who is syncing, since when, and when they last said so (UTC).

    `process_started` is in seconds since the epoch: process numbers are used again.
    """

    key: SyncKey
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    dagster_run_id: str | None = None
    host: str = field(default_factory=socket.gethostname)
    process: int = field(default_factory=os.getpid)
    process_started: float = field(default_factory=lambda: _own_start())
    taken_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    renewed_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __str__(self) -> str:
        run = f"run {self.dagster_run_id}" if self.dagster_run_id else "a sync outside Dagster"
        return (
            f"{run} (process {self.process} on {self.host}) since {self.taken_at:%Y-%m-%d %H:%M:%S}"
            " UTC"
        )


class LeaseTakenError(Exception):
    """Somebody else is syncing this; the message says who. Nothing was done."""


def take_lease(connection: duckdb.DuckDBPyConnection, lease: Lease, silent: timedelta) -> None:
    """Take the lease of a sync, or take it over from a holder that is dead or silent for long.

    Raises `LeaseTakenError` that names the holder. Call it in a transaction of its own.
    """
    create_ledger(connection)
    others = read_leases(connection, lease.key)
    for other in others:
        if is_held(other, silent):
            raise LeaseTakenError(f"{lease.key} is being synced by {other}")
    if others:
        connection.execute(
            f"DELETE FROM {LEASES} WHERE (pack, table_name, sync) = (?, ?, ?)",
            [lease.key.pack, lease.key.table, lease.key.sync],
        )
    connection.execute(
        f"INSERT INTO {LEASES} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            lease.key.pack,
            lease.key.table,
            lease.key.sync,
            lease.holder,
            lease.dagster_run_id,
            lease.host,
            lease.process,
            lease.process_started,
            lease.taken_at,
            lease.renewed_at,
        ],
    )


def renew_lease(connection: duckdb.DuckDBPyConnection, lease: Lease) -> None:
    """Say that the holder is still at work; nothing if the lease has been taken over."""
    connection.execute(
        f"UPDATE {LEASES} SET renewed_at = ? WHERE holder = ?", [datetime.now(UTC), lease.holder]
    )


def give_up(lease: Lease) -> None:
    """Let this process take the lease again, though its line could not be removed."""
    _given_up.add(lease.holder)


def release_lease(connection: duckdb.DuckDBPyConnection, lease: Lease) -> None:
    """Give the lease back; nothing if it has been taken over."""
    connection.execute(f"DELETE FROM {LEASES} WHERE holder = ?", [lease.holder])


def read_leases(connection: duckdb.DuckDBPyConnection, key: SyncKey | None = None) -> list[Lease]:
    """All leases, or that of one sync; their holders may be dead."""
    if not ledger_exists(connection):
        return []
    where = "" if key is None else "WHERE (pack, table_name, sync) = (?, ?, ?)"
    rows = connection.execute(
        f"""
        SELECT
            pack, table_name, sync, holder, dagster_run_id, host, process, process_started,
            taken_at, renewed_at
        FROM {LEASES} {where} ORDER BY taken_at
        """,
        [] if key is None else [key.pack, key.table, key.sync],
    ).fetchall()
    return [lease_of(row) for row in rows]


def lease_of(row: Sequence[Any]) -> Lease:
    """The lease of a line: its columns in the order of `_sync.leases`, times in UTC."""
    pack, table, sync, holder, dagster_run_id, host, process, started, taken_at, renewed_at = row
    return Lease(
        key=SyncKey(pack=pack, table=table, sync=sync),
        holder=holder,
        dagster_run_id=dagster_run_id,
        host=host,
        process=process,
        process_started=started,
        taken_at=taken_at,
        renewed_at=renewed_at,
    )


def is_held(lease: Lease, silent: timedelta) -> bool:
    """Whether the holder is, as far as is known, still at work.

    Of this machine's processes it is known at once; others count as dead when they have been
    `silent`. So does one of this machine that hangs.
    """
    if lease.holder in _given_up or datetime.now(UTC) - lease.renewed_at >= silent:
        return False
    if lease.host != socket.gethostname():
        return True
    try:
        started = psutil.Process(lease.process).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # somebody else's, but running
        return True
    return abs(started - lease.process_started) < 1


@cache
def _own_start() -> float:
    return psutil.Process().create_time()
