"""Ids of several properties, from the schema to the table, and deleted ids accordingly (S6, C9)."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import InvalidResultError, Pack, PackDefinitionError, make_object_schema, row_id
from pack_sdk.results import parse_result
from pack_sdk.testing import MockFetcher, execute_sync_table
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import Engine, Scripted

MEMBER = make_object_schema(
    id_property=["team", "user"],
    display_property="role",
    properties={
        "team": {"type": "string", "from_key": "team.id"},
        "user": {"type": "number", "precision": 0},
        "role": {"type": "string"},
    },
)


def member(team: Any, user: Any, role: str) -> dict[str, Any]:
    """A row as the service has it."""
    return {"team": {"id": team}, "user": user, "role": role}


def last(*rows: Any, **more: Any) -> dict[str, Any]:
    """A last page with a cursor."""
    return {"result": list(rows), "completion": {"incrementalContinuation": 1}, **more}


def roles(engine: Engine) -> dict[tuple[str, int], str]:
    """The roles in the table, by team and user."""
    return {(row["team"], row["user"]): row["role"] for row in engine.rows()}


def test_rows_are_told_apart_by_all_of_them(tmp_path: Path) -> None:
    """Numbers by their value; an increment changes the row that has both, and deletes such ones."""
    execute = Scripted(
        last(member("a", 1, "x"), member("a", 2, "x"), member("b", 1, "x"), member("b", 2, "x")),
        last(
            member("a", 1.0, "y"),
            deletedRowIds=[["a", 2.0], {"team": "b", "user": 1}, row_id("b", 2)],
        ),
    )
    engine = Engine(folder=tmp_path, execute=execute, schema=MEMBER)
    engine.sync()
    assert len(engine.rows()) == 4
    record = engine.sync().record
    assert (record.updated, record.deleted) == (1, 3)
    assert roles(engine) == {("a", 1): "y"}
    assert engine.rows()[0]["_row_id"] == '["a","1"]'


@pytest.mark.parametrize("team", ['a "quoted"', "back\\slash", "ä/ö", "line\nbreak", "[", "\x7f"])
def test_any_text_may_be_part_of_it(tmp_path: Path, team: str) -> None:
    """The id of a row and the one that deletes it are the same text."""
    execute = Scripted(
        last(member(team, 1, "x")),
        last(deletedRowIds=[[team, 1]]),
    )
    engine = Engine(folder=tmp_path, execute=execute, schema=MEMBER)
    engine.sync()
    assert engine.rows()[0]["_row_id"] == row_id(team, 1)
    engine.sync()
    assert engine.rows() == []


def test_a_row_without_a_part_is_rejected(tmp_path: Path) -> None:
    """It says which is missing; of two with the same parts the last one counts (S4, S5)."""
    rows = [member("a", None, "x"), member("", 1, "x"), member(["a"], 1, "x")]
    rows += [member("a", 1, "x"), member("a", 1, "y")]
    engine = Engine(folder=tmp_path, execute=Scripted(last(*rows)), schema=MEMBER)
    record = engine.sync().record
    assert (record.rejected, roles(engine)) == (3, {("a", 1): "y"})


@pytest.mark.parametrize("deleted", [["a"], ["a", None], {"team": "a", "user": None}, ["a", 1, 2]])
def test_a_deleted_id_has_all_parts(tmp_path: Path, deleted: Any) -> None:
    """Otherwise nothing would be deleted, and nobody would know."""
    execute = Scripted(last(deletedRowIds=[deleted]))
    engine = Engine(folder=tmp_path, execute=execute, schema=MEMBER)
    says = "a value for each of team, user|user is None, and must be a text or number"
    with pytest.raises(SyncFailedError, match=says):
        engine.sync()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["team"], "write one name as a text, or a list of several"),
        (["team", "team"], "several that differ"),
        (["team", "members"], "'members', which is not a property"),
        (["team", "tags"], "'tags', of the type 'array'"),
    ],
)
def test_names_that_make_no_id(names: list[str], says: str) -> None:
    """An error when the pack loads (S1)."""
    tags: Any = {"type": "array", "items": {"type": "string"}}
    with pytest.raises(PackDefinitionError, match=says):
        make_object_schema(id_property=names, properties={"team": {"type": "string"}, "tags": tags})


def test_tests_of_packs_know_them_too() -> None:
    """`applied_to` has rows by the id that the engine would give them."""
    pack = Pack()

    @pack.add_sync_table(name="Members", identity_name="Member", schema=MEMBER)
    def sync_members(_args: Any, context: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        deleted = [["a", 1]] if context.sync.previous_completion else []
        return last(member("a", 1, "x"), member("b", 1, "x"), deletedRowIds=deleted)

    full = execute_sync_table(pack, "Members", fetcher=MockFetcher())
    assert full.ids == [row_id("a", 1), row_id("b", 1)]
    assert set(full.applied_to()) == set(full.ids)
    changed = execute_sync_table(
        pack, "Members", fetcher=MockFetcher(), previous_completion=full.completion
    )
    assert changed.deleted_row_ids == [row_id("a", 1)]
    with pytest.raises(InvalidResultError, match="for each of team, user"):
        parse_result({"result": [], "deletedRowIds": [[1]]}, MEMBER)
