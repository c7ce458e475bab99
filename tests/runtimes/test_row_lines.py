"""Rows that a Python pack returned, as lines of JSON (contract C2, S4)."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pack_sdk import InvalidResultError
from pack_sync.runtimes.python.row_lines import to_lines
from tests.commit.sync_bench import a_page, a_schema, stage_pages


class Size(StrEnum):
    """A string that is more than a string."""

    SMALL = "small"


class Level(Enum):
    """A value behind a name."""

    HIGH = 3


@dataclass
class Point:
    """A row that is no dictionary."""

    id: str
    at: datetime


NOON = datetime(2026, 1, 2, 12, 30, 0, 123456)
CONVERTED = [
    (NOON.replace(tzinfo=UTC), "2026-01-02T12:30:00.123456+00:00"),
    (NOON, "2026-01-02T12:30:00.123456+00:00"),
    (NOON.replace(tzinfo=timezone(timedelta(hours=-5))), "2026-01-02T12:30:00.123456-05:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (time(12, 30), "12:30:00"),
    (timedelta(hours=6, minutes=1), "21660.000000 seconds"),
    (timedelta(days=-1, microseconds=1), "-86399.999999 seconds"),
    (Decimal("0.10"), "0.10"),
    (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Size.SMALL, "small"),
    (Level.HIGH, 3),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    ((1, 2), [1, 2]),
    ({"a": {"b": None}}, {"a": {"b": None}}),
    ("a\nb\u2028\x00é😀", "a\nb\u2028\x00é😀"),
    (2**64 - 1, 2**64 - 1),
]


def read(lines: bytes) -> list[Any]:
    """What the lines say; each ends with a newline."""
    assert lines == b"" or lines.endswith(b"\n")
    return [json.loads(line) for line in lines.split(b"\n")[:-1]]


def test_one_line_for_each_row() -> None:
    """Any JSON value is a row here: the stage says what is none (S4)."""
    rows = [{"id": 1}, {}, None, 5, "x\ny", [1], True]
    assert read(to_lines(rows)) == rows
    assert to_lines([]) == b""


@pytest.mark.parametrize(("value", "expected"), CONVERTED)
def test_python_s_own_types(value: Any, expected: Any) -> None:
    """Times without a zone are UTC; NaN and infinity are null, as JSON.stringify has it."""
    assert read(to_lines([{"v": [value]}])) == [{"v": [expected]}]


@pytest.mark.parametrize(("value", "expected"), CONVERTED)
@pytest.mark.parametrize("unusual", [2**70, {1: "x"}, "\ud83d"])
def test_the_same_beside_something_unusual(value: Any, expected: Any, unusual: Any) -> None:
    """A value that takes the long way does not change what the others become."""
    ((found),) = read(to_lines([{"u": unusual, "v": [value]}]))
    assert found["v"] == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2**64, 2**64),
        (-(2**70), -(2**70)),
        ({2: "a", None: "b", True: "c"}, {"2": "a", "null": "b", "true": "c"}),
        ({Size.SMALL: 1}, {"small": 1}),
        ("a\ud83db", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("\ud83d\ude00", "😀"),
        ({"\ud800": 1}, {"\ufffd": 1}),
    ],
)
def test_what_orjson_refuses_is_written_all_the_same(value: Any, expected: Any) -> None:
    """Whole numbers past 64 bits, keys that are no strings, halves of surrogate pairs."""
    assert read(to_lines([{"v": value}, {"after": 1}])) == [{"v": expected}, {"after": 1}]


def test_a_dataclass_is_a_row() -> None:
    """Its fields are the fields of the row."""
    row = Point(id="a", at=NOON)
    assert read(to_lines([row])) == [{"id": "a", "at": "2026-01-02T12:30:00.123456+00:00"}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({1, 2}, "a set ({1, 2}) is not JSON"),
        (b"x", "a bytes (b'x') is not JSON"),
        (object, "a type (<class 'object'>) is not JSON"),
        (time(12, tzinfo=UTC), "tzinfo"),
        ({(1, 2): 3}, "key"),
    ],
)
def test_what_cannot_be_json_is_named_with_its_row(value: Any, shown: str) -> None:
    """The error says which row of the page, which value, and what to do (C2)."""
    with pytest.raises(InvalidResultError) as caught:
        to_lines([{"v": 1}, {"v": [value]}])
    message = str(caught.value)
    assert message.startswith("row 1 of the page cannot be written as JSON: ")
    assert shown in message
    assert "Convert the value in the pack" in message


def test_a_row_that_holds_itself() -> None:
    """An endless row is an error, not an endless loop (C2)."""
    row: dict[str, Any] = {"id": 1}
    row["self"] = row
    with pytest.raises(InvalidResultError, match="row 0 of the page cannot be written"):
        to_lines([row])


def test_python_s_types_land_in_their_columns(tmp_path: Path) -> None:
    """What a pack hands over as Python arrives as DuckDB has it (the table of types)."""
    schema = a_schema(
        at={"type": "string", "hint": "datetime"},
        day={"type": "string", "hint": "date"},
        took={"type": "string", "hint": "duration"},
        price={"type": "number", "hint": "currency"},
    )
    took = timedelta(hours=30, microseconds=5)
    row = {"id": UUID(int=1), "at": NOON, "day": date(2026, 1, 2), "took": took}
    staged = stage_pages(tmp_path, schema, a_page({**row, "price": Decimal("0.1")}))
    assert staged.upserts == [
        (str(UUID(int=1)), NOON.replace(tzinfo=UTC), date(2026, 1, 2), took, Decimal("0.1"))
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_any_json_comes_back(value: Any) -> None:
    """One line, whatever it holds, that says what the row said (infinity aside)."""
    (found,) = read(to_lines([value]))
    assert found == json.loads(json.dumps(value), parse_constant=lambda _: None)
