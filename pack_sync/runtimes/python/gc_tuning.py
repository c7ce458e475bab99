"""Python's garbage collector, while the rows of packs come and go.

A page is thousands of objects, and the collector runs at every 700 new ones. Some of its runs
look at all objects of the process, which with Dagster in it took longer than parsing the page.
Rows need no collector: they end with their last reference.
"""

import gc
import threading

NEW_OBJECTS = 50_000
"""By how many objects there must be more for the collector to run: 10 to 20 MB of them."""


class _RareCollections:
    """The collector's threshold is the process's; any number of syncs may want it raised.

    Not a generator with `contextmanager`: that writes to the exception that passes through it,
    which fails on a frozen one, and a pack may raise any.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._syncs = 0
        self._before = gc.get_threshold()

    def __enter__(self) -> None:
        with self._lock:
            self._syncs += 1
            if self._syncs == 1:
                self._before = gc.get_threshold()
                if 0 < self._before[0] < NEW_OBJECTS:
                    gc.set_threshold(NEW_OBJECTS, *self._before[1:])

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._syncs -= 1
            if self._syncs == 0:
                gc.set_threshold(*self._before)


rare_collections = _RareCollections()
"""Collect garbage more rarely; several may ask for it at once, and the last sets it back.

A process that has the collector off, or rarer already, keeps it so.
"""
