"""A copy of a warehouse in another one, from which the next syncs go on.

Table by table, each in one transaction: its rows, where its syncs stand, and all else that the
ledger says of it. So a table and its position are of one moment, and a copy that is interrupted
goes on with the next table. Before the commit everything is read again and compared. A sync that
commits to the source later is not lost: in the copy it stands where it stood, and brings the same
changes again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from pack_sync.commit.copied_rows import (
    Checked,
    TableForm,
    check_rows,
    copy_rows,
    differing_columns,
    read_form,
)
from pack_sync.commit.copy_plan import CopyPlan, CopyRefusedError, PlannedTable
from pack_sync.ledger.copied_tables import CopyRecord, read_copies, record_copy
from pack_sync.ledger.ledger_copy import copy_ledger, ledger_states
from pack_sync.ledger.ledger_versions import create_ledger
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.side_by_side import SOURCE, side_by_side
from pack_sync.warehouse.storage_errors import StorageError


class CopyFailedError(StorageError):
    """A table cannot be copied exactly; the message says why. Nothing of it was copied."""


@dataclass(frozen=True, kw_only=True)
class CopiedTable:
    """A table that was copied and compared; None for rows of which there is no table."""

    key: SyncKey
    rows: int | None
    checksum: str | None


def copy_table(plan: CopyPlan, table: PlannedTable) -> CopiedTable:
    """Copy a table of the plan as it is now, with its ledger, in place of an earlier copy.

    Raises `CopyFailedError` when it cannot be exact, `CopyRefusedError` when the target was
    changed since the plan, and another `StorageError`.
    """
    try:
        with side_by_side(plan.source, plan.target) as connection:
            return _Copy(connection, plan, table).make()
    except duckdb.Error as error:
        reason = str(error).partition("\n")[0]
        raise CopyFailedError(f"{table.key} cannot be copied: {reason}") from error


@dataclass(frozen=True)
class _Copy:
    """One table's copy, in the open transaction."""

    connection: duckdb.DuckDBPyConnection
    plan: CopyPlan
    table: PlannedTable

    def make(self) -> CopiedTable:
        """Copy the table and its ledger, and compare both."""
        key = self.table.key
        create_ledger(self.connection)
        self._refuse_changed()
        form = read_form(self.connection, SOURCE, key)
        checked = self._copied_rows(form) if form else None
        copy_ledger(self.connection, key, source=SOURCE)
        copied = CopiedTable(
            key=key,
            rows=checked and checked.rows,
            checksum=checked and checked.checksum,
        )
        record = CopyRecord(
            source=self.plan.identity,
            source_address=str(self.plan.source.database),
            ledger=self._copied_ledger(),
            rows=copied.rows,
            checksum=copied.checksum,
            copied_at=datetime.now(UTC),
        )
        record_copy(self.connection, key, record)
        return copied

    def _refuse_changed(self) -> None:
        """Raise `CopyRefusedError` if somebody changed the target's table since the plan."""
        before, key = self.table.copied, self.table.key
        state = ledger_states(self.connection, only=key).get(key)
        if read_copies(self.connection).get(key) != before or state != (before and before.ledger):
            raise CopyRefusedError(
                f"{key} was changed in {self.plan.target.database} meanwhile, by a sync or by "
                "another copy; nothing of it was copied now"
            )

    def _copied_rows(self, form: TableForm) -> Checked:
        """Copy the rows; returns how many, and their checksum, which is that of the source's."""
        target, key = self.plan.target.database.name, self.table.key
        copy_rows(self.connection, form, SOURCE, target)
        expected = check_rows(self.connection, form, SOURCE)
        found = check_rows(self.connection, form, target)
        if read_form(self.connection, target, key) != form:
            raise CopyFailedError(
                f"{key}: {self.plan.target.database} made other columns than the table has in "
                f"{self.plan.source.database}; nothing of it was copied"
            )
        if found != expected:
            columns = differing_columns(self.connection, form, SOURCE, target)
            raise CopyFailedError(
                f"{key}: {self.plan.target.database} does not hold the same values in "
                f"{', '.join(columns) or 'all rows'}: {expected.rows:,} rows with checksum "
                f"{expected.checksum} became {found.rows:,} with {found.checksum}. Nothing of it "
                "was copied"
            )
        return expected

    def _copied_ledger(self) -> str:
        """The state of the table's ledger in the target, which is that in the source."""
        key = self.table.key
        expected = ledger_states(self.connection, database=SOURCE, only=key)[key]
        if ledger_states(self.connection, only=key).get(key) != expected:
            raise CopyFailedError(
                f"{key}: what the ledger says of it did not arrive unchanged; nothing was copied"
            )
        return expected
