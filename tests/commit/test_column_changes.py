"""The table follows the pack's schema, inside the sync's transaction (contract D5)."""

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sync.ledger.sync_key import SyncKey
from tests.commit.sync_bench import SyncBench, a_page, a_schema, counts_of
from tests.warehouses import KIND

STRUCT_A: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "number"}}}
STRUCT_B: dict[str, Any] = {"type": "object", "properties": {"b": {"type": "string"}}}
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "BOOLEAN": ({"type": "boolean"}, True),
    "DOUBLE": ({"type": "number"}, 1e300),
    "BIGINT": ({"type": "number", "precision": 0}, 2**62),
    "DECIMAL": ({"type": "number", "hint": "currency"}, 1.5),
    "DATE": ({"type": "number", "hint": "date"}, 1e9),
    "TIMESTAMPTZ": ({"type": "number", "hint": "datetime"}, 1e9),
    "INTERVAL": ({"type": "number", "hint": "duration"}, 3),
    "VARCHAR": ({"type": "string"}, "x"),
    "VARCHAR[]": ({"type": "array", "items": {"type": "string"}}, ["x"]),
    "STRUCT(a)": (STRUCT_A, {"a": 1}),
    "STRUCT(b)": (STRUCT_B, {"b": "x"}),
    "STRUCT(b)[]": ({"type": "array", "items": STRUCT_B}, [{"b": "x"}]),
    "STRUCT(c STRUCT(a))": ({"type": "object", "properties": {"c": STRUCT_A}}, {"c": {"a": 1}}),
    "STRUCT(c STRUCT(b))": ({"type": "object", "properties": {"c": STRUCT_B}}, {"c": {"b": "x"}}),
    "JSON": ({"type": "object", "properties": {}}, {"z": [1]}),
}


def columns(bench: SyncBench) -> list[str]:
    """The table's own columns with their types."""
    return [
        f"{name} {sql_type}"
        for name, sql_type in bench.query(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'Tasks' "
            "AND column_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY column_index"
        )
    ]


def test_added_and_dropped_columns(tmp_path: Path) -> None:
    """New properties are columns of NULLs until a row has them; old ones go (D5)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(a="string", b="number"))
    assert bench.full(a_page({"id": "1", "a": "x", "b": 1}, {"id": "2"})).schema_changes == []
    applied = bench.incremental(
        a_page({"id": "2", "b": 2, "c": True}), schema=a_schema(b="number", c="boolean")
    )
    assert applied.schema_changes == ["added c BOOLEAN", "dropped a"]
    assert bench.rows() == [{"id": "1", "b": 1.0, "c": None}, {"id": "2", "b": 2.0, "c": True}]


def test_a_change_of_case_renames_the_column(tmp_path: Path) -> None:
    """DuckDB compares names without case: the values stay (contract S3)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(name="string"))
    bench.full(a_page({"id": "1", "name": "x"}))
    applied = bench.incremental(a_page(), schema=a_schema(Name="string"))
    assert applied.schema_changes == ["renamed name to Name"]
    assert bench.rows() == [{"id": "1", "Name": "x"}]


