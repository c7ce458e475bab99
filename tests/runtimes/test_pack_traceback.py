"""An error of a pack's code says where it came up, unless the pack raised it to be read."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pack_sdk import PackDefinitionError, UserVisibleError, make_schema
from pack_sdk.context import SyncState
from tests.runtimes.pack_calls import open_session


def lookup(_: Any, context: Any) -> Any:
    context.fetcher.fetch(url="https://api.example.com/items")
    answer: dict[str, Any] = {}
    return answer["rows"]


def parsing(_: Any, __: Any) -> Any:
    return json.loads("<html>")


def a_date(_: Any, __: Any) -> Any:
    return datetime.fromisoformat("yesterday")


async def waiting(_: Any, __: Any) -> Any:
    answer: Any = None
    return answer["rows"]


def nested(_: Any, __: Any) -> Any:
    return sorted([1], key=lambda number: number.missing)  # type: ignore[attr-defined]


@pytest.mark.parametrize("execute", [lookup, parsing, a_date, waiting, nested])
def test_a_mistake_is_placed(execute: Callable[..., Any]) -> None:
    """By the pack's file and line, also where a library or C code raised it."""
    session = open_session(execute)
    with pytest.raises((LookupError, ValueError, TypeError, AttributeError)) as failure:
        session.execute([], SyncState())
    session.close()
    (note,) = failure.value.__notes__
    assert re.match(r"\(tests/runtimes/test_pack_traceback\.py, line \d+, in \S+", note)
    assert ("the last answer was: https://api" in note) is (execute is lookup)


@pytest.mark.parametrize("error", [ValueError("no"), KeyError("no"), UserVisibleError("no")])
def test_what_a_pack_raises_itself_says_enough(error: Exception) -> None:
    """The pack's author chose these words."""

    def execute(_: Any, __: Any) -> Any:
        raise error

    session = open_session(execute)
    with pytest.raises(type(error)) as failure:
        session.execute([], SyncState())
    session.close()
    assert not hasattr(failure.value, "__notes__")


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (["x"], "a fetch request is ['x']; write keywords"),
        ({"url": ["x"]}, "needs a `url`, a text, not ['x']"),
        ({"url": "x", "headers": ["a"]}, "the `headers` of a fetch request is a list"),
        ({"url": "x", "form": "a"}, "the `form` of a fetch request is a str; it must be a mapping"),
    ],
)
def test_a_request_that_makes_no_sense_is_placed(request_: Any, says: str) -> None:
    """It is the pack's own line that is to be corrected."""

    def execute(_: Any, context: Any) -> Any:
        return context.fetcher.fetch(request_)

    session = open_session(execute)
    with pytest.raises(ValueError, match=re.escape(says)) as failure:
        session.execute([], SyncState())
    session.close()
    assert "tests/runtimes/test_pack_traceback.py, line" in failure.value.__notes__[0]


def test_a_definition_made_while_the_pack_runs_is_placed() -> None:
    """As the schema of a dynamic table is."""

    def execute(_: Any, __: Any) -> Any:
        schema: Any = make_schema(type="string")
        return {"result": [{**schema, "from_key": "x"}]}

    session = open_session(execute)
    with pytest.raises(PackDefinitionError, match="a schema is no mapping") as failure:
        session.execute([], SyncState())
    session.close()
    assert "tests/runtimes/test_pack_traceback.py, line" in failure.value.__notes__[0]
