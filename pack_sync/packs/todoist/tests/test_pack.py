"""The pack against the fake: what is particular to this service."""

from datetime import timedelta

from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import TodoistFake, make_fake


def test_a_token_brings_what_is_gone() -> None:
    """Completed and deleted tasks leave Tasks; the completed one is in CompletedTasks."""
    service = make_fake(1)
    tasks = execute_sync_table(pack, "Tasks", fetcher=service)
    completed = execute_sync_table(pack, "CompletedTasks", fetcher=service)
    gone, done = tasks.ids[:2]
    service.items.delete(gone, service.world.clock.now)
    _complete(service, done)
    changed = execute_sync_table(
        pack, "Tasks", fetcher=service, previous_completion=tasks.completion
    )
    assert (changed.rows, set(changed.deleted_row_ids)) == ([], {gone, done})
    more = execute_sync_table(
        pack, "CompletedTasks", fetcher=service, previous_completion=completed.completion
    )
    assert more.ids == [done]
    assert list(more.deleted_row_ids) == [gone]


def test_what_is_in_an_archived_project_is_gone() -> None:
    """Nothing names its tasks, so they are listed anew."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Tasks", fetcher=service)
    service.projects.delete("project0002", service.world.clock.now)
    again = execute_sync_table(pack, "Tasks", fetcher=service, previous_completion=full.completion)
    assert again.has_incomplete_results


def test_an_expired_token_leads_to_a_full_sync() -> None:
    """The service answers with everything, and says so; what is gone since is not in it."""
    service = make_fake(1)
    full = execute_sync_table(pack, "Labels", fetcher=service)
    service.world.expire_tokens()
    again = execute_sync_table(pack, "Labels", fetcher=service, previous_completion=full.completion)
    assert again.has_incomplete_results


def test_delayed_data_is_completed() -> None:
    """Of a full sync that says it is of older data, the changes are asked for at once."""
    service = make_fake(1)
    for _ in range(2):
        execute_sync_table(pack, "Labels", fetcher=service, clock=service.world.clock)
        service.world.advance(hours=1)
    service.labels.insert(service.world.random, service.world.clock.now)
    late = execute_sync_table(pack, "Labels", fetcher=service, clock=service.world.clock)
    assert len(late.applied_to()) == len(service.labels)
    assert len(service.requests) == 4


def test_completed_tasks_are_listed_span_after_span() -> None:
    """For no more than three months at once, since the account was made."""
    service = make_fake(1)
    service.joined_at = service.world.clock.now - timedelta(days=1000)
    full = execute_sync_table(pack, "CompletedTasks", fetcher=service, clock=service.world.clock)
    assert len(full.ids) == service.row_counts()["CompletedTasks"]
    assert {request.method for request in service.requests[1:]} == {"GET"}


def test_due_dates() -> None:
    """A day, a time of whoever looks at it, and a time in a fixed zone."""
    rows = execute_sync_table(pack, "Tasks", fetcher=make_fake(1)).rows
    found = {(row["due"] and row["due"]["date"], row["due_date"], row["due_at"]) for row in rows}
    assert found == {
        (None, "", None),
        ("2026-02-03", "2026-02-03", None),
        ("2026-02-03T12:00:00", "2026-02-03", None),
    }


def _complete(service: TodoistFake, key: str) -> None:
    item = service.items.get(key)
    assert item is not None
    while not item.fields["checked"]:
        item = service.items.update(service.world.random, key, service.world.clock.now)
