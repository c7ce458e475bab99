"""One Deno child: a pack's code is loaded into it, and its functions are called."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pack_sdk.errors import PackError
from pack_sync.runtimes.runtime import page_timeout
from pack_sync.runtimes.typescript.deno import (
    command,
    forbid_writing,
    limit_memory,
    limit_processor_time,
    start,
)
from pack_sync.runtimes.typescript.messages import (
    BrokenMessageError,
    Message,
    MessageKind,
    MessageReader,
)

START_SECONDS = 60.0
"""How long a child may take to be ready; it takes some 30 ms."""

_READ_BYTES = 1024 * 1024
_STDERR_BYTES = 64 * 1024

_REQUESTS_IN_FLIGHT = 64
_REQUEST_BYTES_IN_FLIGHT = 1 << 25
"""What `child/requests.js` sends before answers are there; a child that sends more is ended."""

_BROKEN_REALM = 70
"""The status with which `child/pipes.js` ends a child that cannot read its pipe any more."""

_LINE_LETTERS = 4000
_LINES_OF_THE_CHILD = 3
"""What the child adds to the lines that it allows a pack: how many it left out."""


class PackProcessError(PackError):
    """The child that runs the pack's code died, ran out of memory, or broke the protocol."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use.

    `heap_megabytes` bounds JavaScript's own objects, `memory_megabytes` everything, buffers
    outside of the heap included. `page_bytes` is what the rows of one page may have as JSON;
    `log_lines` how many lines one call may log.
    """

    heap_megabytes: int = 256
    memory_megabytes: int = 640
    page_bytes: int = 256 * 1024 * 1024
    log_lines: int = 1000


Handler = Callable[[Message], Message | None]


class PackProcess:
    """A child that runs the code of one pack, for one sync.

    Calls are made one after another by one thread; requests of the pack are answered in
    threads of their own meanwhile. After an error of the process itself it is of no more use.
    """

    def __init__(self, limits: Limits, arguments: Sequence[str] = ()) -> None:
        self._limits = limits
        self._process = start(arguments or command(limits.heap_megabytes))
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._pipes = [pipe for pipe in pipes if pipe is not None]
        self._input, self._output, self._errors = (pipe.fileno() for pipe in self._pipes)
        self._stderr = bytearray()
        self._reader = MessageReader()
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        # Calls are written in order, by a thread of their own: a child that does not read must
        # hold up neither the caller, who knows when to give up, nor the answers to requests.
        self._calls = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pack calls")
        self._in_flight = 0
        self._bytes_in_flight = 0
        self._requests = ThreadPoolExecutor(max_workers=16, thread_name_prefix="pack requests")
        _widen(self._output)
        try:
            start_by = time.monotonic() + START_SECONDS
            ready = self._next_message(lambda: start_by - time.monotonic())
            if ready is None or ready.kind is not MessageKind.READY:
                raise self._broken(f"the child began with {ready}")
            limit_memory(self._process, limits.memory_megabytes)
            forbid_writing(self._process)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def load(self, code: bytes, name: str) -> None:
        """Evaluate a bundle; what it throws is thrown by the first call."""
        self._calls.submit(
            self._write, Message(kind=MessageKind.LOAD, head={"name": name}, blob=code)
        )

    def call(
        self,
        call: Message,
        seconds: float,
        what: str,
        handle: Handler,
        seconds_left: Callable[[], float] | None = None,
    ) -> tuple[Message, bytes]:
        """Call a function: the message that ends the call, and the rows that came before it.

        `handle` is given the messages in between; what it returns for a `FETCH` is sent back,
        and it is then called in another thread. Raises `PageTimeoutError` that starts with
        `what` after so many seconds, of which `seconds_left` may leave out pauses, and
        `PackProcessError` when the child ends or breaks the protocol. The child is then gone.
        """
        deadline = time.monotonic() + seconds
        seconds_left = seconds_left or (lambda: deadline - time.monotonic())
        rows: list[bytes] = []
        size = lines = 0
        limit_processor_time(self._process, seconds)
        self._calls.submit(self._write, call)
        while True:
            message = self._next_message(seconds_left)
            if message is None:
                self.close()
                raise page_timeout(what, seconds)
            if message.kind in (MessageKind.RESULT, MessageKind.FAILURE):
                if message.head.get("call") != call.head["call"]:
                    raise self._broken(f"the end of call {message.head.get('call')}")
                return message, b"".join(rows)
            if message.kind is MessageKind.ROWS:
                rows.append(message.blob)
                size += len(message.blob)
                if size > self._limits.page_bytes:
                    raise self._broken(f"more than {self._limits.page_bytes:,} bytes of rows")
            elif message.kind is MessageKind.FETCH:
                self._request_begins(message)
                self._requests.submit(self._answer, handle, message)
            elif message.kind is MessageKind.LOG:
                lines += 1
                # Those of timers between the last call and this one are among them.
                if lines > 2 * self._limits.log_lines + _LINES_OF_THE_CHILD:
                    raise self._broken(f"more than {self._limits.log_lines:,} lines for the log")
                message.head["text"] = message.head["text"][:_LINE_LETTERS]
                handle(message)
            else:
                raise self._broken(f"an unexpected message of the kind {message.kind.name}")

    def close(self) -> None:
        """End the child at once, whatever it does, and everything that waits for it."""
        self._process.kill()
        self._process.wait()
        for threads in (self._calls, self._requests):
            threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:  # no thread writes any more, to a number that may soon be another's
            for pipe in self._pipes:
                pipe.close()

    def _request_begins(self, message: Message) -> None:
        self._count_request(1, message.size)
        if (
            self._in_flight > _REQUESTS_IN_FLIGHT
            or self._bytes_in_flight > _REQUEST_BYTES_IN_FLIGHT
        ):
            raise self._broken("more requests at once than it may have")

    def _count_request(self, count: int, size: int) -> None:
        with self._lock:
            self._in_flight += count
            self._bytes_in_flight += size

    def _answer(self, handle: Handler, message: Message) -> None:
        answer = handle(message)
        self._count_request(-1, -message.size)
        if answer is not None:
            self._write(answer)

    def _write(self, message: Message) -> None:
        data = memoryview(message.encode())
        with self._lock:
            if self._pipes[0].closed:
                return
            try:
                while data:
                    data = data[os.write(self._input, data) :]
            except BrokenPipeError:
                return  # the child is gone, which whoever reads from it will say

    def _next_message(self, seconds_left: Callable[[], float]) -> Message | None:
        """The child's next message; None when the time is over."""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._errors, select.POLLIN)
        while not self._messages:
            left = seconds_left()
            if left <= 0:
                return None
            for number, _ in poll.poll(left * 1000):
                data = os.read(number, _READ_BYTES)
                if number == self._errors:
                    self._stderr = (self._stderr + data)[:_STDERR_BYTES]
                    if not data:
                        poll.unregister(number)
                elif not data:
                    raise self._died()
                else:
                    self._take(data)
        return self._messages.pop(0)

    def _take(self, data: bytes) -> None:
        try:
            self._messages.extend(self._reader.feed(data))
        except BrokenMessageError as error:
            raise self._broken(str(error)) from None

    def _broken(self, what: str) -> PackProcessError:
        self.close()
        return PackProcessError(f"the child that runs the pack broke the protocol: {what}")

    def _died(self) -> PackProcessError:
        """What to say of a child whose output has ended."""
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return self._broken("it closed its output")
        code = self._process.returncode
        while data := os.read(self._errors, _READ_BYTES):
            self._stderr += data
        said = bytes(self._stderr).decode(errors="replace").strip()
        self.close()
        # What V8 or Deno cannot allocate ends them by a trap or an abort, mostly in silence.
        if -code in (signal.SIGTRAP, signal.SIGABRT, signal.SIGILL) or "out of memory" in said:
            return PackProcessError(
                "the pack ran out of memory: it may use "
                f"{self._limits.heap_megabytes} MB for objects and "
                f"{self._limits.memory_megabytes} MB in all. Return smaller pages."
            )
        if code == _BROKEN_REALM:
            return PackProcessError(
                "the pack changed what its runtime needs of JavaScript itself, such as the methods "
                "of promises or of arrays of bytes. Leave built-in objects as they are."
            )
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
        return PackProcessError(
            f"the child that runs the pack {ended}: {said[:2000] or 'silently'}"
        )


def _widen(pipe: int) -> None:
    """Let a pipe hold more than 64 KB, where that can be asked for: fewer waits on both sides."""
    if sys.platform == "linux":
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _READ_BYTES)
        except PermissionError:
            return  # the system's limit for this user; it works without
