"""Ids: what is one, and how it is compared (contract S4, S6)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import make_object_schema
from tests.commit.sync_bench import a_page, a_schema, stage_pages


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


@pytest.mark.parametrize("bad", ["x", True, 1.5, ""])
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


def test_ids_differ_by_case_and_by_space(tmp_path: Path) -> None:
    """Ids are compared exactly (contract S6)."""
    ids = ["a", "A", "a ", " a", "á"]
    staged = stage_pages(tmp_path, a_schema(), a_page(*({"id": id_} for id_ in ids)))
    assert [row[0] for row in staged.upserts] == ids
