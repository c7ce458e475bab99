"""The project's Dagster resources, by the keys under which assets ask for them.

Each pack adds one of its own, `<pack>_pack`, with the connections of its `defs.yaml`.
"""

from pack_sync import WarehouseResource
from resources.warehouse import warehouse


def resources() -> dict[str, WarehouseResource]:
    """All of them, as the environment has them now."""
    return {"warehouse": warehouse()}