def test_a_change_of_case_and_of_type_at_once(tmp_path: Path) -> None:
    """Both happen, and what can be cast stays (contract S3, D5)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(size="string"))
    bench.full(a_page({"id": "1", "size": "1.5"}, {"id": "2", "size": "x"}))
    applied = bench.incremental(a_page(), schema=a_schema(Size="number"))
    assert applied.schema_changes == [
        "renamed size to Size",
        "changed Size from VARCHAR to DOUBLE",
    ]
    assert bench.rows() == [{"id": "1", "Size": 1.5}, {"id": "2", "Size": None}]


@pytest.mark.parametrize("before", KINDS)
def test_every_type_can_become_every_other(before: str, tmp_path: Path) -> None:
    """Also where there is no cast, and with rows in the table: it must not fail (D5)."""
    old, old_value = KINDS[before]
    names = {f"c{i}": kind for i, kind in enumerate(KINDS) if kind != before}
    bench = SyncBench(folder=tmp_path, schema=a_schema(**dict.fromkeys(names, old)))
    bench.full(a_page({"id": "1", **dict.fromkeys(names, old_value)}))
    schema = a_schema(**{name: KINDS[kind][0] for name, kind in names.items()})
    page = a_page({"id": "2", **{name: KINDS[kind][1] for name, kind in names.items()}})
    applied = bench.incremental(page, schema=schema)
    kept = ("DOUBLE", "DECIMAL")  # they hold all that BIGINT does (contract S7)
    changed = [kind for kind in names.values() if before not in kept or kind != "BIGINT"]
    if KIND.endswith("lake"):  # which keeps durations as text
        changed = [kind for kind in changed if {kind, before} != {"INTERVAL", "VARCHAR"}]
    assert len(applied.schema_changes) == len(changed)
    assert [row["id"] for row in bench.rows()] == ["1", "2"]
    assert None not in bench.rows()[1].values()
    again = bench.incremental(page, schema=schema)
    assert (again.schema_changes, counts_of(again)) == ([], {"unchanged": 1})


def test_a_struct_that_gained_a_field_keeps_the_others(tmp_path: Path) -> None:
    """Fields are matched by name (contract D5)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(o=STRUCT_A))
    bench.full(a_page({"id": "1", "o": {"a": 1}}))
    both: dict[str, Any] = {
        "type": "object",
        "properties": {**STRUCT_B["properties"], **STRUCT_A["properties"]},
    }
    bench.incremental(a_page(), schema=a_schema(o=both))
    assert bench.rows() == [{"id": "1", "o": {"b": None, "a": 1.0}}]


@pytest.mark.parametrize(
    "definition",
    [
        STRUCT_A,
        {"type": "array", "items": STRUCT_A},
        {"type": "object", "properties": {"A b": {"type": "string"}, "select": STRUCT_A}},
    ],
)
def test_the_same_schema_changes_nothing(definition: dict[str, Any], tmp_path: Path) -> None:
    """A struct is recognised however DuckDB's catalogue spells its type."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(o=definition))
    bench.full(a_page({"id": "1"}))
    assert bench.full(a_page({"id": "1"})).schema_changes == []


def test_another_id_property_leaves_no_row_behind(tmp_path: Path) -> None:
    """After the full sync that follows, the table is the complete set (contract C10, D5)."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "1"}, {"id": "2"}))
    schema = make_object_schema(
        id_property="key", display_property="key", properties={"key": {"type": "string"}}
    )
    applied = bench.full(a_page({"key": "1"}, {"key": "2"}), schema=schema)
    assert counts_of(applied) == {"inserted": 2, "deleted": 2}
    assert bench.rows(order="key") == [{"key": "1"}, {"key": "2"}]


