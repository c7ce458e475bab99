"""A page takes too long: the call is given up and the engine goes on (contract C14)."""

import asyncio
import threading
from typing import Any

import pytest

from pack_sdk import SyncState
from pack_sync.runtimes.python.thread import AbandonedCallError, PackThread
from pack_sync.runtimes.runtime import PageTimeoutError
from tests.runtimes.pack_calls import RecordingFetcher, open_session

FULL = SyncState()


def test_an_endless_loop_is_interrupted() -> None:
    """The page fails with a message that says how long and why; the loop ends (C14)."""
    ended, fetcher = threading.Event(), RecordingFetcher()

    def execute(_args: list[Any], _context: Any) -> None:
        try:
            while True:
                pass
        finally:
            ended.set()

    session = open_session(execute, seconds=0.2, fetcher=fetcher)
    with pytest.raises(
        PageTimeoutError, match=r"execute of the table 'Tasks' took longer than 0\.2 s"
    ):
        session.execute([], FULL)
    assert ended.wait(10)
    assert fetcher.cancelled


def test_a_pack_that_swallows_every_exception_is_interrupted_too() -> None:
    """`except Exception` does not catch the interruption (C14)."""
    caught: list[BaseException] = []
    ended = threading.Event()

    def execute(_args: list[Any], _context: Any) -> None:
        try:
            while True:
                try:
                    int("1")
                except Exception as error:
                    caught.append(error)
        except BaseException as error:
            caught.append(error)
            raise
        finally:
            ended.set()

    with pytest.raises(PageTimeoutError):
        open_session(execute, seconds=0.2).execute([], FULL)
    assert ended.wait(10)
    assert [type(error) for error in caught] == [AbandonedCallError]


def test_an_endless_coroutine_is_interrupted() -> None:
    """An `async def` that never ends, but runs, is ended (C14)."""
    ended = threading.Event()

    async def execute(_args: list[Any], _context: Any) -> None:
        try:
            while True:
                pass
        finally:
            ended.set()
        await asyncio.sleep(0)

    with pytest.raises(PageTimeoutError):
        open_session(execute, seconds=0.2).execute([], FULL)
    assert ended.wait(10)


def test_a_call_that_cannot_be_interrupted_is_left_behind() -> None:
    """A wait in C code does not hold up the engine: the error comes on time (C14)."""
    release, ended = threading.Event(), threading.Event()

    def execute(_args: list[Any], _context: Any) -> None:
        try:
            release.wait(30)
        finally:
            ended.set()

    with pytest.raises(PageTimeoutError):
        open_session(execute, seconds=0.2).execute([], FULL)
    assert not ended.is_set()
    release.set()
    assert ended.wait(10)


def test_a_timeout_is_not_asked_about() -> None:
    """`on_error` has no say: the thread that would run it is still busy (C14, C22)."""
    asked: list[Any] = []

    def execute(_args: list[Any], _context: Any) -> None:
        while True:
            pass

    session = open_session(execute, seconds=0.2, on_error=lambda *args: asked.append(args))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    with pytest.raises(PageTimeoutError):
        session.execute([], FULL)
    assert asked == []


@pytest.mark.parametrize("which", ["validate_parameters", "on_error"])
def test_the_other_functions_of_a_pack_have_the_same_time(which: str) -> None:
    """`validate_parameters` and `on_error` cannot hold up a run either (C14, C21, C22)."""

    def endless(*_args: Any) -> None:
        while True:
            pass

    def fail(_args: list[Any], _context: Any) -> None:
        raise ValueError

    functions: dict[str, Any] = {which: endless}
    session = open_session(fail, seconds=0.2, **functions)
    call = session.validate_parameters if which == "validate_parameters" else session.execute
    with pytest.raises(PageTimeoutError, match="endless of the table 'Tasks'"):
        call([], FULL)


def test_calls_of_a_thread_come_one_after_another() -> None:
    """In the order in which they were begun, each with its own result or error."""
    thread = PackThread("test")
    done: list[int] = []

    def work(number: int) -> int:
        done.append(number)
        return 10 // number

    calls = [thread.call(work, number) for number in (1, 0, 2)]
    thread.stop()
    assert [call.wait(10) for call in calls] == [True] * 3
    assert done == [1, 0, 2]
    assert (calls[0].result(), calls[2].result()) == (10, 5)
    with pytest.raises(ZeroDivisionError):
        calls[1].result()


def test_a_call_that_was_interrupted_says_so() -> None:
    """Its result is an error that names the interruption, not silence."""
    thread, started = PackThread("test"), threading.Event()

    def endless() -> None:
        started.set()
        while True:
            pass

    call = thread.call(endless)
    assert started.wait(10)
    assert not call.wait(0)
    thread.interrupt()
    assert call.wait(10)
    with pytest.raises(RuntimeError, match=r"the pack raised AbandonedCallError\(\)"):
        call.result()
