"""`packsync settings`: every setting with its default, for whoever has no docs at hand."""

from rich.markup import escape
from rich.table import Table

from pack_sync.cli.terminal import console
from pack_sync.settings_page import GROUPS, default_of


def settings() -> None:
    """Show every setting with its default and what it does."""
    for title, (where, group) in GROUPS.items():
        console.print(f"[bold]{escape(title)}[/bold]: {escape(where.replace('`', ''))}")
        table = Table("setting", "default", "what it does")
        for name, field in group.model_fields.items():
            table.add_row(name, escape(default_of(field)), escape(field.description or ""))
        console.print(table)
