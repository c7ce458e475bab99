"""Where in a pack's source something is, so that a finding leads to a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from pack_sync.check.findings import Place

Part: TypeAlias = Literal[
    "table", "execute", "result", "continuation", "cursor", "deleted", "handler", "fetch", "id",
    "property", "parameter", "domains", "memory", "log",
]  # fmt: skip
"""What is looked for: the table's declaration or function, what `execute` returns under that key,
where errors are caught, where requests are made, the id's or a property's line in the schema, the
declared domains, state that outlives a call, lines for the log."""


class Source(Protocol):
    """The source of a pack, in whichever language."""

    def lines(self) -> Iterator[tuple[Place, str]]:
        """All lines of its files."""
        ...

    def find(self, table: str, part: Part, detail: str = "") -> Place:
        """The line of a part of a table; the nearest that is known, if it is not found itself.

        `detail` is a property's or parameter's name.
        """
        ...

    def raised_at(self, error: BaseException) -> Place | None:
        """The line of its files that an error came from; None where that is not known."""
        ...


def shown_path(file: Path) -> str:
    """The path as a user would open it: from the working directory, where it is below that."""
    file = file.resolve()
    here = Path.cwd().resolve()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
