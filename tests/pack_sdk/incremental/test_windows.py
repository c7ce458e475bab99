"""Windows: halves where there is too much, wider ones where there is room, open at the end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pack_sdk import UserVisibleError, Window

DAY = datetime(2025, 1, 1, tzinfo=UTC)


def bounds(counts: Any, **given: Any) -> list[tuple[Any, Any]]:
    """The windows that are asked for, where `counts(start, end)` is how many results one has."""
    asked: list[tuple[Any, Any]] = []
    position: Any = None
    while True:
        window = Window(position, **given)
        asked.append((window.start, window.end))
        position = window.following(counts(window.start, window.end))
        if position is None:
            return asked


def test_numbers_are_halved_and_covered_without_a_gap() -> None:
    """The windows that are not too full follow each other, and the last one is open."""

    def counts(start: int, end: int | None) -> int:
        return (1000 if end is None else end) - start

    fitting = [each for each in bounds(counts, start=0, last=1000, cap=100) if counts(*each) < 100]
    starts, ends = zip(*fitting, strict=True)
    assert (starts[0], ends[-1]) == (0, None)
    assert list(starts[1:]) == list(ends[:-1])


def test_times_are_whole_seconds() -> None:
    """So that a service which knows no fractions has no gap between two windows."""
    window = Window(None, start=DAY, last=DAY + timedelta(seconds=7), cap=10)
    halved = Window(window.following(10), start=DAY, last=DAY, cap=10)
    assert (halved.start, halved.end) == (DAY, DAY + timedelta(seconds=3))


def test_what_cannot_be_halved_is_an_error() -> None:
    """It says where there is too much, and what the cap is."""

    def counts(_start: int, _end: int | None) -> int:
        return 10

    with pytest.raises(UserVisibleError, match="no more than 10"):
        bounds(counts, start=1, last=9, cap=10)


def test_a_window_that_fills_up_while_it_is_read_is_halved() -> None:
    """Also on a later page: what is beyond the cap would be cut off."""
    first = Window(None, start=0, last=100, cap=10)
    second = Window(first.following(9, next_page=2), start=0, last=100, cap=10)
    assert second.page == 2
    assert second.following(10, next_page=3) == {"start": 0, "end": 50}
