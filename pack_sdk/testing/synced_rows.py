"""What a sync in a test brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pack_sdk.deletions import deletes_row
from pack_sdk.results import CheckedResult, Completion
from pack_sdk.row_values import value_of_property
from pack_sdk.sync_table import SyncTable
from pack_sdk.testing.rows import RejectedRow, fields_of, find_problem


@dataclass(frozen=True, kw_only=True)
class SyncedRows:
    """One sync, full or incremental: its pages, and what follows from them."""

    table: SyncTable
    incremental: bool
    pages: Sequence[CheckedResult]

    @property
    def rows(self) -> list[Any]:
        """The rows of all pages, as the pack returned them, in their order."""
        return [row for page in self.pages for row in page.rows]

    @property
    def ids(self) -> list[Any]:
        """The ids of the rows, in their order; None where a row has none."""
        return [self._id_of(row) for row in self.rows]

    @property
    def deleted_row_ids(self) -> list[Any]:
        """What `deletedRowIds` of all pages has, in their order: ids, or properties (C9)."""
        return [row_id for page in self.pages for row_id in page.deleted_row_ids]

    @property
    def completion(self) -> Completion | None:
        """What the last page left: give it to the next sync as `previous_completion` (C6)."""
        return self.pages[-1].completion

    @property
    def cursor(self) -> Any:
        """The cursor that the next sync would start from; None: it would be a full one (C6, D3)."""
        return self.completion.incremental_continuation if self.completion else None

    @property
    def has_incomplete_results(self) -> bool:
        """Whether the engine would discard all this and sync fully at once (contract C8).

        Only an incremental sync can ask for that; in a full one the flag is ignored.
        """
        completion = self.completion
        return self.incremental and completion is not None and completion.has_incomplete_results

    @property
    def rejected(self) -> list[RejectedRow]:
        """The rows that the engine would reject, as far as that shows without a database (S4).

        Those that are no object, have no usable id, lack a `required` property, or have a
        property of another kind of JSON. Whether a value becomes its column's type, such as
        a text a date, is only known to the engine: `packsync preview` shows it.
        """
        return [
            RejectedRow(row=row, page=number, problem=problem)
            for number, page in enumerate(self.pages, 1)
            for row in page.rows
            if (problem := find_problem(row, self.table.schema))
        ]

    def applied_to(self, before: Mapping[Any, Any] | None = None) -> dict[Any, Any]:
        """The table by id after this sync, if it held `before` (contract C9, C10, D1).

        A full sync replaces everything. On each page deletes go first. Rejected rows leave
        the earlier version as it is; of incomplete results nothing is applied (C8).
        """
        if self.has_incomplete_results:
            return dict(before or {})
        after = dict(before or {}) if self.incremental else {}
        for page in self.pages:
            for told in page.deleted_row_ids:
                for row_id in self._deleted_by(told, after):
                    after.pop(row_id, None)
            for row in page.rows:
                if find_problem(row, self.table.schema) is None:
                    after[self._id_of(row)] = row
        return after

    def _deleted_by(self, told: Any, rows: Mapping[Any, Any]) -> list[Any]:
        """The ids of the rows that are meant by an id, or by properties."""
        if not isinstance(told, Mapping):
            return [told]
        properties = cast("Mapping[str, Any]", told)
        return [
            row_id
            for row_id, row in rows.items()
            if deletes_row(properties, {name: self._value(row, name) for name in properties})
        ]

    def _id_of(self, row: Any) -> Any:
        return self._value(row, self.table.id_property)

    def _value(self, row: Any, name: str) -> Any:
        return value_of_property(fields_of(row) or {}, self.table.schema, name)
