"""Opening a DuckDB file that another process may have: waiting for it, and saying who has it."""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb
import tenacity

from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.served_file import find_server
from pack_sync.warehouse.storage_errors import ServedError, WarehouseLockedError

T = TypeVar("T")

LEAST_WAIT_SECONDS = 0.5
"""How long whoever opens the file waits at least for another process, which may be done soon."""

_FORGOTTEN_AFTER_SECONDS = 10.0
"""Of what was so long ago nobody knows whether it is still so."""


class OtherHolder:
    """Another process that has the file: for how long, as far as this one has seen.

    All here wait for the same, so they wait once: where one has waited in vain, those after it,
    who would only say that it failed, need not wait as long again.
    """

    def __init__(self) -> None:
        self._since = self._seen = float("-inf")

    def has_it(self) -> float:
        """Take note that it has the file now; for how many seconds it has had it."""
        now = time.monotonic()
        if now - self._seen > _FORGOTTEN_AFTER_SECONDS:
            self._since = now
        self._seen = now
        return now - self._since

    def is_gone(self) -> None:
        """Take note that the file is free."""
        self._seen = float("-inf")


_others: dict[Path, OtherHolder] = {}
_others_lock = threading.Lock()


def attach_file(
    instance: Instance, address: str, path: Path, name: str, wait_seconds: float, *options: str
) -> None:
    """Attach what is at an address, all or a part of which is the DuckDB file at the path.

    Raises as `wait_for_file` does.
    """
    wait_for_file(path, wait_seconds, lambda: instance.attach(address, name, *options))


def wait_for_file(path: Path, wait_seconds: float, open_file: Callable[[], T]) -> T:
    """Open a DuckDB file that another process may have; returns what `open_file` does.

    Raises `WarehouseLockedError` when another process has the file for longer than so many
    seconds, or `ServedError` as soon as a server has it, and `duckdb.Error`.
    """
    with _others_lock:
        other = _others.setdefault(path.absolute(), OtherHolder())
    least = min(LEAST_WAIT_SECONDS, wait_seconds)

    def waited(state: tenacity.RetryCallState) -> bool:
        enough = other.has_it() >= wait_seconds
        return enough and (state.seconds_since_start or 0) >= least

    waiting = tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda error: _is_lock_conflict(error) and find_server(path) is None
        ),
        wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
        stop=waited,
        reraise=True,
    )
    try:
        opened = waiting(open_file)
    except duckdb.Error as error:
        if not _is_lock_conflict(error):
            raise
        if find_server(path) is not None:
            raise ServedError(f"`packsync serve` has opened {path} a moment ago") from error
        raise WarehouseLockedError(_locked(path, wait_seconds, str(error))) from error
    other.is_gone()
    return opened


def _locked(path: Path, wait_seconds: float, reason: str) -> str:
    """Who has the file, and what to do."""
    waited = f"was not free within {wait_seconds:g} s"
    if _IN_THIS_PROCESS in reason:
        return (
            f"{path} is open in this process by a connection that is not ours and {waited}"
            ". Close that connection (duckdb.connect in a notebook or an asset), or read the "
            f"file with `Warehouse.read` there. {reason}"
        )
    holder = _command_of_holder(reason)
    return (
        f"{path} is kept by another process{holder} and {waited}. Close the program that "
        "has it open (an SQL shell, a notebook), or open it there with read_only for short "
        f"moments.{'' if holder else f' {reason}'}"
    )


_IN_THIS_PROCESS = "Unique file handle conflict"
"""DuckDB's words for a file that another connection of the process has open."""


def _is_lock_conflict(error: BaseException) -> bool:
    """Whether another process has the file, or something else in this one."""
    text = str(error)
    return isinstance(error, duckdb.Error) and (
        "Could not set lock" in text or _IN_THIS_PROCESS in text
    )


def _command_of_holder(message: str) -> str:
    """What the process that DuckDB names by its number was started as, where Linux tells.

    Only up to the program's file or module: what follows may be a password.
    """
    found = re.search(r"\(PID (\d+)\)", message)
    if found is None:
        return ""
    try:
        words = Path("/proc", found[1], "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    shown = words[: 3 if words[1:2] == ["-m"] else 2]
    if shown[1:2] == ["-c"] or "=" in shown[-1]:
        shown = shown[:1]
    return f" ({' '.join(word for word in shown if word)[:200]}, process {found[1]})"
