"""The commands, each imported when it is used.

To import what all of them need takes a second; `--help` needs none of it, and no command what
another needs.
"""

import gc
import sys
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
    "new": (
        "new.new",
        "Begin a pack: from the URL of a list, a specification or recordings, or empty.",
    ),
    "list": (
        "list.list_packs",
        "List the packs that are switched on, their tables, and when they sync next.",
    ),
    "packs": (
        "packs.packs",
        "List the packs of the project and those that come with Pack Sync, or one's tables.",
    ),
    "copy": (
        "copy.copy",
        "Copy a pack that comes with Pack Sync into the project's packs/, to be changed.",
    ),
    "helpers": (
        "helpers.helpers",
        "Write incremental.ts, helpers for incremental syncs, beside a pack in TypeScript.",
    ),
    "settings": (
        "settings.settings",
        "Show every setting with its default and what it does.",
    ),
    "build": (
        "build.build",
        "Build the packs written in TypeScript. Type errors are shown, but do not fail the build.",
    ),
    "discover": (
        "discover.discover",
        "List the values that a parameter or a dynamic table can take at the service now.",
    ),
    "connect": (
        "connect.connect",
        "Connect an account of a service, verify it, and keep its credentials for syncs.",
    ),
    "preview": (
        "preview.preview",
        "Fetch some rows of a table and show them as they would be stored. Nothing is written.",
    ),
    "record": (
        "record.record",
        "Make real syncs and keep what the service answered, for tests without a network.",
    ),
    "check": (
        "check.check",
        "Try to break a pack, without a network, against a made-up service whose rows change.",
    ),
    "sync": (
        "sync.sync",
        "Sync the tables of a pack, or one of them, as a Dagster run.",
    ),
    "backfill": (
        "backfill.backfill",
        "Request full syncs as a Dagster backfill, which Dagster's daemon runs.",
    ),
    "status": (
        "status.status",
        "Show rows, cursor, last full and incremental sync, and last error of every table.",
    ),
    "notify": (
        "notify.notify",
        "Show what somebody is told of now, or send a test message.",
    ),
    "audit": (
        "audit.audit",
        "Show which rows incremental syncs had missed, left stale or not deleted.",
    ),
    "query": (
        "query.query",
        "Run a read-only SQL query on the warehouse and show the rows.",
    ),
    "backup": (
        "backup.backup",
        "Copy the warehouse to a new file. Syncs go on, and commit after the copy.",
    ),
    "warehouse": (
        "warehouse.warehouse",
        "Copy a warehouse to another one, such as a lake; tend a lake.",
    ),
    "serve": (
        "serve.serve",
        "Have the warehouse's file open, for readers and syncs at once, until it is stopped.",
    ),
    "held": (
        "held.held",
        "List full syncs that wait for approval because they would delete many rows.",
    ),
    "rejects": (
        "rejects.rejects",
        "List the rows that could not be stored, or store them after fixing the pack.",
    ),
    "cursor": (
        "cursor.cursor",
        "Show a sync's cursor and its history, or change where the next sync starts.",
    ),
}
"""Where each command is, from this package on, and the first line of its help."""

came_first = set[str]()
"""`dagster`, if it was loaded with the command, and not later on."""


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
        came_first.update({"dagster"} & sys.modules.keys())
        gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
        gc.enable()
    made: Any = typer.main.get_command(holder)
    return made.commands[name] if isinstance(made, TyperGroup) else made
