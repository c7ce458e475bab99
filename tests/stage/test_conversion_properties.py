"""Whatever JSON arrives: it lands or is rejected with a reason, never anything else (S4)."""

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.stage.row_conversion import RowConversion
from tests.commit.sync_bench import a_schema
from tests.stage.test_conversion_types import CASES

LINES = "(SELECT CAST(unnest(?) AS JSON) AS json)"
TRICKY = ["1_000", "0x1", "1e5", "NaN", "inf", "-Infinity", "epoch", "infinity", "today", "24:00",
          "2024-02-30", "2024-01-01T00:00:00+14:00", "10000-01-01", "-0001-01-01", "1 mon",
          "5 days ago", "\x00", "true", "TRUE", "null", "{}", "[]", "1/2", "٣", "1,5", "+1", "--1",
          "290309-12-22 (BC)", "99999999999999999999 days", "1e-400", ".", "-", "e5"]  # fmt: skip

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.text(alphabet="0123456789+-.:eTZ_ ", max_size=20)
    | st.sampled_from(TRICKY)
)
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("abc") | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, in UTC as the stage is."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def convert(
    connection: duckdb.DuckDBPyConnection, definition: dict[str, Any], values: list[Any], shown: str
) -> list[tuple[str | None, Any]]:
    """For each value the reason of its rejection, and `shown` of the typed value."""
    conversion = RowConversion(a_schema(v=definition))
    lines = to_lines([{"id": "1", "v": value} for value in values]).decode().split("\n")[:-1]
    return connection.execute(
        f"SELECT coalesce(problem, nulled), {shown.format('c1')} "
        f"FROM ({conversion.thorough(LINES)})",
        [lines],
    ).fetchall()


def is_absent(definition: dict[str, Any], value: Any) -> bool:
    """Whether a value says that there is none (contract S4a)."""
    kind, hint = definition["type"], definition.get("hint")
    if kind == "string" and hint is None:
        return False
    if isinstance(value, str) and value.startswith("0000-00-00"):
        return kind == "string" and hint in ("date", "time", "datetime")
    if kind == "object" and value == []:
        return bool(definition["properties"])
    absent = [""] if kind == "boolean" else ["", False, "false"]
    if kind not in ("number", "boolean"):
        absent += [0, "0", "-0", "0.0", "-0.0"]
    if isinstance(value, float) and not value:
        value = 0
    return any(type(value) is type(none) and value == none for none in absent)


@pytest.mark.parametrize("kind", CASES)
@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(values=st.lists(json_values, min_size=1, max_size=30))
def test_any_value_lands_or_is_rejected(
    kind: str, values: list[Any], connection: duckdb.DuckDBPyConnection
) -> None:
    """Never an exception, never silently NULL, and the reason names the property (S4)."""
    found = convert(connection, CASES[kind][0], values, "({} IS NULL)")
    for value, (reason, is_null) in zip(values, found, strict=True):
        if value is None:
            assert (reason, is_null) == (None, True)
        elif reason is None:
            assert is_null == is_absent(CASES[kind][0], value), f"{value!r} became NULL"
        else:
            assert reason.startswith("property 'v")


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    values=st.lists(st.integers() | st.floats(allow_nan=False, allow_infinity=False), min_size=1)
)
def test_numbers_keep_their_value(
    values: list[int | float], connection: duckdb.DuckDBPyConnection
) -> None:
    """A number that lands is the number that came; a whole one is whole (contract S4)."""
    found = convert(connection, {"type": "number"}, values, "{}")
    for value, (reason, typed) in zip(values, found, strict=True):
        assert reason is None
        assert typed == float(value)
    found = convert(connection, {"type": "number", "precision": 0}, values, "{}")
    for value, (reason, typed) in zip(values, found, strict=True):
        fits = math.floor(value) == value and -(2**63) <= value < 2**63
        assert (reason is None) == fits, value
        if isinstance(value, int) or not fits:
            assert typed == (value if fits else None)
        else:  # by its text, in which 3.9e16 has zeros where the float has other digits
            assert float(typed) == value


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(values=st.lists(st.text(), min_size=1, max_size=30))
def test_texts_keep_every_character(
    values: list[str], connection: duckdb.DuckDBPyConnection
) -> None:
    """A string arrives as it was sent (contract S4)."""
    found = convert(connection, {"type": "string"}, values, "{}")
    assert found == [(None, value) for value in values]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(values=st.lists(st.lists(scalars, max_size=5), min_size=1, max_size=20))
def test_arrays_keep_their_length(
    values: list[list[Any]], connection: duckdb.DuckDBPyConnection
) -> None:
    """An element that cannot be typed rejects the row; none is dropped (contract S4)."""
    definition: dict[str, Any] = {"type": "array", "items": {"type": "number"}}
    found = convert(connection, definition, values, "{}")
    for value, (reason, typed) in zip(values, found, strict=True):
        if reason is None:
            gone = [item is None or is_absent(definition["items"], item) for item in value]
            assert [item is None for item in typed] == gone
        else:
            assert reason.startswith("property 'v[]': ")
