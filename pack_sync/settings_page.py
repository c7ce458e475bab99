"""The settings as people read them: `docs/reference/settings.md`, and `packsync settings`."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic.fields import FieldInfo

from pack_sync.connection_settings import ConnectionOptions
from pack_sync.notify_settings import NotifierSettings, NotifySettings
from pack_sync.settings import (
    FreshnessSettings,
    LakeUpkeepSettings,
    ScheduleSettings,
    Settings,
    SyncSettings,
    TableSettings,
    TableSyncSettings,
    WarehouseSettings,
)

_PAGE = """# Settings

Every setting with its default.
"""
_MADE = """For developers: this page is made of `pack_sync/settings.py` and its neighbours by
`python -m pack_sync.settings > docs/reference/settings.md`.
"""
GROUPS: Mapping[str, tuple[str, type[Settings]]] = {
    "A pack": ("`attributes` of a `defs.yaml`, and `PackResource`", SyncSettings),
    "A table": ("below `tables.<name>`; `*` in place of a name is all others", TableSettings),
    "One of a table's syncs": ("below `tables.<name>.syncs.<name>`", TableSyncSettings),
    "A connection": ("below `connections.<name>`, and `PackConnection`", ConnectionOptions),
    "Schedules": ("below `schedule`", ScheduleSettings),
    "Freshness": ("below `freshness`", FreshnessSettings),
    "The warehouse": ("`WarehouseResource`", WarehouseSettings),
    "Upkeep of a lake": ("`attributes` of `pack_sync.LakeUpkeepComponent`", LakeUpkeepSettings),
    "Notifications": (
        "below `notify` of a pack, and `attributes` of `pack_sync.NotifyComponent` for all packs",
        NotifySettings,
    ),
    "A notifier": ("an entry of `to` of notifications", NotifierSettings),
}
"""What is set together: where, and the settings."""


def reference() -> str:
    """The page for users: each group of settings as a table, in markdown."""
    lines = [_PAGE]
    for title, (where, group) in GROUPS.items():
        lines += [f"## {title}\n", f"Where: {where}.\n", "| Setting | Default | What it does |"]
        lines += ["|---|---|---|"]
        for name, field in group.model_fields.items():
            value = default_of(field)
            default = value if field.is_required() else f"`{value}`"
            lines.append(f"| `{name}` | {default} | {field.description} |")
        lines.append("")
    return "\n".join([*lines, _MADE])


def default_of(field: FieldInfo) -> str:
    """A setting's default as it would be written, or "required"."""
    if field.is_required():
        return "required"
    default: Any = field.get_default(  # pyright: ignore[reportUnknownMemberType]
        call_default_factory=True
    )
    return json.dumps(default)
