"""`packsync copy`: a pack that comes with the library, as one of the project's own."""

import shutil
from typing import Annotated

import typer

from pack_sdk.wording import choose_from
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.project import find_project
from pack_sync.runtimes.loader import READY_PACKS, ready_packs


def copy(
    name: Annotated[str, typer.Argument(help="The pack, one that `packsync packs` lists.")],
) -> None:
    """Copy a pack that comes with Pack Sync into the project's packs/, to be changed.

    From then on `pack: NAME` in a defs.yaml means the copy. What it has synced goes on where it
    is: neither rows nor cursors are lost by that.
    """
    if name not in ready_packs():
        fail(f"no pack {name!r} comes with Pack Sync; {choose_from(ready_packs())}")
    with plain_errors():
        project = find_project()
    target = project.packs_folder / name
    if target.exists():
        fail(f"{target} is there already; remove it, or give it another name")
    # Under another name first: half a pack must not be used.
    unfinished = target.with_name(f".{name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(
        READY_PACKS / name,
        unfinished,
        ignore=shutil.ignore_patterns("__pycache__", "fidelity.json"),
    )
    unfinished.rename(target)
    console.print(f"Copied {name} to {target.relative_to(project.root)}. Next:", markup=False)
    for line in (f"packsync check {name}", f"python -m pytest packs/{name}"):
        console.print(f"  {line}", markup=False, highlight=False)
