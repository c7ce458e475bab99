"""Checking the tables of a pack by all rules."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pack_sync.check.blind_spots import BlindSpot, read_blind_spots, seen_of
from pack_sync.check.fakes import MakeFake, find_fake
from pack_sync.check.findings import CannotCheckError, Finding
from pack_sync.check.javascript_clock import with_service_clock
from pack_sync.check.python_source import PythonSource, python_files
from pack_sync.check.rules import rules_in_order
from pack_sync.check.source import Source, shown_path
from pack_sync.check.table_under_test import PackUnderTest, TableUnderTest
from pack_sync.check.typescript_source import TypeScriptSource, typescript_files
from pack_sync.runtimes.loader import files_of, load_pack, load_runtime, typescript_folder
from pack_sync.runtimes.runtime import PackRuntime


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What was found of a table; `unchecked` says why it could not be checked, if it could not.

    `declared` is what the pack says that the service does not tell, and what was seen of it.
    """

    table: str
    findings: Sequence[Finding] = ()
    unchecked: str | None = None
    declared: Sequence[BlindSpot] = ()


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
) -> Report:
    """Check these tables of a pack, or all of them.

    `make_fake` makes the service of a seed, else the pack's own fake is found. `tell` is given the
    name of each table before it is checked. Raises `PackDefinitionError` for a pack that cannot be
    loaded, and `CannotCheckError` for one that has no made-up service.
    """
    began = time.monotonic()
    pack = load_pack_under_test(name, make_fake)
    unknown = [table for table in tables if table not in pack.pack.sync_tables]
    if unknown:
        choices = ", ".join(pack.pack.sync_tables)
        raise CannotCheckError(f"{name} has no table {unknown[0]!r}; choose from {choices}")
    reports: list[TableReport] = []
    for table in tables or list(pack.pack.sync_tables):
        tell(table)
        reports.append(check_table(pack.table(table)))
    return Report(
        pack=name,
        tables=reports,
        seconds=time.monotonic() - began,
        questions=list(_questions(files_of(name))),
    )


def _questions(files: Iterable[Path]) -> Iterator[str]:
    """Where the comments are that begin with QUESTION."""
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip().startswith("# QUESTION:"):
                yield f"{shown_path(file)}:{number}"


def check_table(table: TableUnderTest) -> TableReport:
    """Check a table by all rules; one that breaks a basic rule by no others."""
    unchecked: str | None = None
    try:
        for each in rules_in_order():
            if each.basic or not table.broke_basic:
                table.take(each.findings(table))
    except CannotCheckError as error:
        unchecked = str(error)
    return TableReport(
        table=table.name,
        findings=table.found,
        unchecked=unchecked,
        declared=seen_of(table.blind_spots, table.excused),
    )


def load_pack_under_test(name: str, make_fake: MakeFake | None = None) -> PackUnderTest:
    """A pack, ready to be checked. Raises as `check_pack` does."""
    pack = load_pack(name)
    files = files_of(name)
    return PackUnderTest(
        name=name,
        pack=pack,
        runtime=with_service_clock(load_runtime(name)),
        load_afresh=lambda: _load_afresh(name, files),
        source=load_source(name),
        make_fake=make_fake or find_fake(name, pack, files[0].parent if files else None),
        is_python=typescript_folder(name) is None,
        blind_spots=read_blind_spots(name, pack),
    )


def load_source(name: str) -> Source:
    """The source of a pack. Raises `PackDefinitionError`."""
    folder = typescript_folder(name)
    if folder is not None:
        return TypeScriptSource(typescript_files(folder))
    return PythonSource(python_files(files_of(name)))


def _load_afresh(name: str, files: Sequence[Path]) -> PackRuntime:
    """The pack's code once more: modules of its files are imported anew, beside the old ones."""
    paths = {str(file) for file in files}
    old = {
        key: module
        for key, module in sys.modules.items()
        if getattr(module, "__file__", None) in paths
    }
    for key in old:
        del sys.modules[key]
    try:
        return with_service_clock(load_runtime(name))
    finally:
        for key in [k for k, m in sys.modules.items() if getattr(m, "__file__", None) in paths]:
            del sys.modules[key]
        sys.modules.update(old)
