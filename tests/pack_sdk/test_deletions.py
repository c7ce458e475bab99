"""What `deletedRowIds` may hold, where several properties are the id too (contract C9, S6)."""

import re
from typing import Any

import pytest

from pack_sdk import make_object_schema
from pack_sdk.deletions import checked_deletions
from pack_sdk.errors import InvalidResultError

ONE = make_object_schema(
    id_property="id",
    display_property="id",
    properties={
        "id": {"type": "string", "from_key": "ID"},
        "project": {"type": "string", "from_key": "project_id"},
        "done": {"type": "boolean"},
    },
)
TWO = make_object_schema(
    id_property=["team", "user"],
    display_property="user",
    properties={
        "team": {"type": "string", "from_key": "Team"},
        "user": {"type": "number", "from_key": "User"},
        "role": {"type": "string"},
    },
)


@pytest.mark.parametrize(
    "given",
    [
        ["a", 7],
        ["a", 7.0],
        ["a", "7"],
        {"team": "a", "user": 7},
        {"Team": "a", "user": 7},
        '["a","7"]',
    ],
)
def test_an_id_of_several_properties(given: Any) -> None:
    """A list, an object by names or fields, or the text itself."""
    assert checked_deletions([given], TWO) == ['["a","7"]']


@pytest.mark.parametrize(
    ("schema", "given", "says"),
    [
        (TWO, "m1", "is 'm1', and the id is of several properties: return the values of team,"),
        (TWO, "[7]", "the id is of several properties"),
        (TWO, '["a",7]', "the id is of several properties"),
        (TWO, 7, "is 7, and the id is of several properties"),
        (TWO, None, "is None, and the id is of several properties"),
        (TWO, [None, "m1"], "is [None, 'm1']; team is None, and must be a text or number"),
        (TWO, ["a", True], "user is True, and must be a text or number"),
        (TWO, ["a", float("inf")], "user is inf, and must be a finite number"),
        (TWO, ["a"], "it must have a value for each of team, user"),
        (TWO, {"Team": "a", "user": None}, "user is None, and must be a text or number"),
        (TWO, {"team": "a", "user": 1, "role": "x"}, "team, user already say which row it is"),
        (ONE, {"id": "m1", "project": "7"}, "id already says which row it is: return the id"),
        (ONE, {"ID": "m1"}, "return the id alone, 'm1'"),
        (ONE, {"project": "7", "project_id": "8"}, "two of its keys mean the property 'project'"),
        (ONE, {"projct_id": "7"}, "did you mean 'project_id'?"),
    ],
)  # fmt: skip
def test_what_cannot_say_which_rows(schema: Any, given: Any, says: str) -> None:
    """The place and the remedy are named."""
    with pytest.raises(InvalidResultError, match=re.escape(says)) as raised:
        checked_deletions(["b" if schema is ONE else ["b", 1], given], schema)
    assert "deletedRowIds[1]" in str(raised.value)
