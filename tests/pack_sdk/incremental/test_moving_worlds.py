"""Each helper keeps a table right while the service moves: in `def` and `async def`, by seed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from pack_sdk import (
    ChangeFeed,
    IdBatches,
    Keyset,
    SyncParts,
    SyncToken,
    TimeCursor,
    Window,
    full_sync_when_expired,
    next_link,
    split_deleted,
    with_query_params,
)
from tests.pack_sdk.incremental.moving_service import EPOCH, URL, MovingService
from tests.pack_sdk.incremental.trials import (
    Form,
    Steps,
    asynchronous,
    missed,
    plain,
    stored_after,
    undeleted,
)

SEEDS = range(12)


def by_time(context: Any) -> Steps:
    """A filter by time, and pages by a link."""
    changes = TimeCursor(context)
    first = with_query_params(f"{URL}/notes", {"since": changes.since})
    response = yield changes.next_page or first
    return changes.page(response.body["rows"], response, next_page=next_link(response))


def newest_first(context: Any) -> Steps:
    """No filter, but the newest come first."""
    changes = TimeCursor(context)
    response = yield with_query_params(f"{URL}/newest", {"before": changes.next_page})
    rows = response.body["rows"]
    further = None if changes.is_reached(rows, "updated") else response.body["more"]
    return changes.page(rows, response, next_page=further)


def by_key(context: Any) -> Steps:
    """Pages by the time of change, itself included."""
    keys = Keyset(context, key="updated", page_size=25)
    response = yield with_query_params(f"{URL}/sorted", {"from": keys.after})
    return keys.page(response.body["rows"])


def by_key_above(context: Any) -> Steps:
    """Pages by the time of change, itself not included."""
    keys = Keyset(context, key="updated", page_size=25, strict=True)
    response = yield with_query_params(f"{URL}/sorted", {"above": keys.after})
    return keys.page(response.body["rows"])


def by_key_and_id(context: Any) -> Steps:
    """Pages by the time of change, and by id among those of the same time."""
    keys = Keyset(context, key="updated", page_size=25, by_key_and_id=True)
    query = {"from": keys.after, "from_id": keys.after_id}
    response = yield with_query_params(f"{URL}/sorted", query)
    return keys.page(response.body["rows"])


def by_token(context: Any) -> Steps:
    """A sync token; deleted notes are in the list."""
    sync = SyncToken(context)
    query = {"token": sync.token, "page": sync.next_page}
    body = (yield with_query_params(f"{URL}/synced", query)).body
    rows, deleted = split_deleted(body["rows"], "gone")
    more, token = body.get("page"), body.get("token")
    return sync.page(rows, deleted_ids=deleted, next_page=more, next_token=token)


def by_feed(context: Any) -> Steps:
    """A list at first, then a feed."""
    feed = ChangeFeed(context)
    if feed.position is None:
        if feed.start is None:
            feed.start = (yield f"{URL}/position").body["position"]
        response = yield feed.next_page or f"{URL}/notes"
        return feed.page(response.body["rows"], next_page=next_link(response))
    body = (yield with_query_params(f"{URL}/changes", {"position": feed.position})).body
    changes, deleted = split_deleted(body["changes"], lambda each: each["note"] is None)
    rows = [each["note"] for each in changes]
    return feed.page(rows, deleted_ids=deleted, next_position=body["next"], more=body["more"])


def with_deleted_list(context: Any) -> Steps:
    """Deleted ids in a list of their own."""
    parts = SyncParts(context, "deleted", "notes")
    changes = TimeCursor(parts.context)
    if parts.name == "deleted":
        since = changes.since or context.sync.started_at
        response = yield with_query_params(f"{URL}/deleted", {"since": since})
        return parts.page(changes.page([], response, deleted_ids=response.body["ids"]))
    first = with_query_params(f"{URL}/notes", {"since": changes.since})
    response = yield changes.next_page or first
    page = changes.page(response.body["rows"], response, next_page=next_link(response))
    return parts.page(page)


def by_ids(context: Any) -> Steps:
    """One request for ids, others for notes."""
    changes = TimeCursor(context)
    batches = IdBatches(changes.next_page, size=4)
    response = None
    if batches.ids is None:
        response = yield with_query_params(f"{URL}/ids", {"since": changes.since})
        batches.ids = response.body["ids"]
    if not batches.current:
        return changes.page([], response)
    some = yield with_query_params(f"{URL}/some", {"ids": ",".join(batches.current)})
    rows = some.body["rows"]
    gone = batches.missing_from(rows)
    return changes.page(rows, response, deleted_ids=gone, next_page=batches.following)


def by_windows(context: Any) -> Steps:
    """A full sync of what can only be searched by the time of creation."""
    changes = TimeCursor(context)
    now = context.sync.started_at
    window = Window(changes.next_page, start=EPOCH, last=now, cap=25)
    query = {"from": window.start, "to": window.end, "after": window.page}
    response = yield with_query_params(f"{URL}/created", query)
    body = response.body
    further = window.following(body["total"], body["more"])
    return changes.page(body["rows"], response, next_page=further)


TELL_DELETIONS = [by_token, by_feed, with_deleted_list]
OTHERS = [by_time, newest_first, by_key, by_key_above, by_key_and_id, by_ids, by_windows]
FORMS = pytest.mark.parametrize("form", [plain, asynchronous])


@pytest.mark.parametrize("body", [*OTHERS, *TELL_DELETIONS])
@FORMS
def test_nothing_is_missed(body: Any, form: Form) -> None:
    """What was inserted or updated at any moment is there at last, whatever our clock says."""
    for seed in SEEDS:
        skew = timedelta(minutes=0 if body is by_windows else seed * 20 - 120)
        service = MovingService(seed=seed, skew=skew)
        table = stored_after(form(body), service)
        assert missed(table, service) == {}, seed


@pytest.mark.parametrize("body", TELL_DELETIONS)
@FORMS
def test_deletions_are_told(body: Any, form: Form) -> None:
    """What is gone is gone, and what came back after a deletion is there."""
    for seed in SEEDS:
        service = MovingService(seed=seed, skew=timedelta(minutes=seed))
        table = stored_after(form(body), service)
        assert undeleted(table, service) == set(), seed
        assert missed(table, service) == {}, seed


@pytest.mark.parametrize("body", [by_time, newest_first, by_key, by_key_above])
def test_late_commits_are_within_the_overlap(body: Any) -> None:
    """A change that shows up to two minutes after its time is not lost."""
    for seed in SEEDS:
        service = MovingService(seed=seed, late=True)
        assert missed(stored_after(plain(body), service), service) == {}, seed


def without_overlap(context: Any) -> Steps:
    """As `by_time`, but with no overlap."""
    changes = TimeCursor(context, overlap_seconds=0)
    first = with_query_params(f"{URL}/notes", {"since": changes.since})
    response = yield changes.next_page or first
    return changes.page(response.body["rows"], response, next_page=next_link(response))


def by_our_clock(context: Any) -> Steps:
    """As `by_time`, but by our clock instead of the service's."""
    changes = TimeCursor(context)
    first = with_query_params(f"{URL}/notes", {"since": changes.since})
    response = yield changes.next_page or first
    return changes.page(response.body["rows"], next_page=next_link(response))


