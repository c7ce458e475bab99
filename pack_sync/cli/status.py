"""`packsync status`: how each table stands."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime

import orjson
from rich.markup import escape
from rich.table import Column, Table

from pack_sdk.wording import counted
from pack_sync.cli.known_project import KnownPack, known_project
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.commit.held_syncs import read_held
from pack_sync.commit.sync_status import SyncStatus, read_status
from pack_sync.ledger.cursors import SyncPosition
from pack_sync.ledger.lease_store import lease_store
from pack_sync.ledger.leases import SILENT
from pack_sync.ledger.rejected_rows import RejectFilter, count_rejects
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse


def status() -> None:
    """Show rows, cursor, last full and incremental sync, and last error of every table."""
    with plain_errors():
        project = known_project()
        packs = project.packs
        keys = {
            SyncKey(pack=name, table=table, sync=sync): known.crawled
            for name, pack in packs.items()
            for table, known in pack.tables.items()
            for sync in known.syncs
        }
        table = Table(
            Column("table", overflow="fold"), "rows", "last full", "last incremental", "cursor"
        )
        failures: list[str] = []
        warnings: list[str] = []
        warehouse = project.open_warehouse()
        running = lease_store(warehouse).running(SILENT)
        with warehouse.read() as connection:
            for key, crawled in keys.items():
                found = read_status(connection, key, crawled=crawled)
                table.add_row(*_line(key, found, crawled=crawled))
                failures += _failure(key, found)
                warnings += _warnings(key, found)
            waiting = read_held(connection)
            rejected = count_rejects(connection, RejectFilter())
        console.print(f"warehouse: {warehouse.database}", markup=False, soft_wrap=True)
        console.print(table)
        for pack in packs.values():
            if pack.not_synced:
                console.print(pack.not_synced, markup=False, highlight=False, soft_wrap=True)
        for lease in running:
            console.print(f"{lease.key} is being synced by {lease}", markup=False, soft_wrap=True)
        for held in waiting:
            console.print(
                f"{held.key}: a full sync is held since {_time(held.held_at)}, because it would "
                f"delete {counted(held.deletes, 'row', 'rows')}; see `packsync held`",
                markup=False,
                soft_wrap=True,
            )
        for name, pack in packs.items():
            for line in _budgets(name, pack, warehouse):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
        warnings += _rejected(keys, rejected)
        for line in (*warnings, *failures):
            console.print(line, soft_wrap=True, highlight=False)


def _budgets(name: str, pack: KnownPack, warehouse: Warehouse) -> Iterable[str]:
    """How the rates of a pack's accounts stand."""
    if not pack.rated:  # most have none, and need nothing of what follows
        return
    from pack_sync.budgets.books import books_for
    from pack_sync.connection_settings import ConnectionSettings
    from pack_sync.http.budget import budget_of, describe_usage

    for settings in map(ConnectionSettings.model_validate, pack.rated):
        if (budget := budget_of(settings, books_for(warehouse.database))) is not None:
            with closing(budget):
                for usage in budget.usage():
                    yield f"{name} ({settings.name}): {describe_usage(usage)}"


def _line(key: SyncKey, found: SyncStatus, *, crawled: bool) -> list[str]:
    rows = "-" if found.rows is None else f"{found.rows:,}"
    if crawled:
        return [escape(str(key)), rows, *_of_children(list(found.children.values()))]
    position = found.position
    times = _time(position.last_full_at), _time(position.last_incremental_at)
    return [escape(str(key)), rows, *times, escape(_cursor(position))]


def _of_children(children: Sequence[SyncPosition]) -> list[str]:
    """How the child syncs of a crawled table stand; the oldest full sync counts."""
    full = [p.last_full_at for p in children if p.last_full_at]
    incremental = [p.last_incremental_at for p in children if p.last_incremental_at]
    with_cursor = sum(p.cursor is not None for p in children)
    return [
        _time(min(full, default=None)),
        _time(max(incremental, default=None)),
        f"{counted(len(children), 'child', 'children')}, {with_cursor:,} with a cursor",
    ]


def _failure(key: SyncKey, found: SyncStatus) -> list[str]:
    """The last run's error, if the last run failed, or was put off for want of budget."""
    run = found.last_run
    said = {"failed": "failed", "postponed": "was postponed"}
    if run is None or run.status not in said:
        return []
    failed = f"{escape(str(key))} {said[run.status]} at {_time(run.finished_at)}:"
    return [f"[red]{failed}[/red] {escape(run.error_message or '')}"]


def _warnings(key: SyncKey, found: SyncStatus) -> list[str]:
    """What the last sync warned of."""
    warned = f"[yellow]{escape(str(key))} warns:[/yellow]"
    warnings = (found.last_run.warnings if found.last_run else None) or ()
    return [f"{warned} {escape(warning)}" for warning in warnings]


def _rejected(keys: Iterable[SyncKey], counts: Mapping[tuple[str, str], int]) -> list[str]:
    """How many rows are missing from each table because they did not fit."""
    tables = dict.fromkeys((key.pack, key.table) for key in keys)
    return [
        f"[yellow]{escape('.'.join(table))}:[/yellow] "
        f"{counted(counts[table], 'rejected row is', 'rejected rows are')} kept; see "
        "`packsync rejects`"
        for table in tables
        if table in counts
    ]


def _cursor(position: SyncPosition) -> str:
    if position.cursor is None:
        return f"none: {position.no_cursor_reason}"
    text = orjson.dumps(position.cursor).decode()
    return text if len(text) <= 40 else text[:39] + "…"


def _time(moment: datetime | None) -> str:
    return f"{moment:%d %b %H:%M} UTC" if moment else "never"
