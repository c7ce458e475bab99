"""The project's Dagster resources, by the keys under which assets ask for them.

Each pack adds one of its own, `<pack>_pack`, with the connections of its `defs.yaml`.
"""

from resources.warehouse import warehouse

RESOURCES = {"warehouse": warehouse}
