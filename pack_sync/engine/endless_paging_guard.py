"""Pages that never end: the same continuation again, or a circle of pages (contract C15)."""

from collections import Counter
from typing import Any

import orjson

from pack_sdk.wording import counted
from pack_sync.engine.sync_failures import EndlessContinuationError
from pack_sync.spool.page import Page

MOST_ROUNDS = 3
"""How often the same page may come before it is taken for a circle.

One repetition may be chance, and a pack that waits for a job returns pages without rows,
which do not count, however often they come.
"""
MOST_REPEATED_ROWS = 10_000
LEAST_REPEATED_PAGES = 20
"""How many rows, in how many pages, the same page may bring under other continuations.

An API that ignores the continuation returns its first page for ever. But the pages of a pack that
asks project by project may well hold the same few rows.
"""


class EndlessPagingGuard:
    """Looks at the pages of one sync as they come."""

    def __init__(self) -> None:
        self._rounds: Counter[int] = Counter()

    def check(self, number: int, continuation: Any, page: Page) -> None:
        """Raise `EndlessContinuationError` if this page shows that there will be no last one.

        `number` is the page's, `continuation` what `execute` was called with for it.
        """
        called, returned = _json(continuation), _json(page.continuation)
        if continuation is not None and returned == called:
            raise EndlessContinuationError(
                f"page {number} returned the continuation it was called with, {_shown(called)}: "
                "the paging would never end"
            )
        if not page.row_count:
            return
        rows, same = hash(page.rows), counted(page.row_count, "row", "rows")
        if self._count((called, returned, rows)) >= MOST_ROUNDS:
            raise EndlessContinuationError(
                f"page {number} is the same as {MOST_ROUNDS - 1} pages before: called with "
                f"{_shown(called)} it returned the same {same} and the "
                f"continuation {_shown(returned)}. The paging goes in a circle"
            )
        pages = self._count((rows,))
        if pages >= LEAST_REPEATED_PAGES and pages * page.row_count >= MOST_REPEATED_ROWS:
            raise EndlessContinuationError(
                f"page {number} is one of {pages:,} that brought the same {same}, "
                f"this time with the continuation {_shown(returned)}. Does the API ignore the "
                "continuation?"
            )

    def _count(self, page: tuple[bytes | int, ...]) -> int:
        """How often this has come, this time included.

        Python's own hash of 64 bits: it is several times as fast as a digest, and the same for
        two pages by chance too rarely to be so the third or twentieth time.
        """
        self._rounds[hash(page)] += 1
        return self._rounds[hash(page)]


def _json(value: Any) -> bytes:
    """The value as JSON that is the same for the same value: in Python 1 == True == 1.0."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _shown(json: bytes) -> str:
    return json.decode()[:300]
