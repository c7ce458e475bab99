"""What a sync wants to commit, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pack_sync.commit.change_samples import OnChanges
from pack_sync.commit.delete_guard import KeptChildren
from pack_sync.commit.row_changes import UnconfirmedRows
from pack_sync.commit.row_sample import RowSample, SampleColumns
from pack_sync.commit.table_state import TableState
from pack_sync.ledger.cursors import PositionChange
from pack_sync.ledger.leases import Lease
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.settings import DeleteGuard
from pack_sync.stage.column_types import Column


@dataclass(frozen=True, kw_only=True)
class CommitRequest:
    """What a sync, or a batch of crawled ones, wants to commit.

    `changes` hold where each sync started from and where it stands afterwards: if one has
    moved meanwhile, nothing is applied. `keep_syncs`, where given, are all the syncs that
    the table may have: rows of others go. Full syncs that `guard` does not let pass are not
    applied, nor is anything that comes with them; without a guard all pass (contract D8).
    `lease` is given back with the commit. `sample` are the columns of the sample of changed
    rows; without any there is none. `on_changes` is shown what is about to be changed. With
    `count_sync` the rows of the sync are counted too. `confirm_deletes` is how many full syncs in a
    row must lack a row before it is deleted. `description` is the table's.
    """

    key: SyncKey
    changes: Sequence[PositionChange]
    record: RunRecord
    keep_syncs: Sequence[str] | None = None
    guard: DeleteGuard | None = None
    lease: Lease | None = None
    sample: SampleColumns = field(default_factory=SampleColumns)
    on_changes: OnChanges | None = None
    count_sync: bool = False
    confirm_deletes: int = 1
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class CommitResult:
    """What was committed, and how the table stands then; all who show it read it here.

    `record` is the ledger's line with its counts. `columns` are the table's, without the hidden
    ones; `schema_changes` says in words how they changed. `removed` counts the rows of syncs
    that the table no longer has, `kept_children` those that the guard keeps. `unconfirmed` are rows
    that a full sync did not return and that stay all the same. `row_count` is of the whole table;
    `sync_rows` counts the rows of the sync itself, if asked for. `sample` holds some changed rows.
    """

    record: RunRecord
    columns: Sequence[Column]
    schema_changes: Sequence[str]
    removed: int
    unconfirmed: UnconfirmedRows
    kept_children: KeptChildren | None
    row_count: int
    sync_rows: int | None
    sample: RowSample
    table: TableState
