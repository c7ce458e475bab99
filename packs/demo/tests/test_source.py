"""The data of the demo service: made up from a seed, changed only when told."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone

import pytest

from packs.demo.listings import InvalidRequestError, TaskQuery
from packs.demo.records import Record
from packs.demo.source import DEFAULT_NOW, DemoSource


def by_id(records: list[Record]) -> dict[str, Record]:
    return {record["id"]: record for record in records}


def small_source(seed: int = 1) -> DemoSource:
    return DemoSource(seed=seed, task_count=60, event_count=50)


def test_the_same_seed_and_calls_give_the_same_data_and_tokens() -> None:
    """Everything is a function of the arguments and the calls, tokens and bursts included."""
    one, other = small_source(), small_source()
    for _ in range(3):
        assert one.change() == other.change()
    assert one.projects() == other.projects()
    assert one.tasks() == other.tasks()
    assert one.events() == other.events()
    assert one.list_events() == other.list_events()


def test_another_seed_gives_other_data() -> None:
    """The seed matters in every table."""
    one, other = small_source(seed=1), small_source(seed=2)
    assert one.projects() != other.projects()
    assert one.tasks() != other.tasks()
    assert one.events() != other.events()


def test_the_tables_have_the_sizes_asked_for() -> None:
    """By default 12 projects, 2,000 tasks and 3,000 events."""
    assert DemoSource().state()["counts"] == {"projects": 12, "tasks": 2_000, "events": 3_000}


def test_the_clock_moves_only_when_told() -> None:
    """`advance` moves it, a burst lets a given time pass, nothing else does."""
    source = small_source()
    source.list_tasks()
    assert source.now == DEFAULT_NOW
    assert source.advance(timedelta(hours=2)) == DEFAULT_NOW + timedelta(hours=2)
    source.change(after=timedelta(seconds=5))
    assert source.now == DEFAULT_NOW + timedelta(hours=2, seconds=5)


@pytest.mark.parametrize("duration", [timedelta(seconds=-1), timedelta.max])
def test_the_clock_refuses_to_go_back_or_too_far(duration: timedelta) -> None:
    """A move that the clock cannot make is refused and leaves it where it was."""
    source = small_source()
    with pytest.raises(InvalidRequestError, match="clock"):
        source.advance(duration)
    assert source.now == DEFAULT_NOW


def test_the_clock_is_in_utc() -> None:
    """A time in another zone is converted; one without a zone is refused."""
    summer = datetime(2026, 7, 1, 10, tzinfo=timezone(timedelta(hours=2)))
    assert DemoSource(now=summer, task_count=0, event_count=0).now == datetime(
        2026, 7, 1, 8, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="no time zone"):
        DemoSource(now=datetime(2026, 7, 1, 10))


@pytest.mark.parametrize("table", ["projects", "tasks", "events"])
def test_a_burst_does_exactly_what_its_summary_says(table: str) -> None:
    """The difference between before and after is the summary, id by id; no id comes twice."""
    source = small_source()
    before = by_id(getattr(source, table)())
    change = getattr(source.change(updated=9, inserted=4, deleted=6), table)
    after = by_id(getattr(source, table)())
    assert after.keys() - before.keys() == set(change.inserted)
    assert before.keys() - after.keys() == set(change.deleted)
    common = before.keys() & after.keys()
    assert {key for key in common if before[key] != after[key]} == set(change.updated)
    ids = [*change.updated, *change.inserted, *change.deleted]
    assert len(ids) == len(set(ids)) == sum(change.counts.values())


def test_the_counts_of_a_burst_are_exact() -> None:
    """Tasks and events change in the numbers asked for, projects in their own."""
    assert small_source().change(updated=9, inserted=4, deleted=6).counts == {
        "projects": {"updated": 2, "inserted": 1, "deleted": 1},
        "tasks": {"updated": 9, "inserted": 4, "deleted": 6},
        "events": {"updated": 9, "inserted": 4, "deleted": 6},
    }


def test_a_burst_changes_no_more_than_there_is() -> None:
    """Asked for more than the table holds, the summary tells what was possible."""
    change = DemoSource(task_count=5, event_count=0).change(updated=9, inserted=1, deleted=2)
    assert change.tasks.counts == {"updated": 3, "inserted": 1, "deleted": 2}
    assert change.events.counts == {"updated": 0, "inserted": 1, "deleted": 0}


def test_a_burst_that_is_refused_changes_nothing() -> None:
    """A negative number is an error before anything has happened, the clock included."""
    source = small_source()
    before = source.state()
    with pytest.raises(InvalidRequestError, match="0 or more"):
        source.change(inserted=-1)
    assert source.state() == before


def test_an_id_is_never_used_again() -> None:
    """What was deleted does not come back as something else."""
    source = small_source()
    gone: set[str] = set()
    for _ in range(5):
        change = source.change(inserted=5, deleted=20)
        gone.update(change.tasks.deleted)
        assert not gone & set(change.tasks.inserted)


def test_tasks_always_belong_to_a_project_that_exists() -> None:
    """Only projects without tasks are deleted, and a task never moves."""
    source = small_source()
    project_of = {task["id"]: task["projectId"] for task in source.tasks()}
    for _ in range(10):
        source.change()
        projects = {project["id"] for project in source.projects()}
        for task in source.tasks():
            assert task["projectId"] in projects
            assert project_of.setdefault(task["id"], task["projectId"]) == task["projectId"]


def test_deleted_tasks_do_not_show_in_modified_since() -> None:
    """Changes by time bring updates and inserts only: the reason for a periodic full sync.

    Contract C13.
    """
    source = small_source()
    since = source.now
    change = source.change().tasks
    page = source.list_tasks(TaskQuery(modified_since=since), limit=1_000)
    assert {task["id"] for task in page.tasks} == {*change.updated, *change.inserted}
    assert change.deleted


def test_records_handed_out_stay_as_they_are() -> None:
    """A burst replaces records; it does not change what a caller holds."""
    source = small_source()
    held = [*source.projects(), *source.tasks(), *source.events()]
    copied = deepcopy(held)
    source.change(updated=50)
    assert held == copied


def test_threads_may_use_a_source_at_once() -> None:
    """Changes and listings from several threads leave every number right."""
    source = small_source()

    def use(_: int) -> None:
        for _ in range(10):
            source.change(updated=5, inserted=3, deleted=1)
            source.list_tasks(limit=20)
            source.list_events(sync_token=source.list_events(limit=1_000).next_sync_token)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(use, range(4))) == [None] * 4
    assert source.state()["bursts"] == 40
    assert source.state()["counts"] == {"projects": 12, "tasks": 140, "events": 130}
    assert len(by_id(source.tasks())) == 140
