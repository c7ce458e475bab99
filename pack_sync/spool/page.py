"""A page as the engine sees it, whatever language the pack is written in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pack_sdk.results import Completion


@dataclass(frozen=True, kw_only=True)
class Page:
    """What one call of `execute` brought (contract C2).

    `rows` is NDJSON: one row a line, each ended by a newline, `row_count` lines in all.
    `continuation` is None when there is no further page; `completion` is None beside a
    continuation (contract C5). `withheld` says that a credential was taken out of the continuation,
    so that no sync can go on with it. `ignored_continuation` is 0 or "" where the pack returned
    that.
    """

    rows: bytes = b""
    row_count: int = 0
    continuation: Any = None
    withheld: bool = False
    ignored_continuation: Any = None
    completion: Completion | None = None
    deleted_row_ids: Sequence[Any] = field(default_factory=list[Any])
