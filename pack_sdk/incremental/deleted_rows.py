"""Telling deleted rows from others where a list has both."""

from collections.abc import Callable, Iterable
from typing import Any

from pack_sdk.row_values import value_at


def split_deleted(
    rows: Iterable[Any], is_deleted: str | Callable[[Any], object], id_key: str = "id"
) -> tuple[list[Any], list[Any]]:
    """The rows that are there, and the ids of those that are deleted.

    `is_deleted` is the name of, or the path to, a field that is true or filled for a deleted row,
    or a function of the row. Of several entries with one id the last one counts, as in the log of
    a service: what was changed and then deleted is deleted, what was deleted and made again is
    there.

    >>> split_deleted([{"id": 1}, {"id": 2, "deleted": True}], "deleted")
    ([{'id': 1}], [2])
    """
    there: dict[Any, Any] = {}
    deleted: dict[Any, None] = {}
    for row in rows:
        row_id = value_at(row, id_key)
        key = ("no id", len(there)) if row_id is None else row_id
        gone = value_at(row, is_deleted) if isinstance(is_deleted, str) else is_deleted(row)
        there.pop(key, None)
        deleted.pop(key, None)
        if gone and row_id is not None:
            deleted[key] = None
        else:
            there[key] = row
    return list(there.values()), list(deleted)
