"""Checking one table of a pack by all rules."""

from collections.abc import Sequence
from dataclasses import dataclass

from pack_sync.check.blind_spots import BlindSpot, seen_of
from pack_sync.check.findings import CannotCheckError, Finding
from pack_sync.check.rules import rules_in_order
from pack_sync.check.table_under_test import TableUnderTest


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What was found of a table; `unchecked` says why it could not be checked, if it could not.

    `declared` is what the pack says that the service does not tell, and what was seen of it.
    """

    table: str
    findings: Sequence[Finding] = ()
    unchecked: str | None = None
    declared: Sequence[BlindSpot] = ()


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
