"""The quick way of typing rows has the values of the thorough one, and suspects what that rejects.

What is checked here is only that both agree; `test_conversion_…` say what is right.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pack_sdk.schemas import Schema
from pack_sync.runtimes.python.row_lines import to_lines
from pack_sync.spool.page import Page
from pack_sync.spool.spool import Spool
from pack_sync.stage.column_types import stored_schema
from pack_sync.stage.row_conversion import RowConversion
from pack_sync.stage.split_rows import SplitRows, can_split
from pack_sync.stage.stage import Stage
from pack_sync.stage.staged_pages import StagePart
from tests.commit.sync_bench import a_page, a_schema, stage_pages
from tests.stage.test_conversion_properties import json_values
from tests.stage.test_conversion_types import CASES

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
WHOLE = {**NUMBER, "precision": 0}
NUMBERS = ["0", "-0", "1.0", "1.10", "3.9e16", "1e-7", "1.5E+22", "1e400", "-1e400", "1e17",
           "12345678901234567890", "123456789012345678901234567890", "0.1", "2.50", "1e28",
           "9007199254740993", "18446744073709551616", "1.7976931348623157e309"]  # fmt: skip
"""Numbers as a service may write them; DuckDB has more than one way to write them again."""

NESTED: dict[str, dict[str, Any]] = {
    "deep object": {
        "type": "object",
        "properties": {
            "a": WHOLE,
            "b": {"type": "object", "properties": {"a": WHOLE, "c": {**TEXT, "required": True}}},
            "c": {"type": "array", "items": {"type": "object", "properties": {"a": WHOLE}}},
        },
    },
    "required inside": {"type": "object", "properties": {"a": {**WHOLE, "required": True}}},
    "arrays in arrays": {"type": "array", "items": {"type": "array", "items": WHOLE}},
    "required items": {"type": "array", "items": {**TEXT, "required": True}},
    "texts": {"type": "array", "items": TEXT},
    "objects": {
        "type": "array",
        "items": {"type": "object", "properties": {"a": WHOLE, "b": TEXT}},
    },
    "lists in objects in lists": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "a": {**WHOLE, "required": True},
                "at": {**TEXT, "hint": "datetime"},
                "o": {"type": "object", "properties": {"a": NUMBER, "b": {"type": "boolean"}}},
                "l": {"type": "array", "items": {"type": "object", "properties": {"a": TEXT}}},
                "m": {"type": "array", "items": {"type": "array", "items": NUMBER}},
                "n": {"type": "array", "items": {**TEXT, "required": True}},
                "j": {"type": "object", "properties": {}},
            },
        },
    },
    "lists in an object": {
        "type": "object",
        "properties": {
            "l": {"type": "array", "items": {"type": "object", "properties": {"a": WHOLE}}},
            "r": {
                "type": "array",
                "items": {"type": "object", "properties": {"a": TEXT}, "required": True},
                "required": True,
            },
        },
    },
    "fields that differ in case": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"a": {**WHOLE, "fromKey": "x"}, "b": {**WHOLE, "fromKey": "X"}},
        },
    },
    "required": {**TEXT, "required": True},
    "required object": {"type": "object", "properties": {"a": TEXT}, "required": True},
}
SCHEMAS = {kind: a_schema(v=case[0]) for kind, case in CASES.items()} | {
    kind: a_schema(v=definition) for kind, definition in NESTED.items()
}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in memory, in UTC as the stage is."""
    with duckdb.connect() as opened:
        opened.execute("SET TimeZone = 'UTC'")
        yield opened


def check(connection: duckdb.DuckDBPyConnection, schema: Schema, file: Path, rows: bytes) -> None:
    """Type the rows each way: all problems are suspected, and what is not has the same values."""
    file.write_bytes(rows)
    conversion = RowConversion(schema)
    columns = ", ".join(f"CAST(c{i} AS VARCHAR)" for i in range(len(conversion.columns)))
    lines = f"read_ndjson_objects('{file}')"
    split = SplitRows(stored_schema(schema)).select(f"['{file}']", "maximum_object_size = 1000000")
    judged = connection.execute(
        f"SELECT {columns}, problem IS NOT NULL OR nulled IS NOT NULL "
        f"FROM ({conversion.thorough(lines)})"
    ).fetchall()
    for quick in (split, conversion.quick(lines)):
        typed = connection.execute(f"SELECT {columns}, suspected FROM ({quick})").fetchall()
        for found, right, line in zip(typed, judged, rows.splitlines(), strict=True):
            assert found[-1] or found == right, line


