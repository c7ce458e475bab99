"""Progress: lines in the log while a long sync goes on, but not too many."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine import page_loop
from tests.engine.sync_harness import Engine, Scripted, items, last_page
from tests.engine.test_crawl import Forum


class HandMovedClock:
    """Stands for the module `time`: its time moves when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """The time, as `time.monotonic` has it."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandMovedClock:
    """The clock by which `pack_sync.engine.page_loop` measures progress."""
    clock = HandMovedClock()
    monkeypatch.setattr(page_loop, "time", clock)
    return clock


def paging(clock: HandMovedClock, count: int, *, seconds: float) -> Scripted:
    """So many pages of two rows, each of which takes so many seconds."""

    def page(_: Any, context: Any) -> Any:
        clock.now += seconds
        number = context.continuation or 1
        rows = items(**{f"a{number}": "1", f"b{number}": "2"})
        return {"result": rows, "continuation": number + 1} if number < count else last_page("t1")

    return Scripted(*[page] * count)


def progress(engine: Engine) -> list[str]:
    """The lines that tell of progress."""
    return [line for level, line in engine.log if level == "info" and "rows per second" in line]


def test_quick_pages_are_told_of_every_few_seconds(tmp_path: Path, clock: HandMovedClock) -> None:
    """Pages of two seconds: a line at the first page after each five seconds (contract C15)."""
    engine = Engine(folder=tmp_path, execute=paging(clock, 8, seconds=2))
    engine.sync()
    assert progress(engine) == [
        "acme.Items: 3 pages, 6 rows, 1 rows per second",
        "acme.Items: 6 pages, 12 rows, 1 rows per second",
    ]


def test_slow_pages_are_each_told_of(tmp_path: Path, clock: HandMovedClock) -> None:
    """Pages that take longer than that: one line each, the last included (contract C15)."""
    engine = Engine(folder=tmp_path, execute=paging(clock, 3, seconds=30))
    engine.sync()
    assert [line.split(",")[0] for line in progress(engine)] == [
        "acme.Items: 1 page",
        "acme.Items: 2 pages",
        "acme.Items: 3 pages",
    ]


def test_a_short_sync_is_silent(tmp_path: Path, clock: HandMovedClock) -> None:
    """A sync that ends within the first seconds says nothing of its pages."""
    engine = Engine(folder=tmp_path, execute=paging(clock, 4, seconds=1))
    engine.sync()
    assert progress(engine) == []


def test_how_rare_progress_is_can_be_set(
    tmp_path: Path, clock: HandMovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PROGRESS_SECONDS` is the least time between two lines."""
    monkeypatch.setattr(page_loop, "PROGRESS_SECONDS", 1.0)
    engine = Engine(folder=tmp_path, execute=paging(clock, 4, seconds=1))
    engine.sync()
    assert len(progress(engine)) == 4


def test_there_is_no_cap_on_the_number_of_pages(tmp_path: Path, clock: HandMovedClock) -> None:
    """A sync of a thousand pages is one like any other (contract C15)."""
    engine = Engine(folder=tmp_path, execute=paging(clock, 1_000, seconds=0))
    record = engine.sync().record
    assert (record.pages, record.inserted) == (1_000, 1_998)


def test_progress_of_a_child_counts_its_own(
    tmp_path: Path, clock: HandMovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And besides the rows of all children, which share a spool."""
    monkeypatch.setattr(page_loop, "PROGRESS_SECONDS", 0.5)
    seconds = itertools.count(1)
    monkeypatch.setattr(clock, "monotonic", lambda: float(next(seconds)))
    forum = Forum(
        folder=tmp_path,
        posts=["p1", "p2"],
        comments={"p1": ["a", "b", "c"], "p2": ["d"]},
        requests_at_once=1,
    )
    list(forum.run())
    lines = [line for line in forum.logged if "rows per second" in line and "Comments" in line]
    assert "forum.Comments[default/p1]: 3 pages, 3 rows, " in lines[-2]
    assert lines[-2].endswith("; with the other children 3 rows")
    assert "forum.Comments[default/p2]: 1 page, 1 row, " in lines[-1]
    assert lines[-1].endswith("; with the other children 4 rows")
