"""The commands, each imported when it is used.

To import what all of them need takes a second; `--help` needs none of it, and no command what
another needs.
"""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from pack_sync.runtimes.python.gc_tuning import NEW_OBJECTS

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": (
        "init.init",
        "Make a Dagster project: resources, definitions, and a pack with its test.",
    ),
    "list": (
        "list.list_packs",
        "List the packs that are switched on, their tables, and when they sync next.",
    ),
    "build": (
        "build.build",
        "Build packs in TypeScript; their type errors are shown, but keep none from running.",
    ),
    "discover": (
        "discover.discover",
        "Look up what may be chosen for a parameter or a dynamic table, as the service has it now.",
    ),
    "preview": (
        "preview.preview",
        "Run a table's `execute` and show the rows as they would be stored, and the rejects.",
    ),
    "sync": (
        "sync.sync",
        "Sync a pack's tables, or one of them, through Dagster; or rehearse that without it.",
    ),
    "backfill": (
        "backfill.backfill",
        "Force full syncs of tables or syncs, as a backfill that Dagster's daemon runs.",
    ),
    "status": (
        "status.status",
        "Show rows, cursor, last full and incremental sync, and last error of every table.",
    ),
    "audit": (
        "audit.audit",
        "Show what full syncs found that incremental ones had missed, left stale or not deleted.",
    ),
    "query": (
        "query.query",
        "Run SQL over the warehouse, read-only, and show the rows; waits while a sync commits.",
    ),
    "backup": (
        "backup.backup",
        "Copy the warehouse to a new file; syncs wait meanwhile with their commits.",
    ),
    "held": (
        "held.held",
        "List full syncs that wait because they would delete many rows; approve or discard them.",
    ),
    "rejects": (
        "rejects.rejects",
        "List the rejected rows of PACK[.TABLE], or replay them after mending the pack.",
    ),
    "cursor": (
        "cursor.cursor",
        "Show where a sync stands and stood, or change by hand where the next sync goes on.",
    ),
}
"""Where each command is, from this package on, and the first line of its help."""


def stand_in() -> None:
    """What is listed instead of a command until that is used."""


class CommandsWhenUsed(TyperGroup):
    """A group that lists its commands without having imported them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # typer brings its own click
        """The command that is asked for, itself."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and command(str(name)), rest


def command(name: str) -> Any:
    """The command of that name, imported; the garbage collector leaves out what that brings."""
    module, attribute = COMMANDS[name][0].split(".")
    found = getattr(import_module(f"{__package__}.{module}"), attribute)
    holder = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        gc.enable()
    made: Any = typer.main.get_command(holder)
    return made.commands[name] if isinstance(made, TyperGroup) else made