def pages_of(values: Sequence[Any]) -> bytes:
    """Rows with these values, and two without one."""
    rows: list[Any] = [{"id": str(n), "v": value} for n, value in enumerate(values)]
    return to_lines([*rows, {"id": "missing"}, {"v": 1}])


@pytest.mark.parametrize("kind", SCHEMAS)
def test_hostile_values_are_typed_alike(
    kind: str, connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Every value that any type is tested with, and numbers in every notation (S4)."""
    values: list[Any] = [None]
    for _, good, bad in CASES.values():
        values += [value for value, _ in good] + bad
    values += [[None], [1, None, "x"], [["x"], 1], [{"a": 1}, None], {"a": None}, {"b": {"a": "x"}}]
    values += [{"a": 1, "b": {"c": "x"}, "c": [{"a": 1.5}]}, {"b": {}}, {"b": 1}, [{"b": 1}], "e5"]
    raw = "".join(
        f'{{"id":{n},"v":{n}}}\n{{"id":"{n}","v":[{n}]}}\n{{"id":"{n}o","v":{{"a":{n}}}}}\n'
        f'{{"id":"{n}l","v":[{{"a":{n},"b":{n}}}]}}\n{{"id":"","v":[[{n}]]}}\n'
        for n in NUMBERS
    )
    rows = pages_of(values) + raw.encode() + to_lines([{"id": value} for value in values])
    check(connection, SCHEMAS[kind], tmp_path / "rows.ndjson", rows)


@pytest.mark.parametrize("kind", SCHEMAS)
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(values=st.lists(json_values, min_size=5, max_size=60))
def test_any_values_are_typed_alike(
    kind: str,
    values: list[Any],
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever JSON arrives (contract S4)."""
    file = tmp_path_factory.getbasetemp() / "any.ndjson"
    check(connection, SCHEMAS[kind], file, pages_of(values))


def values_of(definition: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly what the schema says, but for a field or an item here and there."""
    good: st.SearchStrategy[Any]
    if definition["type"] == "array":
        good = st.lists(values_of(definition["items"]), max_size=3)
    elif definition["type"] == "object":
        fields = {
            prop.get("fromKey", name): values_of(prop)
            for name, prop in definition["properties"].items()
        }
        good = st.fixed_dictionaries({}, optional=fields)
    elif definition["type"] == "string":
        good = st.sampled_from(
            ["", "x", "2024-01-31", "null", '"', "\\", "é\n", "1e-7", 1e-7, 3.9e16]
        )
    else:
        good = st.sampled_from([0, 1, -7, 2.0, 1e3, 1e-7, 3.9e16, 2**63, True, "12"])
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, {}, [], 5, "x", 1.5, [None], [{}], {"a": {}}]
    )
    return st.integers(0, 19).flatmap(lambda number: good if number else odd)


@pytest.mark.parametrize("kind", NESTED)
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_values_of_the_schemas_structure_are_typed_alike(
    kind: str,
    data: st.DataObject,
    connection: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """However deep what is odd, missing or null is (contract S4)."""
    values = data.draw(st.lists(values_of(NESTED[kind]), min_size=30, max_size=90))
    file = tmp_path_factory.getbasetemp() / "structured.ndjson"
    check(connection, SCHEMAS[kind], file, pages_of(values))


def test_one_odd_value_in_the_depth_of_a_row_is_suspected(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Where all else is there and good, so that nothing else gives rise to doubt (S4)."""
    good: dict[str, Any] = {"a": 1, "at": "2024-01-31", "o": {"a": 1, "b": True}}
    good |= {"l": [{"a": "x"}], "m": [[1]], "n": ["x"], "j": {"z": 1}}
    odd: list[Any] = [None, {}, [], 5, 1.5, "x", [None], [[None]], [["x"]], [{}], [5]]
    odd += [{"a": "x"}, {"b": 2}]
    values = [[good, {**good, field: value}] for field in good for value in odd]
    schema = SCHEMAS["lists in objects in lists"]
    check(connection, schema, tmp_path / "rows.ndjson", pages_of([[good], *values]))


@pytest.mark.parametrize("hint", [{}, {"precision": 0}, {"hint": "date"}])
def test_ids_of_other_types_are_typed_alike(
    hint: dict[str, Any], connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """Numbers as ids (contract S6)."""
    schema = a_schema(v=TEXT, id={"type": "number", **hint})
    values: list[Any] = [1, "1", 1.5, True, "true", "", None, [], {}, "x" * 2000, "1" * 1025, 0]
    rows = to_lines([{"id": value, "v": 1} for value in values])
    check(connection, schema, tmp_path / "rows.ndjson", rows)


def test_one_field_may_fill_two_properties(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    """As text and as a number (contract S2)."""
    schema = a_schema(text={**TEXT, "fromKey": "v"}, number={**WHOLE, "fromKey": "v"})
    rows = "".join(f'{{"id":"1","v":{n}}}\n' for n in [*NUMBERS, '"x"', '"7"', "null", "[]"])
    check(connection, schema, tmp_path / "rows.ndjson", rows.encode())


def test_fields_that_differ_in_case_are_told_apart(tmp_path: Path) -> None:
    """DuckDB's reader could not (contract S2)."""
    schema = a_schema(lower={**TEXT, "fromKey": "v"}, upper={**TEXT, "fromKey": "V"})
    assert not can_split(schema)
    staged = stage_pages(tmp_path, schema, a_page({"id": "1", "v": "a", "V": "b"}))
    assert staged.upserts == [("1", "a", "b")]


@pytest.mark.parametrize("odd", ['{"id":"odd","v":1,"v":2}', "5", "[]", '"text"'])
@pytest.mark.parametrize("early", [True, False])
def test_rows_that_the_reader_refuses_are_read_the_other_way(
    odd: str, early: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are all there, once and in order, whatever was typed before (S4, D1)."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 1)
    spool = Spool.begin(tmp_path / "spool")
    with Stage(tmp_path / "stage.duckdb", a_schema(v=WHOLE)) as stage:
        for n in range(6):
            spool.append(a_page({"id": str(n), "v": n}, {"id": f"bad {n}", "v": "x"}))
            if early:
                stage.load_early(spool, "default")
        spool.append(Page(rows=f"{odd}\n".encode(), row_count=1))
        spool.append(a_page({"id": "last", "v": 9}))
        if early:
            stage.load_early(spool, "default")
        spool.close()
        counts = stage.load(spool, [StagePart(sync="default", complete=True)])
    with duckdb.connect(tmp_path / "stage.duckdb", read_only=True) as connection:
        found = connection.execute("SELECT c0, c1 FROM upserts ORDER BY stage_row").fetchall()
        rejects = connection.execute("SELECT page, id FROM rejects ORDER BY page").fetchall()
    the_odd_one = [("odd", 1)] if "odd" in odd else []
    assert found == [*((str(n), n) for n in range(6)), *the_odd_one, ("last", 9)]
    rejected = [(n + 1, f"bad {n}") for n in range(6)] + ([] if the_odd_one else [(7, None)])
    assert (rejects, counts.rejected) == (rejected, len(rejected))


def test_each_rejected_row_is_kept_with_its_own_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few among many, over many files: its reason and its line are those of its id (S4)."""
    monkeypatch.setattr("pack_sync.spool.spool.ROWS_FILE_BYTES", 500_000)
    count, every = 200_000, 777
    pages = [
        a_page(*({"id": str(n), "v": f"no {n}" if n % every == 5 else n} for n in numbers))
        for numbers in (range(start, start + 2_500) for start in range(0, count, 2_500))
    ]
    staged = stage_pages(tmp_path, a_schema(v=WHOLE), *pages)
    bad = range(5, count, every)
    assert len(staged.upserts) == count - len(bad)
    expected = {
        (
            n // 2_500 + 1,
            str(n),
            f"property 'v': no {n} is not a whole number that fits BIGINT",
            f'{{"id":"{n}","v":"no {n}"}}',
        )
        for n in bad
    }
    assert set(staged.rejects) == expected


def test_a_row_that_was_suspected_for_nothing_counts(tmp_path: Path) -> None:
    """And has neither a reason nor a line (contract S4)."""
    schema = a_schema(v={"type": "array", "items": {**TEXT, "required": False}})
    row_id = '"' * 600  # as JSON it is longer than an id may be
    staged = stage_pages(tmp_path, schema, a_page({"id": row_id, "v": ["x", None]}))
    assert staged.upserts == [(row_id, ["x", None])]
    assert staged.counts.rejected == 0
