"""Listing tasks and events page by page stays right while the data changes."""

from collections.abc import Callable

import pytest

from packs.demo.listings import (
    InvalidRequestError,
    NotFoundError,
    SyncTokenExpiredError,
    TaskQuery,
)
from packs.demo.records import Record
from packs.demo.source import DemoSource


def do_nothing() -> None:
    """Stands for what may happen between two pages."""


def small_source() -> DemoSource:
    return DemoSource(seed=3, task_count=60, event_count=50)


def all_tasks(
    source: DemoSource,
    query: TaskQuery | None = None,
    between_pages: Callable[[], object] = do_nothing,
) -> list[Record]:
    """A whole listing of tasks in pages of seven."""
    page = source.list_tasks(query, limit=7)
    tasks = [*page.tasks]
    while page.next_page_token:
        between_pages()
        page = source.list_tasks(page_token=page.next_page_token, limit=7)
        tasks += page.tasks
    return tasks


def all_events(
    source: DemoSource,
    sync_token: str | None = None,
    between_pages: Callable[[], object] = do_nothing,
) -> tuple[list[Record], str]:
    """A whole listing of events in pages of seven, and its sync token."""
    page = source.list_events(sync_token=sync_token, limit=7)
    events = [*page.events]
    while page.next_page_token:
        assert page.next_sync_token is None
        between_pages()
        page = source.list_events(page_token=page.next_page_token, limit=7)
        events += page.events
    assert page.next_sync_token
    return events, page.next_sync_token


def apply(events: list[Record], mirror: dict[str, Record]) -> dict[str, Record]:
    """Bring a copy of the events up to date."""
    for event in events:
        if event.get("deleted"):
            assert event == {"id": event["id"], "deleted": True}
            mirror.pop(event["id"], None)
        else:
            mirror[event["id"]] = event
    return mirror


def test_all_pages_together_are_the_table() -> None:
    """No record is missing or comes twice, and only events end with a sync token."""
    source = small_source()
    assert all_tasks(source) == source.tasks()
    assert all_events(source)[0] == source.events()


@pytest.mark.parametrize("limit", [59, 60, 61])
def test_the_last_page_has_no_page_token(limit: int) -> None:
    """Also when it is just full: no empty page follows."""
    page = small_source().list_tasks(limit=limit)
    assert (page.next_page_token is not None) == (limit < 60)


def test_filters_of_tasks_combine() -> None:
    """A task is listed when every filter fits, over all pages."""
    source = small_source()
    listed = all_tasks(source, TaskQuery(project="PROJ-2", status="open"))
    fitting = [
        task for task in source.tasks() if (task["projectId"], task["status"]) == ("PROJ-2", "open")
    ]
    assert listed == fitting
    assert fitting


def test_every_lasting_task_is_listed_once_while_data_changes() -> None:
    """Whatever happens between pages, a task there from first to last comes exactly once."""
    source = small_source()
    before = {task["id"] for task in source.tasks()}
    ids = [task["id"] for task in all_tasks(source, between_pages=source.change)]
    lasting = before & {task["id"] for task in source.tasks()}
    assert len(ids) == len(set(ids))
    assert lasting <= set(ids)


def test_no_modification_falls_between_two_listings() -> None:
    """Listings that each start at the `now` of the one before miss nothing but deletions.

    The reason for contract D10: the time at the END of the first listing would miss tasks.
    """
    source = small_source()
    first_page = source.list_tasks(limit=7)
    mirror = {task["id"]: task for task in first_page.tasks}
    since, token = first_page.now, first_page.next_page_token
    while token:
        source.change()
        page = source.list_tasks(page_token=token, limit=7)
        mirror.update({task["id"]: task for task in page.tasks})
        token = page.next_page_token
    stale = [task for task in source.tasks() if mirror.get(task["id"]) != task]
    assert stale, "the changes between pages must have hit something already listed"
    mirror.update({task["id"]: task for task in all_tasks(source, TaskQuery(modified_since=since))})
    assert [mirror[task["id"]] for task in source.tasks()] == source.tasks()


def test_tokens_of_events_bring_exactly_the_changes() -> None:
    """Updates and inserts as whole records, deletions as tombstones, nothing else."""
    source = small_source()
    _, token = all_events(source)
    change = source.change(updated=15, inserted=6, deleted=9).events
    changes, _ = all_events(source, token)
    deleted = {event["id"] for event in changes if event.get("deleted")}
    assert deleted == set(change.deleted)
    assert {event["id"] for event in changes} - deleted == {*change.updated, *change.inserted}


