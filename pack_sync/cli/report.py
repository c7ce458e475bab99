"""What a run did, as a table for a terminal."""

from typing import Any

import dagster as dg
from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

_FIGURES = ("pages", "inserted", "updated", "deleted", "unchanged", "rejected", "seconds")


def report_table(result: dg.ExecuteInProcessResult) -> Group:
    """A line of figures for each table that the run synced, and below it the modes' reasons.

    The reasons stand below because they are sentences: 80 columns have no room for both.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("table", overflow="fold")  # a name cut off could be any of several tables
    table.add_column("mode")
    for figure in _FIGURES:  # "secs" so that all of it fits 80 columns
        header = "secs" if figure == "seconds" else figure
        table.add_column(header, justify="right", no_wrap=True)
    reasons: list[Text] = []
    for event in result.get_asset_materialization_events():
        materialization = event.materialization
        values: dict[str, Any] = {k: v.value for k, v in materialization.metadata.items()}
        name, mode = materialization.asset_key.path[-1], str(values["sync/mode"])
        if materialization.partition:  # one of several syncs, as it is written elsewhere
            name = f"{name}[{materialization.partition}]"
        # "incr." rather than a name cut off in the middle
        table.add_row(
            Text(name),  # in which [one] would be markup
            mode if mode == "full" else "incr.",
            *(_shown(values[f"sync/{figure}"]) for figure in _FIGURES),
        )
        reasons.append(Text(f"{name} {mode}: {values['sync/mode_reason']}", style="dim"))
    return Group(table, *reasons)


def _shown(value: float) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
