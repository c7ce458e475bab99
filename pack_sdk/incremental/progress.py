"""Where a sync is, as the page before and the sync before left it, and the page that goes on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from pack_sdk.context import SyncExecutionContext
from pack_sdk.dictionaries import SyncPage
from pack_sdk.errors import FullSyncNeededError

AnyContext: TypeAlias = SyncExecutionContext[Any]
"""The context of a pack's function, whether it is `def` or `async def`."""


def left_by_last_page(context: AnyContext) -> Mapping[str, Any]:
    """What the page before returned as its continuation, nothing on the first page."""
    return cast("Mapping[str, Any]", context.sync.continuation or {})


def left_by_last_sync(context: AnyContext, key: str, helper: str) -> Mapping[str, Any] | None:
    """The cursor that `helper` wrote at the end of the sync before, None in a full sync.

    Raises `FullSyncNeededError` for a cursor without `key`: the pack has changed since, and
    wrote cursors of another form.
    """
    previous = context.sync.previous_completion
    if previous is None:
        return None
    cursor: Any = previous.incremental_continuation
    if not isinstance(cursor, dict) or key not in cursor:
        raise FullSyncNeededError(f"the cursor {cursor!r:.200} was not written by {helper}")
    return cast("Mapping[str, Any]", cursor)


def further_page(
    rows: Iterable[Any], deleted_ids: Iterable[Any], continuation: Mapping[str, Any]
) -> SyncPage:
    """A page that another one follows."""
    return {**_page(rows, deleted_ids), "continuation": dict(continuation)}


def last_page(
    rows: Iterable[Any], deleted_ids: Iterable[Any], cursor: Mapping[str, Any]
) -> SyncPage:
    """The last page of a sync, with the cursor for the next one."""
    return {
        **_page(rows, deleted_ids),
        "completion": {"incremental_continuation": dict(cursor)},
    }


def _page(rows: Iterable[Any], deleted_ids: Iterable[Any]) -> SyncPage:
    return {"result": _listed(rows), "deleted_row_ids": _listed(deleted_ids)}


def _listed(values: Iterable[Any]) -> Sequence[Any]:
    return cast("Sequence[Any]", values) if isinstance(values, list | tuple) else list(values)
