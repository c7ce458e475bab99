"""Each type takes what fits and rejects what does not (contract S4, the table of types)."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.commit.sync_bench import a_page, a_schema, stage_pages

WHOLE = [(0, 0), (-7, -7), (2.0, 2), (1e3, 1000), ("12", 12), (" 12 ", 12), ("-1e2", -100)]
NO_NUMBER: list[Any] = [True, False, "", " ", "x", "true", "NaN", "Infinity", "-inf", "1_000",
             "0x10", "1d", "1e400", "2024-01-01", [], [1], {}, {"a": 1}]  # fmt: skip
TOO_LARGE = [1.2345678901234568e29, -1.2345678901234568e29, "1.2345678901234568e+29", 1.7e38, 1e300]
NOT_WHOLE = [*NO_NUMBER, *TOO_LARGE, 1.5, -0.5, "1.5", 1e-10, 1.0000000001, "9007199254740993.5"]
NO_TEXT_TIME: list[Any] = [0, 1, 1.5, True, "", "x", "infinity", "-infinity", "epoch", " Epoch ",
                "now", "today", "2024-02-30", [], {}]  # fmt: skip
NO_DATE: list[Any] = [*NO_TEXT_TIME, "12:00", "2024"]


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


CASES: dict[str, tuple[dict[str, Any], list[tuple[Any, Any]], list[Any]]] = {
    "boolean": (
        {"type": "boolean", "hint": "toggle"},
        [(True, True), (False, False), (1, True), (0, False), ("true", True), ("false", False)],
        ["", "yes", "True", 2, -1, 0.5, "x", [], [True], {}],
    ),
    "number": (
        {"type": "number"},
        [(1.5, 1.5), (-1, -1.0), (1e300, 1e300), (2**63, float(2**63)), ("1.5", 1.5), ("1e5", 1e5),
         (2**53, 2.0**53), (-(2**70), -(2.0**70)), (147573952589676410000, 2.0**67)],
        [*NO_NUMBER, 2**53 + 1, -(2**53) - 1, 2**63 + 1, 10**30 + 1, "9007199254740993"],
    ),
    "percent": ({"type": "number", "hint": "percent"}, [(0.25, 0.25)], NO_NUMBER),
    "whole number": (
        {"type": "number", "precision": 0},
        [*WHOLE, (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (1e18, 10**18)],
        [*NO_NUMBER, -(2**63) - 1],
    ),
    "whole number, but not all": (
        {"type": "number", "precision": 0},
        [(1, 1.0), (1.5, 1.5), (1e-10, 1e-10), (2**63, 2.0**63), (1e300, 1e300)],
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
        ],
        [*NO_NUMBER, *TOO_LARGE, 1e29, 1e30, "1" * 30],
    ),
    "number date": (
        {"type": "number", "hint": "date"},
        [(0, date(1970, 1, 1)), (-1, date(1969, 12, 31)), (16725225600, date(2500, 1, 1))],
        [*NO_NUMBER, 1e18, -1e18],
    ),
    "number time": (
        {"type": "number", "hint": "time"},
        [(0, time(0)), (3661.5, time(1, 1, 1, 500_000)), (-1, time(23, 59, 59)), (90000, time(1))],
        [*NO_NUMBER, 1e18],
    ),
    "number datetime": (
        {"type": "number", "hint": "datetime"},
        [
            (0, moment(1970, 1, 1)),
            (-86400.5, moment(1969, 12, 30, 23, 59, 59, 500_000)),
            (16725225600, moment(2500, 1, 1)),
            ("86400", moment(1970, 1, 2)),
        ],
        [*NO_NUMBER, 1e18, 9223372036854775807],
    ),
    "number duration": (
        {"type": "number", "hint": "duration"},
        [(1, timedelta(days=1)), (-0.5, timedelta(hours=-12)), (1.25, timedelta(days=1, hours=6))],
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
         ("1900-01-01", date(1900, 1, 1)), ("2024-01-02T03:04:05", date(2024, 1, 2))],
        NO_DATE,
    ),
    "string time": (
        {"type": "string", "hint": "time"},
        [("10:00", time(10)), ("23:59:59.5", time(23, 59, 59, 500_000))],
        [*NO_TEXT_TIME, "25:00:00", "10", "2024-01-31", "2024"],
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
        ],
        [*NO_DATE, "2024-01-02T25:00:00Z"],
    ),
    "string duration": (
        {"type": "string", "hint": "duration"},
        [("6 hrs 1 min", timedelta(hours=6, minutes=1)), ("-2 days", timedelta(days=-2)),
         ("90.500000 seconds", timedelta(seconds=90.5))],
        [True, "", "x", "6 parsecs", "NaN", [], {}, 90, "90", "1.5", "0", 1e3],
    ),
    "array": (
        {"type": "array", "items": {"type": "number", "precision": 0}},
        [([], []), ([1, None, "2"], [1, None, 2])],
        [[1, "x"], [[1]], "1", 1, True, {}, "[]", ""],
    ),
    "object": (
        {"type": "object", "properties": {"a": {"type": "number"}}},
        [({}, {"a": None}), ({"a": 1, "b": 2}, {"a": 1.0})],
        [{"a": "x"}, [], "{}", "", 1, True],
    ),
    "open object": (
        {"type": "object", "includeUnknownProperties": True, "properties": {}},
        [({}, "{}"), ({"a": None, "b": [1]}, '{"a":null,"b":[1]}')],
        [[], "{}", "", 1, True],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_what_fits_is_typed(kind: str, tmp_path: Path) -> None:
    """Values that can become the declared type do, exactly; None is NULL (contract S4)."""
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
        ({"type": "number"}, "", "property 'v': the empty string is not a number that fits DOUBLE"),
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
        ({"type": "object", "properties": {}}, [1], "property 'v': [1] is not an object"),
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
