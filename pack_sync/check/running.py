"""Checking the tables of a pack by all rules."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pack_sync.check.checked_table import TableReport, check_table
from pack_sync.check.fakes import MakeFake
from pack_sync.check.findings import CannotCheckError, Finding
from pack_sync.check.loading import load_pack_under_test
from pack_sync.check.processes import check_in_processes, processes_for
from pack_sync.check.source import shown_path
from pack_sync.check.table_under_test import PackUnderTest
from pack_sync.runtimes.loader import files_of


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found of a pack, and how long that took.

    `questions` are the places, as `file:line`, where `packsync new` asked what nobody has answered.
    """

    pack: str
    tables: Sequence[TableReport]
    seconds: float = 0
    questions: Sequence[str] = ()

    @property
    def findings(self) -> list[Finding]:
        """Those of all tables."""
        return [finding for table in self.tables for finding in table.findings]

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, 1 if something is, 2 if a table could not be checked."""
        if any(finding.level == "error" for finding in self.findings):
            return 1
        return 2 if any(table.unchecked for table in self.tables) else 0


def check_pack(
    name: str,
    tables: Sequence[str] = (),
    *,
    make_fake: MakeFake | None = None,
    tell: Callable[[str], object] = lambda _: None,
    in_processes: bool = False,
) -> Report:
    """Check these tables of a pack, or all of them.

    `make_fake` makes the service of a seed, else the pack's own fake is found. `tell` is given the
    name of each table before its report is waited for. `in_processes` checks several tables at
    once, if there are enough, and no `make_fake` is given. Raises `PackDefinitionError` for a pack
    that cannot be loaded, and `CannotCheckError` for one that has no made-up service.
    """
    began = time.monotonic()
    pack = load_pack_under_test(name, make_fake)
    unknown = [table for table in tables if table not in pack.pack.sync_tables]
    if unknown:
        choices = ", ".join(pack.pack.sync_tables)
        raise CannotCheckError(f"{name} has no table {unknown[0]!r}; choose from {choices}")
    chosen = tables or list(pack.pack.sync_tables)
    processes = processes_for(len(chosen)) if in_processes and make_fake is None else 1
    if processes > 1:
        reports = list(check_in_processes(name, chosen, processes, tell))
    else:
        reports = list(_check_here(pack, chosen, tell))
    return Report(
        pack=name,
        tables=reports,
        seconds=time.monotonic() - began,
        questions=list(_questions(files_of(name))),
    )


def _check_here(
    pack: PackUnderTest, tables: Sequence[str], tell: Callable[[str], object]
) -> Iterator[TableReport]:
    for table in tables:
        tell(table)
        yield check_table(pack.table(table))


def _questions(files: Iterable[Path]) -> Iterator[str]:
    """Where the comments are that begin with QUESTION."""
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip().startswith("# QUESTION:"):
                yield f"{shown_path(file)}:{number}"
