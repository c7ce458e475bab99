"""Checking the tables of a pack in several processes at once: a check is nearly all computing."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path

from pack_sync.check.checked_table import TableReport, check_table
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.loading import load_pack_under_test
from pack_sync.check.table_under_test import PackUnderTest
from pack_sync.project import current_project, use_project

_TABLES_EACH = 2
"""A process with fewer to check is not worth its start, of about a second."""

_MOST = 8
"""Each takes some 200 MB."""


def processes_for(tables: int) -> int:
    """In how many processes that many tables are best checked on this machine."""
    return min(_MOST, os.cpu_count() or 1, tables // _TABLES_EACH)


def check_in_processes(
    name: str, tables: Sequence[str], processes: int, tell: Callable[[str], object]
) -> Iterator[TableReport]:
    """The reports of these tables, in their order; `tell` is given the name of each before its own.

    The pack is one whose service `find_fake` finds. Raises `CannotCheckError` if a process ends.
    """
    with ProcessPoolExecutor(
        processes,
        multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(current_project().root,),
    ) as pool:
        reports = [pool.submit(_check, name, table) for table in tables]
        for table, report in zip(tables, reports, strict=True):
            tell(table)
            try:
                yield report.result()
            except BrokenProcessPool:
                raise CannotCheckError(
                    f"a process that checked tables of {name} ended before it was done; was "
                    "memory short, or does the pack end its process? Check them one at a time: "
                    f"packsync check {name} {table}"
                ) from None
            except BaseException:
                for each in multiprocessing.active_children():
                    each.terminate()
                raise


def _begin(project: Path) -> None:
    """End with Ctrl-C without a word, and with the process that asked, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    use_project(project)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _check(name: str, table: str) -> TableReport:
    return check_table(_pack(name).table(table))


@cache
def _pack(name: str) -> PackUnderTest:
    return load_pack_under_test(name)
