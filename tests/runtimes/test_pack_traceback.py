"""An error of a pack's code says where it came up, unless the pack raised it to be read."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from pack_sdk import UserVisibleError
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
