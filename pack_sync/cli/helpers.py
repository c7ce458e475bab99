"""`packsync helpers`: the helpers for incremental syncs, beside a pack in TypeScript."""

from typing import Annotated

import typer

from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.project import find_project
from pack_sync.runtimes.typescript.bundle import HELPERS, required_entry


def helpers(
    pack: Annotated[str, typer.Argument(help="A pack in TypeScript, of the project's packs/.")],
) -> None:
    """Write incremental.ts, helpers for incremental syncs, beside a pack in TypeScript.

    It is TypeScript that needs only the types of the SDK: the pack still runs elsewhere.
    """
    with plain_errors():
        project = find_project()
        entry = required_entry(project.packs_folder / pack)
    target = entry.with_name(HELPERS.name)
    text = HELPERS.read_bytes()
    if target.exists() and target.read_bytes() != text:
        fail(f"{target} is there already, and differs; remove it, or give it another name")
    target.write_bytes(text)
    console.print(
        f"Wrote {target.relative_to(project.root)}. In {entry.name}: import {{ TimeCursor }} from "
        f'"./incremental";',
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