def test_another_type_of_the_id_leaves_no_row_behind(tmp_path: Path) -> None:
    """Old ids that are no value of the new type do not stay as NULL (contract C10, D5)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema())
    bench.full(a_page({"id": "old"}, {"id": "7"}))
    number: Any = {"id": {"type": "number", "precision": 0}}
    schema = make_object_schema(id_property="id", display_property="id", properties=number)
    assert counts_of(bench.full(a_page({"id": 7}), schema=schema)) == {"unchanged": 1, "deleted": 1}
    assert bench.rows() == [{"id": 7}]


def test_a_table_renamed_by_case_is_the_same_table(tmp_path: Path) -> None:
    """DuckDB compares names without case: "tasks" finds the table "Tasks" (S3)."""
    bench = SyncBench(folder=tmp_path)
    bench.full(a_page({"id": "1"}))
    bench.full(a_page({"id": "2"}), key=SyncKey(pack="Acme", table="tasks"))
    assert [row["id"] for row in bench.rows()] == ["2"]


def test_a_failure_afterwards_takes_the_change_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns are altered in the transaction: they come back with the rows (design 1)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(name="string", size="string", gone="number"))
    bench.full(a_page({"id": "1", "name": "x", "size": "1", "gone": 5}))
    before, described = bench.snapshot(), columns(bench)

    def fail(*_args: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("pack_sync.commit.commit.record_run", fail)
    with pytest.raises(OSError, match="the disk is full"):
        bench.full(a_page({"id": "2"}), schema=a_schema(Name="string", size="number", new=STRUCT_A))
    assert columns(bench) == described
    assert bench.snapshot() == before


def test_all_kinds_are_different_types() -> None:
    """The kinds of this file are what they say: every pair is a change of type."""
    types = [definition for definition, _ in KINDS.values()]
    assert all(one != other for one, other in itertools.combinations(types, 2))


WHOLE: dict[str, Any] = {"type": "number", "precision": 0}


@pytest.mark.parametrize(
    ("values", "sql_type"),
    [
        ([1, 2], "BIGINT"),
        ([1, 1.5, 2], "DOUBLE"),
        ([2**53 + 1, 1.5], "DECIMAL(38,9)"),
        ([1.5, 2**53 + 1], "DECIMAL(38,9)"),
    ],
)
def test_a_column_of_whole_numbers_widens(values: list[Any], sql_type: str, tmp_path: Path) -> None:
    """Precision is a matter of display; no value is rounded, in whatever order they come (S7)."""
    bench = SyncBench(
        folder=tmp_path, schema=a_schema(v=WHOLE, l={"type": "array", "items": WHOLE})
    )
    for id_, value in enumerate(values):
        bench.incremental(a_page({"id": str(id_), "v": value, "l": [value, 1]}))
    assert columns(bench) == ["id VARCHAR", f"v {sql_type}", f"l {sql_type}[]"]
    found = [(row["v"], row["l"]) for row in bench.rows()]
    assert found == [(value, [value, 1]) for value in values]
    again = bench.incremental(a_page({"id": "0", "v": values[0], "l": [values[0], 1]}))
    assert counts_of(again) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("values", "sql_type", "rejected"),
    [
        ([1, 2**53 + 1, 1.5], "DECIMAL(38,9)", 0),
        ([1.5, 2**53 + 1, -0.1, 123456.789], "DECIMAL(38,9)", 0),
        ([2**60 + 1, 2**53], "BIGINT", 0),
        ([2**70, 1], "DOUBLE", 0),
        ([1, 2**53 + 1, 1e-12], "DOUBLE", 1),
        ([1, 2**53 + 1, 1e30], "DOUBLE", 1),
    ],
)
def test_one_sync_widens_a_column_like_several(
    values: list[Any], sql_type: str, rejected: int, tmp_path: Path
) -> None:
    """What a column can hold is not rejected, whichever sync brings it; no number is lost (S7)."""
    rows: list[dict[str, Any]] = [
        {"id": str(id_), "v": value, "l": [value, 1], "o": {"v": value}}
        for id_, value in enumerate(values)
    ]
    struct = {"type": "object", "properties": {"v": WHOLE}}
    schema = a_schema(v=WHOLE, l={"type": "array", "items": WHOLE}, o=struct)
    bench = SyncBench(folder=tmp_path, schema=schema)
    result = bench.full(a_page(*rows))
    assert result.record.rejected == rejected
    assert columns(bench) == [
        "id VARCHAR", f"v {sql_type}", f"l {sql_type}[]", f"o STRUCT(v {sql_type})"
    ]  # fmt: skip
    kept = [row for row in rows if not rejected or row["v"] != 2**53 + 1]
    found = [{name: row[name] for name in ("id", "v", "l", "o")} for row in bench.rows()]
    assert [float(row["v"]) for row in found] == [float(row["v"]) for row in kept]
    if sql_type != "DOUBLE":
        assert [Decimal(str(row["v"])) for row in kept] == [row["v"] for row in found]
    again = bench.full(a_page(*rows)).record
    assert (again.unchanged, again.rejected) == (len(kept), rejected)


@pytest.mark.parametrize(
    ("texts", "sql_type", "numbers"),
    [
        (["1", "2"], "BIGINT", [1, 2]),
        (["1", "1.5", "none"], "DOUBLE", [1, 1.5, None]),
        (["9007199254740993", "1.5"], "DECIMAL(38,9)", [2**53 + 1, 1.5]),
    ],
)
def test_texts_that_become_whole_numbers_are_not_rounded(
    texts: list[str], sql_type: str, numbers: list[Any], tmp_path: Path
) -> None:
    """A row that the full sync does not bring keeps what it had, as far as it is a number (S7)."""
    bench = SyncBench(folder=tmp_path, schema=a_schema(v="string"))
    bench.full(*[a_page({"id": str(id_), "v": text}) for id_, text in enumerate(texts)])
    bench.incremental(a_page({"id": "z", "v": 7}), schema=a_schema(v=WHOLE))
    assert columns(bench) == ["id VARCHAR", f"v {sql_type}"]
    assert [row["v"] for row in bench.rows()] == [*numbers, 7]
