"""The demo pack's tables, synced over real HTTP page after page."""

import asyncio
from datetime import datetime, timedelta

import pytest

from pack_sdk import Completion, StatusCodeError, UserVisibleError
from pack_sdk.testing import make_async_context
from packs.demo.pack import OVERLAP, pack, sync_tasks
from packs.demo.records import Record
from packs.demo.source import DemoSource
from packs.demo.tests.sync_driver import HttpFetcher, sync


def without_duration(rows: list[Record]) -> list[Record]:
    """Events as the API gives them, without what the pack adds."""
    return [{key: value for key, value in row.items() if key != "duration"} for row in rows]


def by_id(records: list[Record]) -> dict[str, Record]:
    return {record["id"]: record for record in records}


def test_the_pack_declares_its_three_tables() -> None:
    """Names, identities and the network domain are what connections and assets go by."""
    tables = {name: table.identity_name for name, table in pack.sync_tables.items()}
    assert tables == {"Projects": "Project", "Tasks": "Task", "Events": "Event"}
    assert pack.network_domains == ["localhost"]
    assert pack.authentication.credential_keys == ()


@pytest.mark.parametrize("table_name", ["Projects", "Tasks", "Events"])
def test_everything_that_a_table_declares_is_described(table_name: str) -> None:
    """Tables, properties and parameters: whoever reads the catalogue sees what they hold."""
    table = pack.sync_tables[table_name]
    assert table.description
    assert all(schema.description for schema in table.schema.properties.values())
    assert all(parameter.description for parameter in table.parameters)


@pytest.mark.parametrize("table_name", ["Projects", "Tasks", "Events"])
def test_the_schema_names_every_field_that_comes(api_url: str, table_name: str) -> None:
    """No field is dropped for want of a property, and none is declared that never comes (S2)."""
    schema = pack.sync_tables[table_name].schema
    fields = {schema.field_of(name) for name in schema.properties}
    assert all(set(row) == fields for row in sync(table_name, api_url).rows)


def test_projects_are_synced_fully_each_time(api_url: str, source: DemoSource) -> None:
    """One page holds all, and without a completion there is no cursor (C6, C12)."""
    for _ in range(2):
        synced = sync("Projects", api_url)
        assert synced.rows == source.projects()
        assert len(synced.pages) == 1
        assert synced.completion is None
        source.change()


def test_a_full_sync_of_tasks_is_the_table(api_url: str, source: DemoSource) -> None:
    """Every task once, over several pages (C4, C10)."""
    synced = sync("Tasks", api_url)
    assert synced.rows == source.tasks()
    assert len(synced.pages) == 3


def test_an_incremental_sync_of_tasks_brings_what_changed(api_url: str, source: DemoSource) -> None:
    """Exactly the updated and the inserted; deletions wait for the full sync (C6, C13)."""
    cursor = sync("Tasks", api_url).completion
    change = source.change().tasks
    synced = sync("Tasks", api_url, previous=cursor)
    assert set(synced.ids) == {*change.updated, *change.inserted}
    assert synced.deleted_row_ids == []
    truth = by_id(source.tasks())
    assert synced.rows == [truth[task_id] for task_id in synced.ids]


def test_an_incremental_sync_of_tasks_overlaps_the_last(api_url: str, source: DemoSource) -> None:
    """What was modified less than the overlap before the last sync comes again (D10)."""
    source.change()
    within = source.change(after=OVERLAP * 2).tasks
    source.advance(OVERLAP / 2)
    cursor = sync("Tasks", api_url).completion
    ids = set(sync("Tasks", api_url, previous=cursor).ids)
    assert ids == {*within.updated, *within.inserted}


def test_the_cursor_of_tasks_is_the_time_at_which_the_sync_began(
    api_url: str, source: DemoSource
) -> None:
    """The `now` of the first page, less the overlap, though the clock has gone on (D10)."""
    began_at = source.now
    completion = sync(
        "Tasks", api_url, between_pages=lambda: source.advance(timedelta(hours=1))
    ).completion
    assert completion is not None
    since = datetime.fromisoformat(completion.incremental_continuation["modifiedSince"])
    assert since == began_at - OVERLAP


def test_no_task_is_lost_that_changes_during_a_sync(api_url: str, source: DemoSource) -> None:
    """A full sync and two incremental ones, all overtaken by changes, miss only deletions.

    D10, with each incremental sync long enough for several pages.
    """
    synced = sync("Tasks", api_url, between_pages=source.change)
    mirror = synced.applied_to()
    for _ in range(2):
        source.change(updated=800)
        synced = sync("Tasks", api_url, previous=synced.completion, between_pages=source.change)
        assert len(synced.pages) > 1
        mirror = synced.applied_to(mirror)
    mirror = sync("Tasks", api_url, previous=synced.completion).applied_to(mirror)
    assert [mirror[task["id"]] for task in source.tasks()] == source.tasks()


def test_deleted_tasks_stay_until_a_full_sync(api_url: str, source: DemoSource) -> None:
    """Incremental syncs do not see them go; the full one no longer returns them (C10, C13)."""
    first = sync("Tasks", api_url)
    mirror = first.applied_to()
    gone = set(source.change(deleted=12).tasks.deleted)
    mirror = sync("Tasks", api_url, previous=first.completion).applied_to(mirror)
    assert mirror.keys() - by_id(source.tasks()).keys() == gone
    assert not gone & set(sync("Tasks", api_url).ids)


