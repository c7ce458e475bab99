"""The temporary relations that the commit reads, by name: who makes them and what they hold.

The stage, attached to the warehouse as `_stage`; made by `stage.Stage.load`. Column `cN` is number
N of the synced table's columns, `stage_row` numbers the rows in order of arrival.

- `parts` (part, sync, complete, unproven): the syncs whose pages these are. A full sync is
  `complete`; `unproven` is why a row that it lacks may still be there, NULL if such a row is gone.
- `upserts` (stage_row, sync, c0, c1, …): the rows that count, one for each id.
- `rejects` (stage_row, sync, id, problem, line, page): rows that cannot be typed.
- `bad_values` (stage_row, sync, id, problem, line, page): rows that count, though values that
  `problem` names have become NULL. Only where there are such.
- `deletes` (sync, id, rows_before): ids that the pack says are deleted.
- `deleted_where` (sync, rows_before, given, cN, …): values of properties of which the pack says
  that all rows with them are deleted. Only where there are such.
- `rows`: everything that was returned; `sync` is NULL where it does not count.
- `pages` (page, first_row, part): the pages with rows, and the `rowid` of the first of each.

Of one connection, made from the stage and the table by `commit.finding_changes`, `changed` also by
`commit.row_comparison`:

- `changed` (stage_row, sync, id, is_new): rows to insert, or to update.
- `deleted` (sync, id): rows to delete.
- `absent` (sync, id): rows that full syncs did not return, if some of them may have to stay;
  `deleted` has those that do not.
"""

from pack_sync.warehouse.identifiers import text_of

PARTS = "_stage.parts"
UPSERTS = "_stage.upserts"
REJECTS = "_stage.rejects"
BAD_VALUES = "_stage.bad_values"
DELETES = "_stage.deletes"
DELETED_WHERE = "_stage.deleted_where"
ROWS = "_stage.rows"
PAGES = "_stage.pages"

CHANGED = "changed"
DELETED = "deleted"
ABSENT = "absent"

FULL_SYNCS = f"(SELECT sync FROM {PARTS} WHERE complete)"
"""SQL: the syncs that returned all that there is."""

PROVEN_SYNCS = f"(SELECT sync FROM {PARTS} WHERE complete AND unproven IS NULL)"
"""SQL: the full syncs that prove a row to be gone by not returning it."""

REJECT_REASONS = f"(SELECT problem AS reason, {text_of('id')} AS row_id FROM {REJECTS})"
"""SQL: the rejected rows, as `reject_reasons.count_reasons` takes them."""

BAD_VALUE_REASONS = f"(SELECT problem AS reason, CAST(id AS VARCHAR) AS row_id FROM {BAD_VALUES})"
"""SQL: the rows with values that became NULL, as `reject_reasons.count_reasons` takes them."""

RESUMED = "resumed"
"""It was resumed after an interruption: rows may have moved to pages that were already read."""

REJECTED = "rejected"
"""It rejected a row whose id cannot be told: any row that it lacks may be that one."""
