"""Leaving rows out of a recording's answers, as far as the pack then goes the same way."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from pack_sdk.testing.recordings import Exchange, Recording
from pack_sync.engine.sync_job import SyncJob
from pack_sync.record.errors import NotRecordedError
from pack_sync.record.replay import Replayed, replay

WHOLE = "its answers were kept whole: with fewer rows the pack pages otherwise"


def trimmed(sync: SyncJob, recording: Recording, rows: int | None) -> tuple[Recording, str]:
    """The recording with so many rows of each list, and what there is to say about it.

    Lists of objects are cut, at any depth. A pack may count the rows of a page, or send the last
    one's id: what is left is replayed, and the last row is kept, or all are, where the pack would
    ask for something else. Requests that it does not make any more are left out. Raises
    `NotRecordedError` where even the whole recording is not what the pack asks for again.
    """
    ways: list[Callable[[list[Any]], list[Any]]] = []
    if rows is not None:
        ways = [lambda items: items[:rows], lambda items: [*items[: rows - 1], items[-1]]]
    for keep in ways:
        shorter = _with_fewer(recording, rows or 0, keep)
        found = replay(sync, shorter)
        if not found.problem and _goes_the_same_way(found, recording):
            return as_replayed(shorter, found), ""
    found = replay(sync, recording)
    if found.problem or not _goes_the_same_way(found, recording):
        why = found.difference(recording)
        raise NotRecordedError(
            f"it cannot be replayed, so it was not kept: {why}\nWhat a pack asks for must not "
            "depend on the time (use context.sync.started_at), nor on chance"
        )
    return as_replayed(recording, found), WHOLE if rows is not None else ""


def as_replayed(recording: Recording, found: Replayed) -> Recording:
    """The recording with what the pack made of it, and without requests that it did not make."""
    unused = {id(each) for each in found.unused}
    used = [each for each in recording.exchanges if id(each) not in unused]
    return replace(recording, exchanges=used, expected=found.expected)


def _goes_the_same_way(found: Replayed, recording: Recording) -> bool:
    now, then = found.expected, recording.expected
    return (now.pages, now.ended) == (then.pages, then.ended) and (
        now.has_incomplete_results == then.has_incomplete_results
    )


def _with_fewer(
    recording: Recording, rows: int, keep: Callable[[list[Any]], list[Any]]
) -> Recording:
    def cut(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: cut(item) for key, item in cast("Mapping[str, Any]", value).items()}
        if not isinstance(value, list):
            return value
        items = cast("list[Any]", value)
        is_long = len(items) > rows and all(isinstance(item, Mapping) for item in items)
        return [cut(item) for item in (keep(items) if is_long else items)]

    def cut_answer(exchange: Exchange) -> Exchange:
        response = exchange.response
        return replace(exchange, response=response and replace(response, body=cut(response.body)))

    return replace(recording, exchanges=[cut_answer(each) for each in recording.exchanges])
