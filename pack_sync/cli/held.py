"""`packsync held`: full syncs that wait because they would delete many rows (contract D8)."""

from typing import Annotated

import orjson
import typer
from rich.markup import escape
from rich.table import Column, Table

from pack_sdk.wording import counted
from pack_sync.cli.groups import ListByDefault
from pack_sync.cli.known_project import chosen_names, open_warehouse
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.commit.held_syncs import HeldSync, NotHeldError, discard_held, read_held

_LONGEST_ROW = 160

held = typer.Typer(
    cls=ListByDefault,
    help="List full syncs that wait for approval because they would delete many rows.",
)

_What = Annotated[str, typer.Argument(metavar="PACK.TABLE", help="The table whose sync is held.")]
_Sync = Annotated[
    str | None,
    typer.Option(help="Which of its syncs; that of a crawled table stands for all its children."),
]


@held.command("list")
def list_held(
    what: Annotated[
        str | None, typer.Argument(metavar="[PACK[.TABLE]]", help="Whose; all if left out.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many sample rows to show of each.")] = 3,
) -> None:
    """List the held full syncs, oldest first, with some of the rows that they would delete."""
    with plain_errors():
        pack, table = chosen_names(what)
        with open_warehouse().read() as connection:
            found = read_held(connection, pack, table)
    if not found:
        console.print("Nothing is held.")
        return
    shown = Table(
        Column("table", overflow="fold"), "held since (UTC)", "rows", "brought", "would delete"
    )
    for each in found:
        share = each.deletes / each.rows_before if each.rows_before else 0
        shown.add_row(
            escape(str(each.key)),
            f"{each.held_at:%Y-%m-%d %H:%M:%S}",
            f"{each.rows_before:,}",
            f"{each.rows_returned:,}",
            f"{each.deletes:,} ({share:.0%})",
        )
    console.print(shown)
    for each in found:
        _print_sample(each, limit)
    name = f"{found[0].key.pack}.{found[0].key.table}"
    console.print(
        f"If these rows were really deleted at the source, run `packsync held approve {name}`. If "
        f"not, fix the source, then run `packsync held discard {name}`; the next sync tries again.",
        markup=False,
        soft_wrap=True,
    )


def _print_sample(each: HeldSync, limit: int) -> None:
    if not limit:
        return
    count = min(limit, len(each.sample))
    console.print(
        f"{each.key} would delete, for example ({count} of {each.deletes:,}):", markup=False
    )
    for row in each.sample[:count]:
        text = orjson.dumps(row).decode()
        text = text if len(text) <= _LONGEST_ROW else text[: _LONGEST_ROW - 1] + "…"
        console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)


@held.command("approve")
def approve(what: _What, sync: _Sync = None) -> None:
    """Apply a held full sync, including its deletes. Later syncs are checked as before."""
    from pack_sync.cli.context import open_warehouse
    from pack_sync.commit.approval import approve_held

    with plain_errors():
        warehouse = open_warehouse()
        for each in _of_one_sync(what, sync):
            try:
                approval = approve_held(warehouse, each)
            except NotHeldError as error:
                fail(str(error))
            record = approval.record
            console.print(
                f"{each.key}: approved: {counted(record.deleted, 'row', 'rows')} deleted, "
                f"{record.inserted:,} inserted, {record.updated:,} updated",
                markup=False,
                highlight=False,
            )
            if approval.behind:
                console.print(
                    "  Syncs have been committed since it was held: rows that changed since were "
                    "left alone, new ones not added, and the cursor stays. The next sync is full.",
                    markup=False,
                    soft_wrap=True,
                )


@held.command("discard")
def discard(what: _What, sync: _Sync = None) -> None:
    """Discard a held full sync. The table stays as it is, and the next sync is full."""
    from pack_sync.cli.context import open_warehouse

    with plain_errors():
        warehouse = open_warehouse()
        for each in _of_one_sync(what, sync):
            try:
                discard_held(warehouse, each)
            except NotHeldError as error:
                fail(str(error))
            console.print(
                f"{each.key}: discarded; no row was deleted", markup=False, highlight=False
            )


def _of_one_sync(what: str, sync: str | None) -> list[HeldSync]:
    """What is held of one sync, or of the children that are crawled under one name.

    Exits with the choices if nothing is, or if it is not said which of several is meant.
    """
    pack, table = chosen_names(what)
    if table is None:
        fail(f"{what!r} names no table; write PACK.TABLE, such as {what}.Tasks")
    with open_warehouse().read() as connection:
        found = read_held(connection, pack, table, sync)
        others = [] if found else read_held(connection, pack, table)
    if not found:
        names = ", ".join(repr(each.key.sync) for each in others)
        fail(f"nothing is held of {what}" + (f" --sync {sync!r}; of {names} is" if others else ""))
    if sync is None and len(found) > 1:
        names = ", ".join(repr(each.key.sync) for each in found[:20])
        fail(f"{len(found):,} syncs of {what} are held; say which one with --sync: {names}")
    return found
