"""`packsync build`: packs in TypeScript, bundled and read once, so that they load at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pack_sdk.wording import choose_from
from pack_sync.cli.context import configured_components
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.runtimes.loader import available_packs, typescript_folder
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.bundle import (
    BUNDLE,
    ENTRIES,
    PackNotBuiltError,
    load_built,
    required_entry,
)
from pack_sync.runtimes.typescript.node_modules import tools_folder
from pack_sync.runtimes.typescript.type_check import type_errors


def build(
    pack: Annotated[
        str | None, typer.Argument(help="A folder of packs/, or a path; all of them if left out.")
    ] = None,
) -> None:
    """Build the packs written in TypeScript. Type errors are shown, but do not fail the build."""
    with plain_errors():
        folders = dict.fromkeys([_folder_of(pack)] if pack else _all_folders())
        for folder in folders:
            try:
                built, is_new = load_built(folder), False
            except PackNotBuiltError:
                built, is_new = build_pack(folder, _tell), True
            tables = [str(table["name"]) for table in built.manifest["tables"]]
            console.print(f"[bold]{escape(folder.name)}[/bold]  {escape(', '.join(tables))}")
            if formulas := built.manifest["formulas"]:
                console.print(f"  {formulas} formulas and actions, which are not run here")
            if not is_new:
                console.print("  is built already; nothing has changed since")
            elif (entry := required_entry(folder)).name != BUNDLE:
                for error in type_errors(entry, tools_folder(_tell)):
                    console.print(f"  {error}", markup=False, soft_wrap=True)
        if not folders:
            console.print(
                "There is no pack in TypeScript: no folder of packs/ has one of "
                f"{', '.join(ENTRIES)}."
            )


def _folder_of(name: str) -> Path:
    """The folder of the pack of that name; exits with the choices if there is none."""
    folder = typescript_folder(name)
    if folder is None:
        choices = [name for name in available_packs() if typescript_folder(name)]
        fail(
            f"there is no pack {name!r} in TypeScript; {choose_from(choices)}, or give the path "
            "of a folder"
        )
    return folder


def _all_folders() -> Iterator[Path]:
    """Those of `packs/`, and those that are switched on from elsewhere."""
    names = [*available_packs(), *(component.pack for component in configured_components())]
    for name in names:
        if folder := typescript_folder(name):
            yield folder


def _tell(line: str) -> None:
    console.print(f"  {line}", markup=False, style="dim", highlight=False, soft_wrap=True)
