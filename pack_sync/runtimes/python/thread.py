"""A thread in which a pack's Python code runs, so that a call can be given up."""

import asyncio
import ctypes
import inspect
import queue
import threading
from collections.abc import Callable
from typing import Any


class AbandonedCallError(BaseException):
    """Raised inside the pack's code when its time is over.

    Not an `Exception`: a pack's own `except Exception` must not swallow it.
    """


class PackCall:
    """One call of a function of the pack: wait for it, then take what `then` makes of its result.

    In the same thread, as the processor has the result at hand there.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        then: Callable[[Any], Any] | None = None,
    ) -> None:
        self._function = function
        self._args = args
        self._then = then
        self._done = threading.Event()
        self._returned: Any = None
        self._raised: BaseException | None = None

    def run(self, runner: asyncio.Runner) -> None:
        """Call the function here, and await what it returns if that is awaitable."""
        try:
            returned = self._function(*self._args)
            if inspect.isawaitable(returned):
                returned = runner.run(_await(returned))
            self._returned = returned if self._then is None else self._then(returned)
        except BaseException as error:
            self._raised = error
        finally:
            self._done.set()

    @property
    def done(self) -> bool:
        """Whether the call has ended."""
        return self._done.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether the call ended within `seconds`."""
        return self._done.wait(seconds)

    def result(self) -> Any:
        """What the call returned, or `then` made of it; raises what it raised.

        A pack that calls `sys.exit` must not end the run: it becomes a `RuntimeError`.
        """
        if isinstance(self._raised, Exception):
            raise self._raised
        if self._raised is not None:
            raise RuntimeError(f"the pack raised {self._raised!r}") from self._raised
        return self._returned


class PackThread:
    """Runs calls one after another in a thread of its own, with one event loop for all."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[PackCall | None] = queue.SimpleQueue()
        # A daemon, because a call that ignores `interrupt` must not keep the process alive.
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def call(
        self,
        function: Callable[..., Any],
        *args: Any,
        then: Callable[[Any], Any] | None = None,
    ) -> PackCall:
        """Begin a call."""
        call = PackCall(function, args, then)
        self._calls.put(call)
        return call

    def interrupt(self) -> None:
        """Raise `AbandonedCallError` in the running call, and take no further ones.

        It strikes at the next Python instruction; a call that waits in C code, such as
        `time.sleep`, notices when that returns.
        """
        self.stop()
        if self._thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread.ident), ctypes.py_object(AbandonedCallError)
            )

    def stop(self) -> None:
        """Take no further calls; the thread ends after the running one."""
        self._calls.put(None)

    def _work(self) -> None:
        with asyncio.Runner() as runner:
            while (call := self._calls.get()) is not None:
                call.run(runner)


async def _await(awaitable: Any) -> Any:
    return await awaitable
