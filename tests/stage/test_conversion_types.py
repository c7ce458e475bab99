"""Each type takes what fits and rejects what does not (contract S4, the table of types)."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.commit.sync_bench import a_page, a_schema, stage_pages

WHOLE = [(0, 0), (-7, -7), (2.0, 2), (1e3, 1000), ("12", 12), (" 12 ", 12), ("-1e2", -100)]
NO_NUMBER: list[Any] = [True, " ", "x", "true", "NaN", "Infinity", "-inf", "1_000",
             "0x10", "1d", "1e400", "2024-01-01", [], [1], {}, {"a": 1}]  # fmt: skip
TOO_LARGE = [1.2345678901234568e29, -1.2345678901234568e29, "1.2345678901234568e+29", 1.7e38, 1e300]
NOT_WHOLE = [*NO_NUMBER, *TOO_LARGE, 1.5, -0.5, "1.5", 1e-10, 1.0000000001, "9007199254740993.5"]
NO_TEXT_TIME: list[Any] = [1, 1.5, True, "x", " ", "infinity", "-infinity", "epoch", " Epoch ",
                "now", "today", "2024-02-30", [], {}]  # fmt: skip
NO_DATE: list[Any] = [
    *NO_TEXT_TIME,
    "12:00",
    "12",
    "Room 12",
    "1704164645",
    "31.12.2024",
    "2024-13-01",
    "Feb 30, 2024",
    "24-01-02",
    "2023-366",
    "2024-W54",
]
NO_MOMENT: list[Any] = [
    *NO_DATE,
    "2024-01-02T25:00:00Z",
    "2024-01-02T03:04:05+99:99",
    "2024-01-02T03:04:05+24:00",
    "2024-01-02T03:04:05-05:60",
    "2024-01-02T24:00:01Z",
    "2024-01-02T03:04:05 later",
    "2024-01-02T03:04:05[No/Where]",
    "2024-01-02 13:00 PM",
    "2024-01-02T12:60:00Z",
]
NO_VALUE: list[tuple[Any, Any]] = [("", None), (False, None)]
NO_VALUE_AT_ALL: list[tuple[Any, Any]] = [*NO_VALUE, (0, None), (-0.0, None)]
NO_DAY = [
    *NO_VALUE_AT_ALL,
    ("0000-00-00", None),
    ("0000-00-00 00:00:00", None),
    ("0000-00-00T00:00:00+00:00", None),
]


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


CASES: dict[str, tuple[dict[str, Any], list[tuple[Any, Any]], list[Any]]] = {
    "boolean": (
        {"type": "boolean", "hint": "toggle"},
        [(True, True), (False, False), (1, True), (0, False), ("true", True), ("false", False),
         ("", None)],
        ["yes", "True", 2, -1, 0.5, "x", [], [True], {}],
    ),
    "number": (
        {"type": "number"},
        [(1.5, 1.5), (-1, -1.0), (1e300, 1e300), (2**63, float(2**63)), ("1.5", 1.5), ("1e5", 1e5),
         (2**53, 2.0**53), (-(2**70), -(2.0**70)), (147573952589676410000, 2.0**67),
         *NO_VALUE],
        [*NO_NUMBER, 2**53 + 1, -(2**53) - 1, 2**63 + 1, 10**30 + 1, "9007199254740993"],
    ),
    "percent": ({"type": "number", "hint": "percent"}, [(0.25, 0.25), *NO_VALUE], NO_NUMBER),
    "whole number": (
        {"type": "number", "precision": 0},
        [*WHOLE, (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (1e18, 10**18), *NO_VALUE],
        [*NO_NUMBER, -(2**63) - 1],
    ),
    "whole number, but not all": (
        {"type": "number", "precision": 0},
        [(1, 1.0), (1.5, 1.5), (1e-10, 1e-10), (2**63, 2.0**63), (1e300, 1e300), *NO_VALUE],
        NO_NUMBER,
    ),
    "scale": (
        {"type": "number", "hint": "scale"},
        [*WHOLE, (2**31 - 1, 2**31 - 1)],
        [*NOT_WHOLE, 2**31, -(2**31) - 1],
    ),
    "currency": (
        {"type": "number", "hint": "currency"},
        [
            (0.1, Decimal("0.1")),
            ("19.999999999", Decimal("19.999999999")),
            ("12345678901234567890.000000001", Decimal("12345678901234567890.000000001")),
            (1.5e3, Decimal(1500)),
            *NO_VALUE,
        ],
        [*NO_NUMBER, *TOO_LARGE, 1e29, 1e30, "1" * 30],
    ),
    "number date": (
        {"type": "number", "hint": "date"},
        [(0, date(1970, 1, 1)), (-1, date(1969, 12, 31)), (16725225600, date(2500, 1, 1)),
         *NO_VALUE],
        [*NO_NUMBER, 1e18, -1e18],
    ),
    "number time": (
        {"type": "number", "hint": "time"},
        [(0, time(0)), (3661.5, time(1, 1, 1, 500_000)), (-1, time(23, 59, 59)), (90000, time(1)),
         *NO_VALUE],
        [*NO_NUMBER, 1e18],
    ),
    "number datetime": (
        {"type": "number", "hint": "datetime"},
        [
            (0, moment(1970, 1, 1)),
            (-86400.5, moment(1969, 12, 30, 23, 59, 59, 500_000)),
            (16725225600, moment(2500, 1, 1)),
            ("86400", moment(1970, 1, 2)),
            *NO_VALUE,
        ],
        [*NO_NUMBER, 1e18, 9223372036854775807],
    ),
    "number duration": (
        {"type": "number", "hint": "duration"},
        [(1, timedelta(days=1)), (-0.5, timedelta(hours=-12)), (1.25, timedelta(days=1, hours=6)),
         (0, timedelta(0)), *NO_VALUE],
        [*NO_NUMBER, 1e18],
    ),
    "string": (
        {"type": "string"},
        [("", ""), ("é😀\n\x00", "é😀\n\x00"), (5, "5"), (1.5, "1.5"), (True, "true"),
         ([1, "a"], '[1,"a"]'), ({"a": None}, '{"a":null}'), (2**70, str(2**70))],
        [],
    ),
    "string date": (
        {"type": "string", "hint": "date"},
        [("2024-02-29", date(2024, 2, 29)), ("2500-01-01", date(2500, 1, 1)),
         ("1900-01-01", date(1900, 1, 1)), ("2024-01-02T03:04:05", date(2024, 1, 2)),
         ("2024-01-02T23:00:00-05:00", date(2024, 1, 3)), ("2024-01-02+05:00", date(2024, 1, 1)),
         ("2024", date(2024, 1, 1)), ("1/2/2024", date(2024, 1, 2)), *NO_DAY],
        NO_DATE,
    ),
    "string time": (
        {"type": "string", "hint": "time"},
        [("10:00", time(10)), ("23:59:59.5", time(23, 59, 59, 500_000)),
         ("09:30:00+05:00", time(4, 30)), ("01:00:00+0530", time(19, 30)), ("9:30Z", time(9, 30)),
         ("3:04 PM", time(15, 4)), ("12:00 am", time(0)), ("3:04:05 p.m. EST", time(20, 4, 5)),
         ("T093000Z", time(9, 30)), ("24:00", time(0)), ("23:59:60Z", time(0)),
         ("2024-01-02T03:04:05+01:00", time(2, 4, 5)), ("09:30:00,25", time(9, 30, 0, 250_000)),
         *NO_DAY],
        [*NO_TEXT_TIME, "25:00:00", "10", "2024-01-31", "2024", "13:00 PM",
         "09:30:00+99:99", "09:60", "09:30 soon"],
    ),
    "string datetime": (
        {"type": "string", "hint": "datetime"},
        [
            ("2024-01-02T03:04:05Z", moment(2024, 1, 2, 3, 4, 5)),
            ("2024-01-02 03:04:05", moment(2024, 1, 2, 3, 4, 5)),
            ("2024-01-02T23:04:05-05:00", moment(2024, 1, 3, 4, 4, 5)),
            ("2024-01-02T03:04:05.123456789Z", moment(2024, 1, 2, 3, 4, 5, 123456)),
            ("2024-01-02", moment(2024, 1, 2)),
            ("2500-01-01T00:00:00Z", moment(2500, 1, 1)),
            *NO_DAY,
        ],
        NO_MOMENT,
    ),
    "string duration": (
        {"type": "string", "hint": "duration"},
        [("6 hrs 1 min", timedelta(hours=6, minutes=1)), ("-2 days", timedelta(days=-2)),
         ("90.500000 seconds", timedelta(seconds=90.5)), ("PT1H30M", timedelta(hours=1.5)),
         ("-P1DT12H", timedelta(days=-1.5)), ("p2w", timedelta(weeks=2)),
         ("PT0,5S", timedelta(0, 0.5)),
         ("PT-5M", timedelta(minutes=-5)), ("PT0S", timedelta(0)), *NO_VALUE_AT_ALL],
        [True, "x", "P", "PT", "P1", "P1H", "PT1H30", "6 parsecs", "NaN", [], {}, 90, "90",
         "1.5", 1e3],
    ),
    "array": (
        {"type": "array", "items": {"type": "number", "precision": 0}},
        [([], []), ([1, None, "2"], [1, None, 2]), ([1, "", False], [1, None, None]),
         *NO_VALUE_AT_ALL],
        [[1, "x"], [[1]], "1", 1, True, {}, "[1]"],
    ),
    "object": (
        {"type": "object", "properties": {"a": {"type": "number"}}},
        [({}, {"a": None}), ({"a": 1, "b": 2}, {"a": 1.0}),
         ([{"a": 1}], {"a": 1.0}), ([], None), *NO_VALUE_AT_ALL],
        [{"a": "x"}, [{"a": "x"}], "{}", 1, True],
    ),
    "open object": (
        {"type": "object", "includeUnknownProperties": True, "properties": {}},
        [({}, "{}"), ({"a": None, "b": [1]}, '{"a":null,"b":[1]}'),
         ([], "[]"), ([{"a": 1}, 2], '[{"a":1},2]'), *NO_VALUE_AT_ALL],
        ["{}", 1, True],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_what_fits_is_typed(kind: str, tmp_path: Path) -> None:
    """Values that can become the declared type do, exactly; none is NULL (contract S4, S4a)."""
    definition, good, _ = CASES[kind]
    rows = [{"id": str(i), "v": value} for i, (value, _) in enumerate([*good, (None, None)])]
    staged = stage_pages(tmp_path, a_schema(v=definition), a_page(*rows))
    assert [row[2] for row in staged.rejects] == []
    got = [row[1] for row in staged.upserts]
    assert got == [value for _, value in [*good, (None, None)]]
    assert [type(value) for value in got[:-1]] == [type(value) for _, value in good]


@pytest.mark.parametrize("kind", [kind for kind, (_, _, bad) in CASES.items() if bad])
def test_what_does_not_fit_is_rejected(kind: str, tmp_path: Path) -> None:
    """Values that cannot become it reject the row, naming the property (contract S4)."""
    definition, _, bad = CASES[kind]
    rows = [{"id": f"{i}", "v": value} for i, value in enumerate(bad)]
    staged = stage_pages(tmp_path, a_schema(v=definition), a_page(*rows))
    accepted = [(bad[int(row[0])], row[1]) for row in staged.upserts]
    assert accepted == []
    assert all(row[2].startswith("property 'v") for row in staged.rejects)
    assert {row[1] for row in staged.rejects} == {row["id"] for row in rows}


@pytest.mark.parametrize(
    ("definition", "value", "reason"),
    [
        ({"type": "number"}, "x", "property 'v': x is not a number that fits DOUBLE"),
        (
            {"type": "number", "hint": "currency"},
            " ",
            "property 'v':   is not a number (currency) that fits DECIMAL(38,9)",
        ),
        (
            {"type": "number", "hint": "scale"},
            1.5,
            "property 'v': 1.5 is not a whole number (scale) that fits INTEGER",
        ),
        (
            {"type": "string", "hint": "date"},
            "soon",
            "property 'v': soon is not a string (date) that fits DATE",
        ),
        ({"type": "array", "items": {"type": "string"}}, "a", "property 'v': a is not an array"),
        ({"type": "object", "properties": {}}, "a", "property 'v': a is not an object"),
    ],
)
def test_the_reason_shows_the_value_and_what_was_expected(
    definition: dict[str, Any], value: Any, reason: str, tmp_path: Path
) -> None:
    """A reason can be acted on: property, value, expected type (contract S4)."""
    staged = stage_pages(tmp_path, a_schema(v=definition), a_page({"id": "1", "v": value}))
    assert [row[2] for row in staged.rejects] == [reason]


def test_a_long_value_is_cut_in_the_reason_and_kept_in_the_row(tmp_path: Path) -> None:
    """The rejected row is kept whole; the reason stays readable (contract S4)."""
    page = a_page({"id": "1", "v": "x" * 5000})
    ((_, _, reason, line),) = stage_pages(tmp_path, a_schema(v="number"), page).rejects
    assert len(reason) < 300
    assert "x" * 5000 in line
