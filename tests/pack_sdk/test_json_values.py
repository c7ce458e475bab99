"""JSON as packs hand it over (contract C3, C4)."""

from collections import OrderedDict, UserDict, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pack_sdk.json_values import (
    find_unserialisable,
    is_truthy_in_javascript,
    snake_case,
    with_snake_case_keys,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Side(StrEnum):
    """A string that is more than a string."""

    LEFT = "left"


@pytest.mark.parametrize("value", [{}, [], "0", "false", " ", 1, -1, 0.5, True, object(), b""])
def test_what_javascript_takes_as_true(value: Any) -> None:
    """`{}` and `[]` are true, whatever Python says (contract C3)."""
    assert is_truthy_in_javascript(value)


@pytest.mark.parametrize("value", [None, False, "", 0, 0.0, -0.0, float("nan")])
def test_what_javascript_takes_as_false(value: Any) -> None:
    """None, False, the empty string, zeros and NaN are false (contract C3)."""
    assert not is_truthy_in_javascript(value)


def test_a_value_with_an_equality_of_its_own_is_true() -> None:
    """A data frame, whose `==` gives no boolean, must not break the question (contract C3)."""

    class Frame:
        def __eq__(self, other: object) -> bool:
            raise ValueError("the truth value is ambiguous")

        __hash__ = None  # pyright: ignore[reportAssignmentType]

    assert is_truthy_in_javascript(Frame())


@given(json_values)
def test_json_survives(value: Any) -> None:
    """Whatever JSON can hold is sound, and orjson writes and reads it back (contract C4)."""
    assert find_unserialisable(value, "c") is None
    assert orjson.loads(orjson.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), "c is a datetime; use .isoformat()"),
        (date(2026, 1, 1), "c is a date; use .isoformat()"),
        ({"page": {"at": date(2026, 1, 1)}}, "c.page.at is a date; use .isoformat()"),
        ({"ids": [1, (2, 3)]}, "c.ids[1] is a tuple; use a list"),
        ([{1, 2}], "c[0] is a set; use sorted()"),
        ({"a": float("nan")}, "c.a is nan, which JSON does not have"),
        ([float("-inf")], "c[0] is -inf, which JSON does not have"),
        ({"a": {1: "x"}}, "c.a has the key 1; JSON keys are strings"),
        ({None: 1}, "c has the key None; JSON keys are strings"),
        ({Side.LEFT: 1}, "c has the key <Side.LEFT: 'left'>; JSON keys are strings"),
        (2**64, "c is 18446744073709551616, more than 64 bits; use a string"),
        ({"n": -(2**63) - 1}, "c.n is -9223372036854775809, more than 64 bits; use a string"),
        (b"x", "c is a bytes; encode it as base64 text"),
        ([Decimal(1)], "c[0] is a Decimal; use str() or float()"),
        (UUID(int=1), "c is a UUID; use str()"),
        (UserDict[str, Any](), "c is a UserDict; use plain dicts"),
        ({"s": ["\ud83d"]}, "c.s[0] has half a surrogate pair"),
    ],
)
def test_what_does_not_survive_is_named_with_its_path(value: Any, sentence: str) -> None:
    """The sentence has the path from the root and the remedy (contract C4)."""
    assert (find_unserialisable(value, "c") or "").startswith(sentence)


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 1.5, True, None, "", "é😀", {}, []])
def test_the_edges_that_survive(value: Any) -> None:
    """64 bits, signed and unsigned, are fine (contract C4)."""
    assert find_unserialisable(value, "c") is None


@pytest.mark.parametrize("kind", [OrderedDict[str, int], lambda: defaultdict[str, int](int)])
def test_kinds_of_dictionaries_survive(kind: Callable[[], dict[str, int]]) -> None:
    """Dictionaries of the standard library are JSON objects (contract C4)."""
    value = kind()
    value["a"] = 1
    assert find_unserialisable(value, "c") is None
    assert orjson.dumps(value) == b'{"a":1}'


@pytest.mark.parametrize(
    ("name", "expected"),
    [("deletedRowIds", "deleted_row_ids"), ("deleted_row_ids", "deleted_row_ids"), ("a", "a")],
)
def test_snake_case(name: str, expected: str) -> None:
    """A camelCase name becomes snake_case; snake_case stays."""
    assert snake_case(name) == expected


def test_keys_in_either_spelling() -> None:
    """Both spellings are one key; unknown keys and both at once are errors that name it."""
    allowed = {"row_ids"}
    assert with_snake_case_keys({"rowIds": 1}, allowed, "x") == {"row_ids": 1}
    assert with_snake_case_keys({"row_ids": 1}, allowed, "x") == {"row_ids": 1}
    with pytest.raises(ValueError, match="x has the unknown key 'rowId'; did you mean 'row_ids'"):
        with_snake_case_keys({"rowId": 1}, allowed, "x")
    with pytest.raises(ValueError, match="x has 'row_ids' in both spellings; keep one"):
        with_snake_case_keys({"rowIds": 1, "row_ids": 1}, allowed, "x")


def test_a_value_that_contains_itself_is_named() -> None:
    """JSON cannot say it, and neither may a continuation (contract C4)."""
    loop: dict[str, object] = {}
    loop["again"] = loop
    problem = find_unserialisable(loop, "continuation")
    assert problem == "continuation is nested too deeply, or contains itself"
