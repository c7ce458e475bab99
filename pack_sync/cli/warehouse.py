"""`packsync warehouse`: what a lake needs from time to time."""

from datetime import timedelta
from typing import Annotated

import typer

from pack_sdk.wording import counted
from pack_sync.cli.context import console, open_warehouse, plain_errors
from pack_sync.settings import LakeUpkeepSettings
from pack_sync.warehouse.lake_upkeep import tend_lake

_KEEP = LakeUpkeepSettings.model_fields["keep_days"]

warehouse = typer.Typer(help="Compact the files of a lake, and remove those that are not needed.")


@warehouse.callback()
def _group() -> None:
    """Keep `upkeep` a command of its own though it is the only one."""


@warehouse.command("upkeep")
def upkeep(
    keep_days: Annotated[
        float,
        typer.Option(min=0, help=_KEEP.description),
    ] = _KEEP.default,
) -> None:
    """Write the lake's small files together, and remove old and orphaned ones. Syncs may go on."""
    with plain_errors():
        done = tend_lake(open_warehouse(), keep=timedelta(days=keep_days))
    console.print(
        f"{counted(done.compacted_tables, 'table', 'tables')} compacted, "
        f"{counted(done.expired_snapshots, 'old snapshot', 'old snapshots')} expired, "
        f"{counted(done.removed_files, 'file', 'files')} removed; the lake has "
        f"{counted(done.data_files, 'data file', 'data files')}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )
