"""One Deno child: a pack's code is loaded into it, and its functions are called."""

import fcntl
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pack_sync.runtimes.runtime import PageTimeoutError
from pack_sync.runtimes.typescript.deno import (
    command,
    limit_memory,
    limit_processor_time,
    start,
)
from pack_sync.runtimes.typescript.errors import PackProcessError
from pack_sync.runtimes.typescript.messages import BrokenFrameError, Frame, FrameKind, FrameReader

START_SECONDS = 60.0
"""How long a child may take to be ready; it takes some 30 ms."""

_READ_BYTES = 1024 * 1024
_STDERR_BYTES = 64 * 1024


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


Handler = Callable[[Frame], Frame | None]


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
        self._reader = FrameReader()
        self._frames: list[Frame] = []
        self._lock = threading.Lock()
        # Calls are written in order, by a thread of their own: a child that does not read must
        # hold up neither the caller, who knows when to give up, nor the answers to requests.
        self._calls = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pack calls")
        self._requests = ThreadPoolExecutor(max_workers=16, thread_name_prefix="pack requests")
        _widen(self._output)
        try:
            ready = self._next_frame(time.monotonic() + START_SECONDS)
            if ready is None or ready.kind is not FrameKind.READY:
                raise self._broken(f"the child began with {ready}")
            limit_memory(self._process, limits.memory_megabytes)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def load(self, code: bytes, name: str) -> None:
        """Evaluate a bundle; what it throws is thrown by the first call."""
        self._calls.submit(self._write, Frame(kind=FrameKind.LOAD, head={"name": name}, blob=code))

    def call(self, call: Frame, seconds: float, what: str, handle: Handler) -> tuple[Frame, bytes]:
        """Call a function: the frame that ends the call, and the rows that came before it.

        `handle` is given the frames in between; what it returns for a `FETCH` is sent back,
        and it is then called in another thread. Raises `PageTimeoutError` that starts with
        `what` after so many seconds, and `PackProcessError` when the child ends or breaks the
        protocol. The child is then gone.
        """
        deadline = time.monotonic() + seconds
        rows: list[bytes] = []
        size = 0
        limit_processor_time(self._process, seconds)
        self._calls.submit(self._write, call)
        while True:
            frame = self._next_frame(deadline)
            if frame is None:
                self.close()
                raise PageTimeoutError(
                    f"{what} took longer than {seconds:g} s (contract C14). Return smaller pages, "
                    "or raise `page_timeout_seconds`."
                )
            if frame.kind in (FrameKind.RESULT, FrameKind.FAILURE):
                return frame, b"".join(rows)
            if frame.kind is FrameKind.ROWS:
                rows.append(frame.blob)
                size += len(frame.blob)
                if size > self._limits.page_bytes:
                    raise self._broken(f"more than {self._limits.page_bytes:,} bytes of rows")
            elif frame.kind is FrameKind.FETCH:
                self._requests.submit(self._answer, handle, frame)
            elif frame.kind is FrameKind.LOG:
                handle(frame)
            else:
                raise self._broken(f"an unexpected frame of the kind {frame.kind.name}")

    def close(self) -> None:
        """End the child at once, whatever it does, and everything that waits for it."""
        self._process.kill()
        self._process.wait()
        for threads in (self._calls, self._requests):
            threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:  # no thread writes any more, to a number that may soon be another's
            for pipe in self._pipes:
                pipe.close()

    def _answer(self, handle: Handler, frame: Frame) -> None:
        answer = handle(frame)
        if answer is not None:
            self._write(answer)

    def _write(self, frame: Frame) -> None:
        data = memoryview(frame.encode())
        with self._lock:
            if self._pipes[0].closed:
                return
            try:
                while data:
                    data = data[os.write(self._input, data) :]
            except BrokenPipeError:
                return  # the child is gone, which whoever reads from it will say

    def _next_frame(self, deadline: float) -> Frame | None:
        """The child's next frame; None when the time is over."""
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._errors, select.POLLIN)
        while not self._frames:
            left = deadline - time.monotonic()
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
        return self._frames.pop(0)

    def _take(self, data: bytes) -> None:
        try:
            self._frames.extend(self._reader.feed(data))
        except BrokenFrameError as error:
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
        if "out of memory" in said or "OOM" in said:
            return PackProcessError(
                "the pack ran out of memory: it may use "
                f"{self._limits.heap_megabytes} MB for objects and "
                f"{self._limits.memory_megabytes} MB in all. Return smaller pages."
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
