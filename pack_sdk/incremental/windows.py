"""Ranges of times or numbers, as narrow as a service's cap on results wants them."""

from datetime import datetime, timedelta
from typing import Any

from pack_sdk.errors import UserVisibleError
from pack_sdk.incremental.moments import parse_time

Bound = datetime | int

_NARROWEST = timedelta(seconds=1)


class Window:
    """One range of a service that gives only the first so many results of any search.

    It holds what is from `start` on and before `end`; the last window has no end, so that nothing
    is missed that is added meanwhile. One with too many results is asked for again in halves.
    Best by what never changes, such as the time of creation: a row that changes may leave a window
    while its pages are read. What can be sorted by a growing key needs no windows: see `Keyset`.

    >>> def sync_orders(args, context):
    ...     changes = TimeCursor(context)
    ...     first, now = changes.since or FIRST_ORDER, context.sync.started_at
    ...     window = Window(changes.next_page, start=first, last=now, cap=1000)
    ...     query = {"from": window.start, "to": window.end, "page": window.page}
    ...     response = context.fetcher.fetch(url=with_query_params(ORDERS, query))
    ...     body = response.body
    ...     further = window.following(body["total"], body["next_page"])
    ...     return changes.page(body["orders"], response, next_page=further)
    """

    def __init__(self, position: Any, *, start: Bound, last: Bound, cap: int) -> None:
        """The window of a `position`, which `following` returned, or the first one for None.

        `start` is the lowest bound of all, `last` the highest that anything is likely to have:
        for times, the time at which the sync began. `cap` is how many results the service gives.
        """
        state: dict[str, Any] = position or {}
        self.start: Any = _restored(state.get("start", start), start)
        """The lower bound, which belongs to the window: a datetime in UTC, or a number."""
        self.end: Any = _restored(state.get("end"), start)
        """The upper bound, which does not; None for the last window."""
        self.page: Any = state.get("page")
        """What was given to `following` as the next page within the window; None at its start."""
        self._last: Any = last
        self._cap = cap

    def following(self, results: int, next_page: Any = None) -> dict[str, Any] | None:
        """Where it goes on, as JSON: the position of the next page; None at the end.

        `results` is how many the service says the window has; if it does not say so, how many
        came, where a cap cuts them off. `next_page` leads to the next page within the window.
        Raises `UserVisibleError` where the narrowest window has too many.
        """
        if results >= self._cap:  # on a later page, where it has grown meanwhile
            return _stored(self.start, self._middle(results))
        if next_page:
            return {**_stored(self.start, self.end), "page": next_page}
        if self.end is None:
            return None
        # As it was narrow enough, the next one may be wider.
        end = self.end + 2 * (self.end - self.start)
        # What is behind the last bound was added while the sync runs: the window without an end
        # was too full, and will be again until those before it have caught up.
        catching_up = self.start >= self._last and results > 0
        return _stored(self.end, end if end < self._last or catching_up else None)

    def _middle(self, results: int) -> Any:
        smallest: Any = _NARROWEST if isinstance(self.start, datetime) else 1
        # What is added while the sync runs may be more than fits behind the last bound.
        end = max(self._last, self.start + 4 * smallest) if self.end is None else self.end
        if end - self.start <= smallest:
            raise UserVisibleError(
                f"there are {results:,} results from {self.start} on, within what cannot be asked "
                f"for in smaller pieces, and the service gives no more than {self._cap:,}"
            )
        middle = self.start + (end - self.start) // 2
        return middle.replace(microsecond=0) if isinstance(middle, datetime) else middle


def _stored(start: Any, end: Any) -> dict[str, Any]:
    return {
        "start": start.isoformat() if isinstance(start, datetime) else start,
        "end": end.isoformat() if isinstance(end, datetime) else end,
    }


def _restored(stored: Any, like: Any) -> Any:
    """A bound of a position, of the kind of another."""
    return parse_time(stored) if isinstance(stored, str) and isinstance(like, datetime) else stored
