"""Dying at a chosen moment: every step that writes is counted, and one of them is the last.

Steps are seen from outside the product's code: what the interpreter reports of files being
made, renamed, cut and removed (audit events), the files that the spool writes, and the
statements that DuckDB executes. A step may be cut in half, and a timer of the kernel may end the
process in the middle of a call, such as a commit.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn, TypeAlias

import duckdb

from pack_sync.spool import spool

How: TypeAlias = Literal["before", "half", "after", "timer"]
HOWS: tuple[How, ...] = ("before", "half", "after")
HALVES = "write "
"""What steps begin with that can be done by halves."""
SIGNALS = (signal.SIGKILL, signal.SIGALRM)
"""What a process dies of here; it handles neither."""

PID_FILE = "TEST_POSTGRES_PID_FILE"
"""The environment variable that says where the process of the Postgres to kill is noted."""


@dataclass(frozen=True, kw_only=True)
class Kill:
    """When to die: at step `step` (from 0) of a process, and how.

    `half` is `before` for what cannot be done by halves; `timer` is so many microseconds
    after the step began. If `postgres`, not the process dies but the Postgres it works with.
    """

    step: int
    how: How = "before"
    microseconds: int = 0
    postgres: bool = False

    def __str__(self) -> str:
        late = f" {self.microseconds} µs" if self.how == "timer" else ""
        return f"{self.how}{late} step {self.step}{' of Postgres' if self.postgres else ''}"


@dataclass
class Steps:
    """Counts the steps of this process, and ends it at the chosen one."""

    folder: Path
    kill: Kill | None
    seen: list[str] = field(default_factory=list[str])

    def step(self, what: str, act: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """Do something that writes, unless, or until, this is the moment to die."""
        kill = self.kill if self.kill and self.kill.step == len(self.seen) else None
        self.seen.append(what)
        if kill is not None and kill.postgres:
            return _without_postgres(kill, act)
        if kill is not None and kill.how == "timer":  # the kernel ends a process without a handler
            signal.setitimer(signal.ITIMER_REAL, max(kill.microseconds, 1) / 1e6)
        elif kill is not None:
            if kill.how == "half" and half is not None:
                half()
            elif kill.how == "after":
                act()
            die()
        return act()

    def watch(self) -> None:
        """See every step from now on."""
        sys.addaudithook(self._audit)
        opened, connect = spool._opened, duckdb.connect  # pyright: ignore[reportPrivateUsage]
        spool._opened = lambda path: _File(opened(path), path.name, self)  # pyright: ignore
        duckdb.connect = lambda *a, **k: _Connection(connect(*a, **k), self)  # pyright: ignore

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        """A file operation that is about to happen."""
        if event not in {"os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.truncate"}:
            return
        path = Path(str(args[0]))  # while a tree is removed it is a bare name
        if path.is_relative_to(self.folder) or not path.is_absolute():
            self.step(f"{event} {path.name.partition('-')[0]}", lambda: None)


def die() -> NoReturn:
    """End this process at once; what was written to files is with the kernel and stays."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nothing outlives SIGKILL")


def _without_postgres(kill: Kill, act: Callable[[], Any]) -> Any:
    """Do something while Postgres dies, before, after or in the midst of it."""
    if kill.how == "timer":
        threading.Timer(kill.microseconds / 1e6, kill_postgres).start()
    elif kill.how == "before":
        kill_postgres()
    done = act()
    if kill.how in ("after", "half"):
        kill_postgres()
    return done


def kill_postgres() -> None:
    """End the Postgres of `PID_FILE` as if its machine lost power, unless it is down already."""
    try:
        process = int(Path(os.environ[PID_FILE]).read_text().partition("\n")[0])
        os.kill(process, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass


class _File:
    """A file of the spool whose writes are steps."""

    def __init__(self, file: BinaryIO, name: str, steps: Steps) -> None:
        self._file = file
        self._name = name
        self._steps = steps

    def write(self, data: bytes) -> int:
        def act() -> int:
            written = self._file.write(data)
            self._file.flush()
            return written

        def half() -> None:
            self._file.write(data[: len(data) // 2])
            self._file.flush()

        return self._steps.step(f"write {self._name}", act, half)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class _Connection:
    """A connection to DuckDB whose statements are steps."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, steps: Steps) -> None:
        self._connection = connection
        self._steps = steps

    def execute(self, query: str, *args: Any) -> Any:
        what = " ".join(query.split())[:60]
        return self._steps.step(what, lambda: self._connection.execute(query, *args))

    def cursor(self) -> "_Connection":
        return _Connection(self._connection.cursor(), self._steps)

    def commit(self) -> Any:
        return self._steps.step("COMMIT", self._connection.commit)

    def close(self) -> None:
        self._steps.step("CLOSE", self._connection.close)

    def __enter__(self) -> "_Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
