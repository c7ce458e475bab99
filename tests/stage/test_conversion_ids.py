"""Ids: what is one, and how it is compared (contract S4, S6)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema, make_schema
from tests.commit.sync_bench import SyncBench, a_page, a_schema, stage_pages

NUMBERED = make_object_schema(
    id_property="id", display_property="id", properties={"id": {"type": "number"}}
)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("a", "a"),
        ("{8e1b-abc}", "{8e1b-abc}"),
        ("[x]", "[x]"),
        ("true", "true"),
        ("false", "false"),
        ("null", "null"),
        ("tab", "tab"),
        (" ", " "),
        ("\x00", "\x00"),
        ("é😀", "é😀"),
        ("'; drop table x; --", "'; drop table x; --"),
        ("x" * 1024, "x" * 1024),
        ("😀" * 1024, "😀" * 1024),
        (0, "0"),
        (-1, "-1"),
        (1.5, "1.5"),
        (2**53 + 1, "9007199254740993"),
        (2**64 - 1, "18446744073709551615"),
        (2**70, "1180591620717411303424"),
    ],
)
def test_what_is_an_id(given: Any, stored: str, tmp_path: Path) -> None:
    """Strings of up to 1,024 characters; numbers as their JSON text, exactly (contract S6)."""
    assert stage_pages(tmp_path, a_schema(), a_page({"id": given})).upserts == [(stored,)]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, "the row has no id"),
        ({"id": None}, "the row has no id"),
        ({"id": ""}, "the id is empty"),
        ({"id": "x" * 1025}, "the id is longer than 1,024 characters"),
        ({"id": True}, "the id is neither a string nor a number"),
        ({"id": False}, "the id is neither a string nor a number"),
        ({"id": {"a": 1}}, "the id is neither a string nor a number"),
        ({"id": {}}, "the id is neither a string nor a number"),
        ({"id": ["a"]}, "the id is neither a string nor a number"),
    ],
)
def test_what_is_none(row: Any, reason: str, tmp_path: Path) -> None:
    """A row without an id that counts is rejected, and says why (contract S4, S6)."""
    staged = stage_pages(tmp_path, a_schema(), a_page(row))
    assert staged.upserts == []
    assert [found[2] for found in staged.rejects] == [f"property 'id': {reason}"]


@pytest.mark.parametrize("bad", ["x", True, "1.0000000000001", ""])
def test_an_id_must_be_of_its_type_as_well(bad: Any, tmp_path: Path) -> None:
    """The id is a property like any other: it must become its type (contract S4)."""
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        properties={"id": {"type": "number", "precision": 0}},
    )
    staged = stage_pages(tmp_path, schema, a_page({"id": bad}, {"id": "7"}, {"id": 8}))
    assert staged.upserts == [(7,), (8,)]
    assert len(staged.rejects) == 1


def test_a_number_and_its_text_are_the_same_id(tmp_path: Path) -> None:
    """Numbers are compared as their JSON text: 7 and "7" are one row (contract S5, S6)."""
    page = a_page({"id": 7, "v": "first"}, {"id": "7", "v": "last"})
    staged = stage_pages(tmp_path, a_schema(v="string"), page)
    assert staged.upserts == [("7", "last")]
    assert staged.counts.duplicates == 1


BIG = 2**53


@pytest.mark.parametrize(
    "ids", [[BIG, BIG + 1], [-BIG, -BIG - 1], [2**63, 2**63 + 1], [2**64, 2**64 + 1], [8.5, 9]]
)
@pytest.mark.parametrize("precision", [{}, {"precision": 0}])
def test_ids_that_are_numbers_compare_exactly(
    ids: list[Any], precision: Any, tmp_path: Path
) -> None:
    """Whatever their size, in an increment and where one is deleted (contract S6)."""
    schema = make_object_schema(
        id_property="id",
        display_property="id",
        properties={"id": make_schema(type="number", **precision), "v": {"type": "string"}},
    )
    bench = SyncBench(folder=tmp_path, schema=schema)
    bench.full(a_page({"id": 7, "v": "a"}))
    bench.incremental(a_page(*({"id": id_, "v": "b"} for id_ in ids)))
    bench.incremental(a_page({"id": ids[1], "v": "c"}))
    assert bench.query("SELECT id, v FROM acme.Tasks ORDER BY abs(id)") == [
        (7, "a"), (ids[0], "b"), (ids[1], "c")
    ]  # fmt: skip
    assert bench.incremental(a_page(deleted=[ids[1]])).record.deleted == 1
    assert bench.full(a_page({"id": 7, "v": "a"}, {"id": ids[0], "v": "b"})).record.unchanged == 2


def test_a_table_whose_ids_were_doubles_goes_on(tmp_path: Path) -> None:
    """The column becomes a BIGINT, or a DECIMAL where an id has a fraction (contract S6)."""
    for odd, sql_type in ((2.0, "BIGINT"), (1.5, "DECIMAL(38,9)")):
        bench = SyncBench(folder=tmp_path / sql_type, schema=NUMBERED)
        bench.folder.mkdir()
        bench.full(a_page({"id": 1}, {"id": odd}))
        with bench.warehouse.write() as connection:
            connection.execute("ALTER TABLE acme.Tasks ALTER COLUMN id SET DATA TYPE DOUBLE")
        bench.incremental(a_page({"id": 1}, {"id": 3}))
        found = bench.query("SELECT id, typeof(id) FROM acme.Tasks ORDER BY id")
        assert found == [(1, sql_type), (odd, sql_type), (3, sql_type)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1790.0, "1790"), (1790, "1790"), (-0.0, "0"), (1e25, "1" + "0" * 25),
     (-2.5e22, "-25" + "0" * 21), (1e300, "1" + "0" * 300), (0.5, "0.5"),
     (2**70 + 1, "1180591620717411303425"), ("1790.0", "1790.0"),
     ("1e25", "1e25"), ("-0.0", "-0.0")],
)  # fmt: skip
def test_a_text_id_is_the_value_of_a_number(value: Any, text: str, tmp_path: Path) -> None:
    """1790 and 1790.0 are one id, their texts two; as deleted ids as well (contract S6)."""
    staged = stage_pages(tmp_path, a_schema(), a_page({"id": value}), a_page(deleted=[value, "x"]))
    assert (staged.upserts, staged.deletes) == ([], sorted([text, "x"]))
    # Fields that differ in case alone are read the other way.
    schema = a_schema(a={"type": "string"}, b={"type": "string", "fromKey": "A"})
    (tmp_path / "other").mkdir()
    assert stage_pages(tmp_path / "other", schema, a_page({"id": value})).upserts[0][0] == text


def test_ids_differ_by_case_and_by_space(tmp_path: Path) -> None:
    """Ids are compared exactly (contract S6)."""
    ids = ["a", "A", "a ", " a", "á"]
    staged = stage_pages(tmp_path, a_schema(), a_page(*({"id": id_} for id_ in ids)))
    assert [row[0] for row in staged.upserts] == ids
