"""Synced tables as pandas frames, for assets that work on them."""

from typing import TYPE_CHECKING, Any

from pack_sync import WarehouseResource

if TYPE_CHECKING:  # pandas takes a second to import, and only these assets need it
    import pandas as pd


def read_frame(warehouse: WarehouseResource, pack: str, table: str) -> "pd.DataFrame":
    """A synced table, without the columns of Pack Sync's own, which begin with `_`.

    The warehouse is open only while the table is read.
    """
    frame: Any = warehouse.open().frame(pack, table)
    return frame[[name for name in frame.columns if not name.startswith("_")]]
