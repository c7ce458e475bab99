"""Calling a Python pack: one page a call (contract C1, C2, C16, C21, C22)."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pack_sdk import (
    AsyncFetcher,
    Completion,
    InvalidResultError,
    Pack,
    SyncExecutionContext,
    SyncState,
    UserVisibleError,
)
from pack_sdk.logger import SilentLogger
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.spool.page import Page
from tests.commit.sync_bench import a_schema
from tests.runtimes.pack_calls import RecordingFetcher, open_session

Open = Callable[..., PackSession]
FULL = SyncState()


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens sessions that are closed when the test is over."""
    sessions: list[PackSession] = []

    def open_one(execute: Any, **fields: Any) -> PackSession:
        sessions.append(open_session(execute, **fields))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()


def nothing(_args: list[Any], _context: Any) -> None:
    """An `execute` that returns nothing."""


def test_arguments_and_context_arrive(opened: Open) -> None:
    """Values by position, None for what was left out; the context in both spellings (C1, C16)."""
    seen: list[Any] = []

    def execute(args: list[Any], context: Any) -> None:
        seen.extend([args, context.continuation, context.sync.continuation])
        seen.extend([context.previousCompletion.incrementalContinuation, context.endpoint])

    sync = SyncState(
        continuation={"page": 2}, previous_completion=Completion(incremental_continuation="c")
    )
    opened(execute).execute(("a", None), sync)
    assert seen == [["a", None], {"page": 2}, {"page": 2}, "c", "https://api.example.com"]


def test_a_page_arrives(opened: Open) -> None:
    """Rows as lines, their number, continuation, completion and deletions (C2)."""
    returned: dict[str, Any] = {
        "result": [{"id": 1}, None],
        "continuation": {"page": 2},
        "deletedRowIds": ["x", 7],
    }
    page = opened(lambda _args, _context: returned).execute([], FULL)  # pyright: ignore[reportUnknownLambdaType]
    assert page == Page(
        rows=b'{"id":1}\nnull\n',
        row_count=2,
        continuation={"page": 2},
        deleted_row_ids=["x", 7],
    )


def test_nothing_returned_is_an_empty_page(opened: Open) -> None:
    """A falsy return is an empty page that ends the sync (C2)."""
    assert opened(nothing).execute([], FULL) == Page()


def test_async_packs_gather_their_requests(opened: Open) -> None:
    """An `async def` gets a fetcher whose calls are awaited, several at once (F1)."""
    fetcher = RecordingFetcher()

    async def execute(_args: list[Any], context: Any) -> dict[str, Any]:
        answers = await asyncio.gather(*(context.fetcher.fetch(url=f"u{n}") for n in range(5)))
        return {"result": [{"id": answer.body} for answer in answers]}

    page = opened(execute, fetcher=fetcher).execute([], FULL)
    assert page.rows == b"".join(b'{"id":"u%d"}\n' % n for n in range(5))
    assert sorted(fetcher.sent) == [f"u{n}" for n in range(5)]


def test_a_plain_function_may_return_an_awaitable(opened: Open) -> None:
    """As a wrapper around an `async def` does; its fetcher is the plain one (C1)."""

    async def later(url: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"result": [{"id": url}]}

    def execute(_args: list[Any], context: Any) -> Any:
        return later(context.fetcher.fetch(url="u").body)

    assert opened(execute).execute([], FULL).rows == b'{"id":"u"}\n'


def test_an_object_with_an_async_call_is_async(opened: Open) -> None:
    """What decides is how it is called, not that it is a function (C1)."""

    class Execute:
        async def __call__(self, _args: list[Any], context: Any) -> dict[str, Any]:
            return {"result": [{"id": (await context.fetcher.fetch(url="u")).body}]}

    assert opened(Execute()).execute([], FULL).row_count == 1


def test_one_thread_and_one_loop_for_all_pages(opened: Open) -> None:
    """What a pack keeps between pages, such as a lock of its loop, goes on working (C4)."""
    seen: list[Any] = []

    async def execute(_args: list[Any], _context: Any) -> None:
        seen.append((threading.get_ident(), id(asyncio.get_running_loop())))
        await asyncio.sleep(0)

    session = opened(execute)
    for _ in range(3):
        session.execute([], FULL)
    assert len(set(seen)) == 1
    assert seen[0][0] != threading.get_ident()


def test_each_page_has_the_whole_time(opened: Open) -> None:
    """Requests may take the page's time, anew on every page (C14)."""
    fetcher = RecordingFetcher()
    session = opened(nothing, fetcher=fetcher, seconds=12.5)
    session.execute([], FULL)
    session.execute([], FULL)
    assert fetcher.pages == [12.5, 12.5]
    assert not fetcher.cancelled


