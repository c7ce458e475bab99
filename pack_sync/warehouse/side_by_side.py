"""Two warehouses open at once: one that is read, beside one that is written."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from pack_sync.warehouse.duckdb_handles import (
    OF_THE_WAREHOUSE,
    borrow_instance,
    return_instance,
)
from pack_sync.warehouse.warehouse import Warehouse

SOURCE = "_source"
"""As what the warehouse that is read is attached; the other has its own name."""


@contextmanager
def side_by_side(source: Warehouse, target: Warehouse) -> Generator[duckdb.DuckDBPyConnection]:
    """A connection to the target, in a transaction as in `Warehouse.write`.

    The source is attached there, for reading. It is seen as it was when the transaction first
    looked at it; a file cannot be written by other processes meanwhile. It must exist. Raises as
    `Warehouse.write` does.
    """
    instance = borrow_instance(
        source.database.extensions | target.database.extensions,
        temp_directory=f"{target.path}.tmp",
        memory_limit=target.memory_limit,
        **OF_THE_WAREHOUSE,
    )
    beside = replace(source, database=source.database.attached_as(SOURCE))
    try:
        with beside.read(within=instance), target.write(within=instance) as connection:
            yield connection
    except BaseException:
        instance.close()  # what failed may have left something attached
        raise
    return_instance(instance)
