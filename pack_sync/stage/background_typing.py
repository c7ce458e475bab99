"""Typing the first rows of a sync while its next pages are still being fetched.

Fetching and spooling is Python's work and takes one core; typing is DuckDB's, which lets go of
Python's lock. Side by side, a large sync takes little longer than its fetching. A small one
does not come to it: there is no thread before a first file of rows is whole.
"""

import queue
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool
from pack_sync.stage.row_conversion import BadValues
from pack_sync.stage.stage import Stage
from pack_sync.warehouse.warehouse import Warehouse

MOST_ROWS_IN_MEMORY = 10_000
"""A stage of more rows is a file."""

_FEW_BYTES = 1024 * 1024
"""Rows of so few bytes are typed by one thread."""


class BackgroundTyping:
    """Types the files of a spool as they become whole.

    Use as a context manager around the collecting of one sync, and around all that is done with
    its `stage`. Leaving it ends the thread and closes the stage.
    """

    def __init__(
        self,
        path: Path,
        schema: Schema,
        spool: Spool,
        sync: str,
        warehouse: Warehouse,
        bad_values: BadValues = "reject",
    ) -> None:
        """Make the stage at `path`; `sync` is the name of the sync whose pages the spool holds."""
        self._new_stage = partial(
            Stage, path, schema, memory_limit=warehouse.memory_limit, bad_values=bad_values
        )
        self._warehouse = warehouse
        self._spool = spool
        self._sync = sync
        self._stage: Stage | None = None
        self._thread: threading.Thread | None = None
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ending = False
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        self._spool.on_whole_file = self._file_is_whole
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._spool.on_whole_file = None
        self._ending = True
        if self._thread is not None and self._stage is not None:
            self._stage.interrupt()
        self._end_thread()
        if self._stage is not None:
            self._stage.__exit__(kind, error, traceback)

    def finish(self) -> Stage:
        """The stage, in which rows of whole files may be: what is missing is yet to be loaded.

        Raises what went wrong in the thread (see `Stage.load`).
        """
        self._end_thread()
        if self._error is not None:
            raise self._error
        if self._stage is None:
            spool, warehouse = self._spool, self._warehouse
            self._stage = self._new_stage(
                in_memory=spool.row_count <= MOST_ROWS_IN_MEMORY and not warehouse.busy,
                few_rows=spool.longest_page * spool.page_count <= _FEW_BYTES,
            )
        return self._stage

    def _file_is_whole(self) -> None:
        """Have it typed. Called where pages are spooled, which stops if typing has failed."""
        if self._error is not None:
            raise self._error
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"typing of {self._sync}")
            self._thread.start()
        self._calls.put(None)

    def _end_thread(self) -> None:
        """Let the thread end after its present files: for the rest there are all cores."""
        self._ending = True
        self._calls.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        try:
            self._stage = self._new_stage()
            while not self._ending:
                self._stage.load_early(self._spool, self._sync)
                self._calls.get()
        except Exception as error:
            self._error = error
