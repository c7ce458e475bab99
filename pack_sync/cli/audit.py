"""`packsync audit`: what the full syncs found that increments should have brought."""

import itertools
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from pack_sync.cli.known_project import chosen_names, open_warehouse
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.commit.full_sync_audit import AuditLine, read_audits
from pack_sync.ledger.audit_rows import read_audit_rows
from pack_sync.ledger.sync_key import DEFAULT_SYNC


def audit(
    pack: Annotated[str | None, typer.Argument(help="The pack; all if left out.")] = None,
    table: Annotated[str | None, typer.Argument(help="One of its tables.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="How many audits, or ids, to show of each table.")
    ] = 20,
    ids: Annotated[bool, typer.Option("--ids", help="Name the rows of the last audits.")] = False,
) -> None:
    """Show which rows incremental syncs had missed, left stale or not deleted."""
    with plain_errors():
        pack, table = chosen_names(f"{pack}.{table}" if pack and table else pack)
        with open_warehouse().read() as connection:
            lines = read_audits(connection, pack, table)
        if not lines:
            console.print(
                "No audit yet: the first is the first full sync of a table that has a cursor.",
                soft_wrap=True,
            )
            return
        lines.sort(key=_table_name)  # stable: the newest of each table come first
        for name, of_table in itertools.groupby(lines, key=_table_name):
            if ids:
                _show_ids(name, list(of_table), limit)
            else:
                _show(name, list(of_table), limit)


def _table_name(line: AuditLine) -> str:
    return f"{line.key.pack}.{line.key.table}"


def _show(name: str, lines: Sequence[AuditLine], limit: int) -> None:
    table = Table(title=escape(name), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("when (UTC)", no_wrap=True)
    several = {line.key.sync for line in lines} != {DEFAULT_SYNC}
    if several:
        table.add_column("sync", overflow="fold")
    for figure in ("rows", "missed", "stale", "undeleted", "recent", "share"):
        table.add_column(figure, justify="right", no_wrap=True)
    for line in lines[:limit]:
        audit = line.audit
        counts = (line.rows, audit.missed, audit.stale, audit.undeleted, audit.recent)
        table.add_row(
            f"{line.finished_at:%Y-%m-%d %H:%M}",
            *([escape(line.key.sync)] if several else []),
            *(f"{count:,}" for count in counts),
            percentage(line.share),
        )
    console.print(table)
    if len(lines) > limit:
        console.print(f"The newest {limit:,} of {len(lines):,} are shown; --limit shows more.")


def _show_ids(name: str, lines: Sequence[AuditLine], limit: int) -> None:
    """Name the rows that the last audit of each sync found, as far as their ids are kept."""
    last = {line.key.sync: line for line in reversed(lines)}.values()
    with open_warehouse().read() as connection:
        rows = read_audit_rows(connection, [each for line in last for each in line.executions])
    count = sum(line.audit.faults for line in last)
    if not count:
        console.print(f"{escape(name)}: the last audit found no such rows.")
        return
    table = Table(title=escape(name), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    several = {row.sync for row in rows} != {DEFAULT_SYNC}
    for heading in ("kind", *(["sync"] if several else []), "id"):
        table.add_column(heading, overflow="fold")
    for row in rows[:limit]:
        table.add_row(row.kind, *([escape(row.sync)] if several else []), escape(row.row_id))
    console.print(table)
    if len(rows) > limit:
        console.print(f"{limit:,} of {len(rows):,} ids are shown; --limit shows more.")
    if len(rows) < count:
        console.print(f"The audit found {count:,} rows; the ids of {len(rows):,} were kept.")


def percentage(share: float) -> str:
    """A share of up to two digits after the point; what is not 0 does not look like it."""
    return "<0.01%" if 0 < share < 0.0001 else f"{share:.2%}"