def test_a_token_without_later_changes_brings_nothing() -> None:
    """An empty listing still ends with a token."""
    source = small_source()
    _, token = all_events(source)
    events, following = all_events(source, token)
    assert events == []
    assert all_events(source, following)[0] == []


def test_events_stay_right_while_data_changes() -> None:
    """Full and token-based listings that are overtaken by changes add up to the truth."""
    source = small_source()
    events, token = all_events(source, between_pages=source.change)
    mirror = apply(events, {})
    for _ in range(3):
        source.change(updated=20, inserted=5, deleted=5)
        events, token = all_events(source, token, between_pages=source.change)
        apply(events, mirror)
    apply(all_events(source, token)[0], mirror)
    assert mirror == {event["id"]: event for event in source.events()}


def test_expired_tokens_are_refused_at_the_start_and_between_pages() -> None:
    """A token handed out before the expiry is of no use, also not in the middle of a listing."""
    source = small_source()
    _, token = all_events(source)
    source.change()
    page = source.list_events(sync_token=token, limit=7)
    source.expire_sync_tokens()
    with pytest.raises(SyncTokenExpiredError):
        source.list_events(sync_token=token)
    with pytest.raises(SyncTokenExpiredError):
        source.list_events(page_token=page.next_page_token)


def test_a_full_listing_overtaken_by_an_expiry_ends_with_an_expired_token() -> None:
    """Its pages still come, but deletions since its beginning may have been forgotten."""
    source = small_source()
    _, token = all_events(source, between_pages=source.expire_sync_tokens)
    with pytest.raises(SyncTokenExpiredError):
        source.list_events(sync_token=token)
    _, token = all_events(source)
    assert all_events(source, token)[0] == []


def test_a_restarted_service_knows_no_earlier_token() -> None:
    """A token of another seed, or from before a restart at a later time, has expired."""
    _, token = all_events(small_source())
    with pytest.raises(SyncTokenExpiredError):
        DemoSource(seed=4, task_count=0, event_count=50).list_events(sync_token=token)


def test_a_token_that_the_service_has_not_reached_yet_has_expired() -> None:
    """After a restart at the very same time, versions count from the beginning again."""
    source = small_source()
    source.change()
    _, token = all_events(source)
    with pytest.raises(SyncTokenExpiredError):
        small_source().list_events(sync_token=token)


def test_filters_beside_a_page_token_must_be_the_same() -> None:
    """A client may repeat the filters or leave them out, but not change them midway."""
    source = small_source()
    query = TaskQuery(project="PROJ-1")
    token = source.list_tasks(query, limit=1).next_page_token
    repeated = source.list_tasks(query, page_token=token)
    assert repeated == source.list_tasks(page_token=token)
    with pytest.raises(InvalidRequestError, match="filters differ"):
        source.list_tasks(TaskQuery(project="PROJ-2"), page_token=token)


@pytest.mark.parametrize("text", ["", "nonsense", "é", "e30=", "bm9uc2Vuc2U="])
def test_texts_that_are_no_token_are_refused(text: str) -> None:
    """Whatever a client sends in place of a token is an error that shows it."""
    source = small_source()
    with pytest.raises(InvalidRequestError, match="TaskPageToken"):
        source.list_tasks(page_token=text)
    with pytest.raises(InvalidRequestError, match="EventPageToken"):
        source.list_events(page_token=text)
    with pytest.raises(InvalidRequestError, match="SyncToken"):
        source.list_events(sync_token=text)


def test_a_token_of_another_kind_is_refused() -> None:
    """A sync token is not a page token, and the tables do not share tokens."""
    source = small_source()
    _, sync_token = all_events(source)
    with pytest.raises(InvalidRequestError):
        source.list_events(page_token=sync_token)
    with pytest.raises(InvalidRequestError):
        source.list_tasks(page_token=source.list_events(limit=1).next_page_token)


def test_unknown_projects_and_statuses_are_errors() -> None:
    """An empty listing would look like "no such tasks" to a sync, and delete its rows."""
    with pytest.raises(NotFoundError, match="PROJ-99"):
        small_source().list_tasks(TaskQuery(project="PROJ-99"))
    with pytest.raises(InvalidRequestError, match="blocked"):
        small_source().list_tasks(TaskQuery(status="nearly done"))
