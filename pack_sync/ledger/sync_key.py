"""Which sync something is about."""

from dataclasses import dataclass

DEFAULT_SYNC = "default"
"""The name of a table's only sync."""


@dataclass(frozen=True, kw_only=True)
class SyncKey:
    """Which sync: a table of a pack, and the name of one of its syncs (contract C18)."""

    pack: str
    table: str
    sync: str = DEFAULT_SYNC

    def __str__(self) -> str:
        name = f"{self.pack}.{self.table}"
        return name if self.sync == DEFAULT_SYNC else f"{name}[{self.sync}]"

    @property
    def names(self) -> tuple[str, str, str]:
        """Pack, table and sync."""
        return self.pack, self.table, self.sync

    @property
    def of_table(self) -> str:
        """What is the same for all syncs of one table; names are compared without case."""
        return f"{self.pack}.{self.table}".casefold()