def test_a_pack_may_go_on_changing_its_continuation(opened: Open) -> None:
    """What a page returned stays what it was, so C4's "verbatim" and C15 hold."""
    state: dict[str, Any] = {"page": 0, "seen": [0]}

    def execute(_args: list[Any], _context: Any) -> dict[str, Any]:
        state["page"] += 1
        state["seen"].append(0)
        return {"continuation": state}

    session = opened(execute)
    first, second = session.execute([], FULL), session.execute([], FULL)
    assert first.continuation == {"page": 1, "seen": [0, 0]}
    assert second.continuation == {"page": 2, "seen": [0, 0, 0]}


def test_what_the_pack_raises_is_raised(opened: Open) -> None:
    """The error itself, so that the engine can tell what it was (C17)."""
    error = UserVisibleError("no such workspace")

    def execute(_args: list[Any], _context: Any) -> None:
        raise error

    with pytest.raises(UserVisibleError) as caught:
        opened(execute).execute([], FULL)
    assert caught.value is error


def test_a_result_that_is_no_page_is_an_error(opened: Open) -> None:
    """It is not the pack's `onError` that has to deal with it (C2, C22)."""

    def on_error(_context: Any, _error: Exception) -> None:
        raise AssertionError("on_error must not be asked")

    with pytest.raises(InvalidResultError, match="must be a list"):
        opened(lambda *_: {"result": 5}, on_error=on_error).execute([], FULL)  # pyright: ignore[reportUnknownLambdaType]


@pytest.mark.parametrize("end", [lambda: sys.exit(3), lambda: asyncio.run(asyncio.sleep("x"))])  # type: ignore[arg-type]
def test_a_pack_cannot_end_the_run(end: Callable[[], Any], opened: Open) -> None:
    """`sys.exit` and the like become errors of the pack; the next call works."""
    calls = iter([end, lambda: None])
    session = opened(lambda *_: next(calls)())  # pyright: ignore[reportUnknownLambdaType]
    with pytest.raises((RuntimeError, TypeError)) as caught:
        session.execute([], FULL)
    if isinstance(caught.value.__cause__, SystemExit):
        assert str(caught.value) == "the pack raised SystemExit(3)"
    assert session.execute([], FULL) == Page()


@pytest.mark.parametrize("is_async", [False, True])
def test_on_error_may_replace_the_error(is_async: bool, opened: Open) -> None:
    """What `on_error(context, error)` raises goes on instead of the original (C22)."""
    seen: list[Any] = []

    def execute(_args: list[Any], _context: Any) -> None:
        raise ValueError("cryptic")

    def on_error(context: Any, error: Exception) -> None:
        seen.append((context.endpoint, error))
        raise UserVisibleError("clear")

    async def on_error_async(context: Any, error: Exception) -> None:
        on_error(context, error)

    session = opened(execute, on_error=on_error_async if is_async else on_error)
    with pytest.raises(UserVisibleError, match="clear") as caught:
        session.execute([], FULL)
    assert seen[0][0] == "https://api.example.com"
    assert caught.value.__context__ is seen[0][1]


def test_when_on_error_returns_the_original_is_raised(opened: Open) -> None:
    """Whatever it returned (C22)."""

    def execute(_args: list[Any], _context: Any) -> None:
        raise ValueError("cryptic")

    with pytest.raises(ValueError, match="cryptic"):
        opened(execute, on_error=lambda *_: {"result": []}).execute([], FULL)  # pyright: ignore[reportUnknownLambdaType]


def test_validate_parameters_gets_the_values_by_name(opened: Open) -> None:
    """`validate_parameters(context, parameters)`; its answer is handed on (C21)."""
    answer: dict[str, Any] = {"isValid": False, "message": "no", "errors": []}
    seen: list[Any] = []

    async def validate(context: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        seen.append((context.endpoint, parameters))
        return answer

    parameters = [
        {"name": "a", "type": "string"},
        {"name": "b", "type": "number", "optional": True},
    ]
    session = opened(nothing, parameters=parameters, validate_parameters=validate)
    assert session.validate_parameters(["x", None], FULL) == answer
    assert seen == [("https://api.example.com", {"a": "x", "b": None})]


def test_a_table_that_validates_nothing(opened: Open) -> None:
    """Without `validate_parameters` there is no answer (C21)."""
    assert opened(nothing).validate_parameters([], FULL) is None


def test_the_name_of_the_connection() -> None:
    """`get_connection_name(context)`, plain or async; without one there is none (contract A1)."""

    async def name(context: SyncExecutionContext[AsyncFetcher]) -> str:
        return (await context.fetcher.fetch(url="/me")).body

    pack = Pack()
    pack.add_sync_table(name="Tasks", identity_name="Task", schema=a_schema(), execute=print)
    environment = CallEnvironment(
        fetcher=RecordingFetcher(),
        logger=SilentLogger(),
        endpoint=None,
        page_timeout_seconds=30,
    )
    assert PythonRuntime(pack).connection_name(environment) is None
    pack.set_authentication(type="HeaderBearerToken", get_connection_name=name)
    assert PythonRuntime(pack).connection_name(environment) == "/me"
