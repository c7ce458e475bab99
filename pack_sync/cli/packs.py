"""`packsync packs`: the packs that there are, and what one of them has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.cli.context import open_project
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.packs.fidelity import Fidelity, blind_spots, measured
from pack_sync.project import project_around
from pack_sync.runtimes.loader import available_packs, load_pack, ready_packs


def packs(
    name: Annotated[
        str | None, typer.Argument(help="A pack, whose tables are listed; all if left out.")
    ] = None,
) -> None:
    """List the packs of the project and those that come with Pack Sync, or one's tables.

    `pack: NAME` in a defs.yaml switches one on. The figures of a ready pack say how faithful it is:
    how many of its rows were missed, stale or not deleted after so many changes of a made-up
    service, see docs/packs/.
    """
    with plain_errors():
        own = _own_packs()
        if name is None:
            _list_all(own)
            return
        pack = load_pack(name)
    _list_tables(name, pack, None if name in own else measured(name))


def _own_packs() -> list[str]:
    """The project's own packs; none outside of a project."""
    if project_around(Path.cwd()) is None:
        return []
    open_project()
    return list(available_packs())


def _list_all(own: list[str]) -> None:
    table = Table("pack", "from", "tables", "what is synced")
    for name, place in _all(own):
        try:
            tables = load_pack(name).sync_tables
            table.add_row(escape(name), place, f"{len(tables)}", escape(", ".join(tables)))
        except PackDefinitionError as error:
            table.add_row(escape(name), place, "", escape(str(error)))
    console.print(table)
    console.print("`packsync packs NAME` shows one. Switch one on with its defs.yaml:")
    console.print("  dg scaffold defs pack_sync.PackSyncComponent NAME --pack NAME", markup=False)


def _all(own: list[str]) -> Iterator[tuple[str, str]]:
    for name in own:
        yield name, "packs/"
    for name in ready_packs():
        if name not in own:
            yield name, "Pack Sync"


def _list_tables(name: str, pack: Pack, figures: Fidelity | None) -> None:
    table = Table(
        "table", "description", *(["steps", "missed", "stale", "undeleted"] if figures else [])
    )
    for key, each in pack.sync_tables.items():
        row = [escape(key), escape(each.description)]
        if figures and (found := figures.tables.get(key)):
            row += [f"{n:,}" for n in (found.steps, found.missed, found.stale, found.undeleted)]
        table.add_row(*row)
    console.print(table)
    if figures:
        _tell_blind_spots(name)
    if pack.authentication.credential_keys:
        console.print(f"Connect an account with `packsync connect {name}`.", markup=False)


def _tell_blind_spots(name: str) -> None:
    spots = [(key, text) for key, each in blind_spots(name).items() for text in each.values()]
    if spots:
        console.print("The service does not tell all, and the figures count only what goes beyond:")
    for key, text in spots:
        console.print(f"  {key}: {text}", markup=False, highlight=False, soft_wrap=True)