def test_tasks_of_one_project_can_be_synced_incrementally(api_url: str, source: DemoSource) -> None:
    """The parameter holds for every page of both kinds of sync (C1)."""
    args = {"project": "PROJ-2"}
    full = sync("Tasks", api_url, args=args)
    assert full.rows == [task for task in source.tasks() if task["projectId"] == "PROJ-2"]
    source.change(updated=1_000)
    changed = sync("Tasks", api_url, args=args, previous=full.completion)
    assert {task["projectId"] for task in changed.rows} == {"PROJ-2"}
    truth = [task for task in source.tasks() if task["projectId"] == "PROJ-2"]
    mirror = changed.applied_to(full.applied_to())
    assert [mirror[task["id"]] for task in truth] == truth


def test_the_status_of_tasks_is_no_parameter_of_incremental_syncs(
    api_url: str, source: DemoSource
) -> None:
    """It is hidden (C19), because a task that ceases to fit would not come as a change."""
    project, status = pack.sync_tables["Tasks"].parameters
    assert (project.hidden, status.hidden) == (False, True)
    with pytest.raises(ValueError, match="is hidden"):
        sync("Tasks", api_url, args={"status": "blocked"})
    context = make_async_context(HttpFetcher(), endpoint=api_url)
    page = asyncio.run(sync_tasks([None, "blocked"], context))
    assert page.result == [task for task in source.tasks() if task["status"] == "blocked"]


def test_a_full_sync_of_events_is_the_table(api_url: str, source: DemoSource) -> None:
    """Every event once, and the sync token as the cursor (C6)."""
    synced = sync("Events", api_url)
    assert without_duration(synced.rows) == source.events()
    assert synced.deleted_row_ids == []
    assert len(synced.pages) == 3
    assert synced.completion is not None
    assert set(synced.completion.incremental_continuation) == {"syncToken"}


def test_an_incremental_sync_of_events_brings_exactly_what_changed(
    api_url: str, source: DemoSource
) -> None:
    """The updated and the inserted as rows, tombstones as deleted ids (C9)."""
    full = sync("Events", api_url)
    change = source.change().events
    synced = sync("Events", api_url, previous=full.completion)
    assert set(synced.ids) == {*change.updated, *change.inserted}
    assert set(synced.deleted_row_ids) == set(change.deleted)
    mirror = synced.applied_to(full.applied_to())
    assert by_id(without_duration(list(mirror.values()))) == by_id(source.events())


def test_events_stay_right_while_they_change_during_syncs(api_url: str, source: DemoSource) -> None:
    """Full and incremental syncs overtaken by changes add up to the truth, deletes included."""
    synced = sync("Events", api_url, between_pages=source.change)
    mirror = synced.applied_to()
    for _ in range(2):
        source.change(updated=600, deleted=60)
        synced = sync("Events", api_url, previous=synced.completion, between_pages=source.change)
        assert len(synced.pages) > 1
        mirror = synced.applied_to(mirror)
    mirror = sync("Events", api_url, previous=synced.completion).applied_to(mirror)
    assert by_id(without_duration(list(mirror.values()))) == by_id(source.events())


def test_an_expired_sync_token_asks_for_a_full_sync(api_url: str, source: DemoSource) -> None:
    """Status 410 becomes `hasIncompleteResults` (C8), and the full sync gives a new cursor."""
    cursor = sync("Events", api_url).completion
    source.change()
    source.expire_sync_tokens()
    refused = sync("Events", api_url, previous=cursor)
    assert refused.completion == Completion(has_incomplete_results=True)
    assert refused.has_incomplete_results
    assert refused.rows == []
    full = sync("Events", api_url)
    assert without_duration(full.rows) == source.events()
    assert sync("Events", api_url, previous=full.completion).rows == []


def test_a_sync_token_that_expires_between_pages_asks_for_a_full_sync(
    api_url: str, source: DemoSource
) -> None:
    """Also on a later page, when rows have come already: they are to be discarded (C8)."""
    cursor = sync("Events", api_url).completion
    source.change(updated=900)
    synced = sync("Events", api_url, previous=cursor, between_pages=source.expire_sync_tokens)
    assert len(synced.pages) == 2
    assert synced.rows
    assert synced.completion == Completion(has_incomplete_results=True)


def test_other_errors_of_the_api_are_raised(api_url: str) -> None:
    """Only 410 means a full sync; anything else fails the sync."""
    broken = Completion(incremental_continuation={"syncToken": "nonsense"})
    with pytest.raises(StatusCodeError) as caught:
        sync("Events", api_url, previous=broken)
    assert caught.value.status_code == 400
    with pytest.raises(StatusCodeError) as caught:
        sync("Tasks", api_url, args={"project": "PROJ-99"})
    assert caught.value.status_code == 404


@pytest.mark.parametrize("table_name", ["Tasks", "Events"])
def test_an_incremental_sync_takes_few_requests(
    api_url: str, source: DemoSource, table_name: str
) -> None:
    """What incremental syncs are for: one request instead of three."""
    first, second = HttpFetcher(), HttpFetcher()
    full = sync(table_name, api_url, fetcher=first)
    source.change()
    sync(table_name, api_url, previous=full.completion, fetcher=second)
    assert (len(first.urls), len(second.urls)) == (3, 1)


@pytest.mark.parametrize("table_name", ["Projects", "Tasks", "Events"])
def test_a_connection_without_an_endpoint_is_told(table_name: str) -> None:
    """The message says what to configure, with an example."""
    with pytest.raises(UserVisibleError, match="http://localhost"):
        sync(table_name, None)


def test_a_slash_at_the_end_of_the_endpoint_does_no_harm(api_url: str, source: DemoSource) -> None:
    """Both spellings of a base URL work."""
    synced = sync("Projects", f"{api_url}/")
    assert synced.rows == source.projects()
