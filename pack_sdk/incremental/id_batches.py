"""Rows that are asked for by their ids, so many at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pack_sdk.row_values import value_at


def in_batches(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The values in lists of at most so many.

    >>> list(in_batches([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    batch: list[Any] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


class IdBatches:
    """One batch of ids a page, where one request lists the ids and others bring the rows.

    The ids that are left are in the continuation, so they are not listed again; for more than some
    ten thousand ask by `Keyset` or in another way.

    >>> def sync_items(args, context):
    ...     changes = TimeCursor(context)
    ...     batches = IdBatches(changes.next_page, size=50)
    ...     if batches.ids is None:
    ...         url = with_query_params(CHANGED, {"since": changes.since})
    ...         batches.ids = context.fetcher.fetch(url=url).body["ids"]
    ...     query = {"ids": ",".join(batches.current)}
    ...     response = context.fetcher.fetch(url=with_query_params(ITEMS, query))
    ...     rows = response.body["items"]
    ...     gone = batches.missing_from(rows)
    ...     further = batches.following
    ...     return changes.page(rows, response, deleted_ids=gone, next_page=further)
    """

    def __init__(self, position: Any, *, size: int) -> None:
        """The batch at a `position`, which `following` was, or before the ids are listed: None."""
        self.ids: Sequence[Any] | None = position and position["ids"]
        """The ids that are yet to be asked for; None on the first page: list them, and set it."""
        self._size = size

    @property
    def current(self) -> list[Any]:
        """The ids to ask for now; none if there are none at all."""
        return list((self.ids or ())[: self._size])

    @property
    def following(self) -> dict[str, Any] | None:
        """The position of the next page, as JSON; None at the end."""
        rest = list((self.ids or ())[self._size :])
        return {"ids": rest} if rest else None

    def missing_from(self, rows: Iterable[Any], id_key: str = "id") -> list[Any]:
        """The ids that were asked for and did not come: for most services, deleted ones."""
        came = {value_at(row, id_key) for row in rows}
        return [each for each in self.current if each not in came]
