"""`packsync cursor`: where a sync stands, where it stood, and changing that by hand."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.engine.cursor_changes import (
    CursorChange,
    CursorChangeRefusedError,
    reset_cursor,
    rewind_cursor,
    set_cursor,
)
from pack_sync.engine.full_or_incremental import ModeRequest, decide_mode
from pack_sync.engine.stored_credentials import without_mangled_cursor
from pack_sync.ledger.cursor_history import read_history
from pack_sync.ledger.cursors import SyncPosition, read_position

if TYPE_CHECKING:
    from pack_sync.cli.chosen_sync import ChosenSync

cursor = typer.Typer(
    no_args_is_help=True,
    help="Show a sync's cursor and its history, or change where the next sync starts.",
)

_Pack = Annotated[str, typer.Argument(help="The pack.")]
_Table = Annotated[str, typer.Argument(help="One of its tables.")]
_Sync = Annotated[
    str | None,
    typer.Option(help="Which of the table's syncs; a crawled child is SYNC/PARENT'S VALUE."),
]
_Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]


@cursor.command("show")
def show(pack: _Pack, table: _Table, sync: _Sync = None) -> None:
    """Show a sync's cursor, who wrote it and when, and what the next sync will be."""
    with plain_errors(), _chosen(pack, table, sync) as chosen:
        with chosen.warehouse.read() as connection:
            position = read_position(connection, chosen.sync.key)
            history = read_history(connection, chosen.sync.key)
        _print(str(chosen.sync.key))
        _print(f"cursor            {_cursor(position)}", chosen)
        for now in history[:1]:
            when = _time(now.recorded_at)
            _print(f"written           {when} by {now.execution_id}: {now.reason}", chosen)
        _print(f"last full         {_time(position.last_full_at)}")
        _print(f"last incremental  {_time(position.last_incremental_at)}")
        _print_next(chosen, position)


@cursor.command("history")
def history(
    pack: _Pack,
    table: _Table,
    sync: _Sync = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 20,
) -> None:
    """List the cursors that a sync has had, newest first, with who wrote them and why."""
    with plain_errors(), _chosen(pack, table, sync) as chosen:
        with chosen.warehouse.read() as connection:
            entries = read_history(connection, chosen.sync.key)
        if not entries:
            _print(f"{chosen.sync.key} has never been synced.")
            return
        rows = Table("steps", "when (UTC)")
        rows.add_column("cursor", overflow="fold")  # whole: it may be wanted for `set`
        rows.add_column("reason", overflow="fold")
        rows.add_column("execution", overflow="fold")
        for steps, entry in enumerate(entries[:limit]):
            rows.add_row(
                str(steps),
                f"{entry.recorded_at:%Y-%m-%d %H:%M:%S}",
                escape(chosen.shown(_json(entry.cursor))),
                escape(chosen.shown(entry.reason)),
                entry.execution_id,
            )
        console.print(rows)
        if len(entries) > limit:
            console.print(
                f"The newest {limit:,} of {len(entries):,} are shown; --limit shows more."
            )


@cursor.command("set")
def set_(
    pack: _Pack,
    table: _Table,
    value: Annotated[str, typer.Argument(metavar="JSON", help="The cursor, as JSON.")],
    reason: _Reason,
    sync: _Sync = None,
) -> None:
    """Set the cursor that the next sync starts from. The rows stay as they are."""
    with plain_errors():
        cursor = _parsed(value)
        _apply(pack, table, sync, lambda c: set_cursor(c.warehouse, c.sync, cursor, reason=reason))


@cursor.command("rewind")
def rewind(
    pack: _Pack,
    table: _Table,
    reason: _Reason,
    to: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="To the cursor of that time; UTC unless it has a zone."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="So many entries of the history back; 1 if unset.")
    ] = None,
    sync: _Sync = None,
) -> None:
    """Go back to an earlier cursor: the next sync fetches again what came since."""
    with plain_errors():
        if to is not None and steps is not None:
            fail("give --to or --steps, not both")
        target = _moment(to) if to is not None else steps or 1
        _apply(
            pack, table, sync, lambda c: rewind_cursor(c.warehouse, c.sync, target, reason=reason)
        )


@cursor.command("reset")
def reset(pack: _Pack, table: _Table, reason: _Reason, sync: _Sync = None) -> None:
    """Drop the cursor, so that the next sync is full. The rows stay until then."""
    with plain_errors():
        _apply(pack, table, sync, lambda c: reset_cursor(c.warehouse, c.sync, reason=reason))


def _chosen(pack: str, table: str, sync: str | None) -> "AbstractContextManager[ChosenSync]":
    from pack_sync.cli.chosen_sync import chosen_sync  # takes Dagster along

    return chosen_sync(pack, table, sync)


def _apply(
    pack: str, table: str, sync: str | None, change: "Callable[[ChosenSync], CursorChange]"
) -> None:
    with _chosen(pack, table, sync) as chosen:
        try:
            done = change(chosen)
        except CursorChangeRefusedError as error:
            fail(chosen.shown(str(error)))
        _print(f"{chosen.sync.key}: {_cursor(done.before)} → {_cursor(done.after)}", chosen)
        _print_next(chosen, done.after)


def _print_next(chosen: "ChosenSync", position: SyncPosition) -> None:
    sync = chosen.sync
    decision = decide_mode(
        ModeRequest(),
        without_mangled_cursor(sync.connection, position),
        sync.fingerprint,
        now=datetime.now(UTC),
        full_every=sync.settings.full_every,
    )
    unless = " (unless the pack says that its schema has changed)" if sync.awaits_schema else ""
    _print(f"next sync         {decision.mode}, because {decision.reason}{unless}", chosen)


def _parsed(text: str) -> Any:
    """The cursor that a text is. Exits if it is no JSON, or null, which is no cursor."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fail(f"{text!r} is no JSON ({error}); a text needs quotes of its own: '\"text\"'")
    if value is None:
        fail("null is no cursor; to have the next sync full, use `packsync cursor reset`")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--to: {text!r} is no time; write it as 2026-01-31T09:30, in UTC")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _cursor(position: SyncPosition) -> str:
    return (
        f"none: {position.no_cursor_reason}" if position.cursor is None else _json(position.cursor)
    )


def _json(value: Any) -> str:
    return "none" if value is None else orjson.dumps(value).decode()


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "never"


def _print(line: str, chosen: "ChosenSync | None" = None) -> None:
    """A whole line, however long: a cursor that is cut off could not be set again."""
    text = chosen.shown(line) if chosen else line
    console.print(text, markup=False, highlight=False, soft_wrap=True)