def start_taken_last(context: Any) -> Steps:
    """As `by_feed`, but with the feed's start taken after the list."""
    feed = ChangeFeed(context)
    if feed.position is not None:
        return (yield from by_feed(context))
    response = yield feed.next_page or f"{URL}/notes"
    feed.start = (yield f"{URL}/position").body["position"]
    return feed.page(response.body["rows"], next_page=next_link(response))


def deleted_list_last(context: Any) -> Steps:
    """As `with_deleted_list`, in the wrong order."""
    parts = SyncParts(context, "notes", "deleted")
    changes = TimeCursor(parts.context)
    if parts.name == "notes":
        first = with_query_params(f"{URL}/notes", {"since": changes.since})
        response = yield changes.next_page or first
        page = changes.page(response.body["rows"], response, next_page=next_link(response))
        return parts.page(page)
    since = changes.since or context.sync.started_at
    response = yield with_query_params(f"{URL}/deleted", {"since": since})
    return parts.page(changes.page([], response, deleted_ids=response.body["ids"]))


@pytest.mark.parametrize(
    ("body", "world"),
    [
        (without_overlap, {"late": True}),
        (by_our_clock, {"skew": timedelta(hours=1)}),
        (start_taken_last, {"changes_per_answer": 3}),
        (deleted_list_last, {"changes_per_answer": 3}),
    ],
)
def test_the_worlds_find_mistakes(body: Any, world: dict[str, Any]) -> None:
    """The tests above can fail: each of these mistakes loses rows in one of the worlds."""
    services = [MovingService(seed=seed, **world) for seed in range(40)]
    assert any(missed(stored_after(plain(body), each), each) for each in services)


@pytest.mark.parametrize(
    "expires",
    [
        full_sync_when_expired(410),
        full_sync_when_expired(410, reason="TOKEN_TOO_OLD"),
        full_sync_when_expired(after_days=0.001),
    ],
)
@pytest.mark.parametrize("body", [by_token, by_feed])
@FORMS
def test_a_token_that_has_ended_brings_a_full_sync(
    body: Any, form: Form, expires: Callable[..., Any]
) -> None:
    """By its status, by a reason in the body, or because it is too old to be asked about."""
    service = MovingService(seed=1)
    execute = expires(form(body))
    stored_after(execute, service, syncs=2)
    service.oldest_token = len(service.log)
    table = stored_after(execute, service, syncs=3)
    assert (missed(table, service), undeleted(table, service)) == ({}, set())
