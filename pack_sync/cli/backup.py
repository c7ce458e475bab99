"""`packsync backup`: a copy of the warehouse while syncs go on."""

from pathlib import Path
from typing import Annotated

import typer

from pack_sdk.wording import counted
from pack_sync.cli.context import open_warehouse
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.warehouse.backup import back_up


def backup(
    file: Annotated[Path, typer.Argument(help="The new file. An existing file is not replaced.")],
) -> None:
    """Copy the warehouse to a new file. Syncs go on, and commit after the copy."""
    with plain_errors():
        made = back_up(open_warehouse(), file)
    console.print(
        f"{made.path}: {counted(made.tables, 'table', 'tables')}, "
        f"{counted(made.rows, 'row', 'rows')}, {made.size:,} bytes",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
