"""A sync while the disk fills up: run in a process that has a small disk of its own.

    python -m tests.engine.small_disk FOLDER ROWS KILOBYTES…

FOLDER is on the small disk; stages of more than ROWS rows are files. Prints, as JSON, what
happened with so many kilobytes left.
"""

import itertools
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.stage import background_typing
from tests.engine.sync_harness import Engine, Scripted

ROWS = 1_500
"""How many rows of about a hundred bytes a page brings."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A sync with so little room: its error, and what was found afterwards.

    `changed` says whether rows or cursors are other than before; `left` are the folders
    of spools; `good` whether the next sync, with room again, brought all rows and moved the cursor.
    """

    free: int
    error: str
    changed: bool
    left: list[str]
    good: bool


class SmallDisk:
    """The disk of a folder, which can be filled but for so many bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / "ballast"

    def leave(self, free: int) -> None:
        """Fill the disk but for so many bytes."""
        room = shutil.disk_usage(self._folder).free - free
        with self._ballast.open("wb") as file:
            file.write(bytes(max(room, 0)))

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


def page_of(cursor: int) -> dict[str, Any]:
    """The last page of a sync; every sync changes all rows."""
    rows = [{"id": str(n), "name": f"{cursor} {n} " + "x" * 80} for n in range(ROWS)]
    return {"result": rows, "completion": {"incrementalContinuation": cursor}}


def trials(folder: Path, amounts: Iterable[int]) -> Iterator[Trial]:
    """Sync with each of these amounts of free space, and then with all there is."""
    engine = Engine(folder=folder, execute=Scripted(page_of(0)))
    engine.sync()
    number = itertools.count()
    for free in amounts:
        for full_at_first in (False, True):
            cursor = 2 * next(number) + 1
            yield trial(engine, SmallDisk(folder), free, cursor, full_at_first=full_at_first)


def trial(engine: Engine, disk: SmallDisk, free: int, cursor: int, *, full_at_first: bool) -> Trial:
    """A sync during which the disk fills up, or that finds it full, and the next one."""

    def filling(*_: Any) -> dict[str, Any]:
        disk.leave(free)
        return page_of(cursor)

    # A page was fetched before the disk filled up: there is something to lose.
    first = {"result": [{"id": "new", "name": "of the first page"}], "continuation": 1}
    engine.execute = Scripted(first, filling)
    before, error = engine.state(), ""
    if full_at_first:
        disk.leave(free)
    try:
        engine.sync()
    except SyncFailedError as failure:
        error = str(failure)
    changed = engine.state() != before
    left = sorted(path.name for path in engine.spools.rglob("spool-*"))
    disk.clear()
    engine.execute = Scripted(page_of(cursor + 1))
    engine.sync("full")
    expected = {row["id"]: row["name"] for row in page_of(cursor + 1)["result"]}
    good = engine.names() == expected and engine.position().cursor == cursor + 1
    return Trial(free=free, error=error, changed=changed, left=left, good=good)


if __name__ == "__main__":
    background_typing.MOST_ROWS_IN_MEMORY = int(sys.argv[2])
    found = trials(Path(sys.argv[1]), (1024 * int(kilobytes) for kilobytes in sys.argv[3:]))
    json.dump([asdict(trial) for trial in found], sys.stdout)
