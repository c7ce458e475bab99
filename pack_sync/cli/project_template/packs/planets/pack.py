"""A first pack: one table, which needs no account and no network.

To make it your own, declare the service's domain, `pack.add_network_domain("api.example.com")`,
and ask it for each page: `context.fetcher.fetch(url="https://api.example.com/items").body`.
"""

from typing import Any

from pack_sdk import Pack, SyncExecutionContext, SyncPage, make_object_schema

PLANETS = [
    {"name": "Mercury", "moons": 0, "day_hours": 4222.6},
    {"name": "Venus", "moons": 0, "day_hours": 2802.0},
    {"name": "Earth", "moons": 1, "day_hours": 24.0},
    {"name": "Mars", "moons": 2, "day_hours": 24.7},
    {"name": "Jupiter", "moons": 95, "day_hours": 9.9},
]
PAGE_ROWS = 2

PLANET = make_object_schema(
    properties={
        "name": {"type": "string"},
        "moons": {"type": "number", "precision": 0},
        "day_hours": {"type": "number", "description": "From noon to noon."},
    },
    id_property="name",
    display_property="name",
)

pack = Pack()


@pack.add_sync_table(name="Planets", identity_name="Planet", schema=PLANET)
def sync_planets(args: list[Any], context: SyncExecutionContext) -> SyncPage:
    """Return one page of rows, and where the next page begins if there is one."""
    start = (context.sync.continuation or {"start": 0})["start"]
    page: SyncPage = {"result": PLANETS[start : start + PAGE_ROWS]}
    if start + PAGE_ROWS < len(PLANETS):
        page["continuation"] = {"start": start + PAGE_ROWS}
    return page
