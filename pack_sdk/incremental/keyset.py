"""Pages by a growing key: each begins after the last row of the one before."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from pack_sdk.dictionaries import SyncPage
from pack_sdk.errors import InvalidResultError, UserVisibleError
from pack_sdk.incremental.moments import format_time, parse_time
from pack_sdk.incremental.progress import (
    AnyContext,
    further_page,
    last_page,
    left_by_last_page,
    left_by_last_sync,
)
from pack_sdk.row_values import required_value

_SMALLEST_STEP = timedelta(milliseconds=1)


class Keyset:
    """Rows sorted by `key`, from the lowest: a time of change or a number that only grows.

    Ask for rows from `after` on, `page_size` of them. Rows that move to the end while they are
    read are read again there, and none is passed over. That several rows have the same key does
    not matter, as long as they fit on a page:

    - a service with `>=` brings the last of a page again on the next one;
    - one with `>` needs `strict=True`: then `after` is a little less than the last key;
    - one that takes an id as well, for rows of the same key, gets `after_id`, with
      `by_key_and_id=True`: then any number may have the same key.

    A sync ends with a page that has nothing new. The next one begins `overlap` before the last
    key: seconds for times, so much less for numbers.

    >>> def sync_tasks(args, context):
    ...     keys = Keyset(context, key="updated", page_size=100)
    ...     query = {"updated_from": keys.after, "sort": "updated", "limit": 100}
    ...     return keys.page(context.fetcher.fetch(url=with_query_params(TASKS, query)).body)
    """

    def __init__(
        self,
        context: AnyContext,
        *,
        key: str,
        page_size: int,
        id_key: str = "id",
        strict: bool = False,
        by_key_and_id: bool = False,
        overlap: float = 300,
    ) -> None:
        """Read where the sync is; `key` and `id_key` are names of, or paths to, fields of a row.

        Raises `FullSyncNeededError` for a cursor that is not one of this class.
        """
        self._key, self._id_key, self._page_size = key, id_key, page_size
        self._by_key_and_id = by_key_and_id
        self._started_at = context.sync.started_at
        cursor = left_by_last_sync(context, "key", "Keyset") or {}
        left = left_by_last_page(context)
        self._last: Any = left.get("key")
        self._seen: list[Any] = left.get("ids", [])
        self._cursor: Any = cursor.get("key")
        self.after: Any = self._last
        """Ask for rows from this key on, as the rows have it; None: from the lowest."""
        self.after_id: Any = self._seen[-1] if by_key_and_id and self._seen else None
        """Where `by_key_and_id`: of the rows whose key is `after`, ask for those behind this id.

        None on the first page: all of them.
        """
        if not left:
            self.after = _lowered(self._cursor, overlap, timedelta(seconds=overlap))
        if strict and not by_key_and_id:
            self.after = _lowered(self.after, 1, _SMALLEST_STEP)

    def page(self, rows: Sequence[Any], *, deleted_ids: Sequence[Any] = ()) -> SyncPage:
        """The page to return, of the rows in the service's order.

        Raises `InvalidResultError` for rows that are not sorted by the key, and
        `UserVisibleError` where more rows have the same key than fit on a page.
        """
        keys = [required_value(row, self._key) for row in rows]
        ids = [required_value(row, self._id_key) for row in rows]
        self._check_order(keys)
        if all(map(self._is_old, keys, ids)):
            self._check_room(rows, keys)
            return last_page(rows, deleted_ids, {"key": self._next_cursor()})
        last = keys[-1]
        ids_there = [row_id for key, row_id in zip(keys, ids, strict=True) if key == last]
        if self._by_key_and_id:
            ids_there = ids[-1:]
        elif last == self._last:
            ids_there = list(dict.fromkeys([*self._seen, *ids_there]))
        return further_page(rows, deleted_ids, {"key": last, "ids": ids_there})

    def _is_old(self, key: Any, row_id: Any) -> bool:
        """Whether the page before had the row."""
        if self._last is None:
            return False
        if key == self._last:
            return row_id in self._seen
        before, last = _comparable(key), _comparable(self._last)
        return before is not None and last is not None and before < last

    def _check_order(self, keys: Sequence[Any]) -> None:
        for before, after in pairwise(keys):
            first, second = _comparable(before), _comparable(after)
            if first is not None and second is not None and second < first:
                raise InvalidResultError(
                    f"the rows are not sorted by {self._key!r}, the lowest first: {after!r} comes "
                    f"after {before!r}"
                )

    def _check_room(self, rows: Sequence[Any], keys: Sequence[Any]) -> None:
        """Raise if a page is full of rows that the one before had: there may be more of them."""
        if rows and len(rows) >= self._page_size:
            raise UserVisibleError(
                f"{len(rows)} rows or more have the same {self._key}, {keys[-1]!r}: more than a "
                "page has, so that the others cannot be asked for. Ask for larger pages, or by "
                "key and id"
            )

    def _next_cursor(self) -> Any:
        """The last key; of a time that is yet to come, which would hide all until then, now."""
        key = self._cursor if self._last is None else self._last
        moment = parse_time(key) if isinstance(key, str) else None
        is_later = moment is not None and moment > self._started_at
        return format_time(self._started_at) if is_later else key


def _comparable(key: object) -> float | None:
    """A number that sorts as the key does, None where only the service knows its order."""
    if isinstance(key, int | float):
        return key
    moment = parse_time(key)
    return moment.timestamp() if moment else None


def _lowered(key: Any, units: float, span: timedelta) -> Any:
    """A number less so many units, a time less a span, any other key as it is."""
    if isinstance(key, int | float):
        return key - units
    moment = parse_time(key)
    return format_time(moment - span) if moment else key
