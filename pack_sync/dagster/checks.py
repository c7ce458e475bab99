"""The asset checks of each table: nothing rejected or held, ids unique, cursor and increments."""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import dagster as dg

from pack_sdk.wording import counted
from pack_sync.commit.table_state import TableState, read_table_state
from pack_sync.dagster.audit_report import INCREMENTS_COMPLETE, increments_complete
from pack_sync.dagster.metadata import escaped, held_metadata, what_is_held
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.engine.outcome import SyncOutcome
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.warehouse import Warehouse

NO_REJECTED_ROWS = "no_rejected_rows"
NOTHING_HELD = "nothing_held"
IDS_UNIQUE = "ids_unique"
CURSOR_MOVED = "cursor_moved"
NO_WARNINGS = "no_warnings"

_DESCRIPTIONS = {
    NO_REJECTED_ROWS: "No row is kept in `_sync.rejected_rows` because it could not be stored.",
    NOTHING_HELD: "No full sync waits for a decision because it would delete too many rows.",
    IDS_UNIQUE: "No sync of the table has two rows with one id.",
    CURSOR_MOVED: "The last incremental sync moved the cursor, or brought nothing.",
    NO_WARNINGS: "The last sync found nothing odd in what the pack returned.",
    INCREMENTS_COMPLETE: "The last full sync found nothing that increments should have brought.",
}


def check_specs(asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """The checks as Dagster lists them."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=description)
        for name, description in _DESCRIPTIONS.items()
    ]


def no_rejected_rows(asset: dg.AssetKey, state: TableState) -> dg.AssetCheckResult:
    """The check's result: it warns of rejected rows and says why and what to do."""
    kept = state.rejects
    metadata: dict[str, Any] = {"sync/rejected_rows_kept": kept.count}
    if kept.count:
        name = state.name
        reasons = "\n".join(f"- {escaped(str(reason))}" for reason in kept.reasons)
        metadata["sync/reject_reasons"] = dg.MetadataValue.md(reasons)
        metadata["sync/remedy"] = dg.MetadataValue.md(
            f"See the rows with `packsync rejects {name}`. Fix the pack's schema, then apply the "
            f"rows that fit with `packsync rejects replay {name}`. Rows that are wrong at the "
            "source: fix them there; the next sync that brings good versions removes the rejects."
        )
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=NO_REJECTED_ROWS,
        passed=not kept.count,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=counted(kept.count, "rejected row is kept", "rejected rows are kept")
        if kept.count
        else None,
    )


def nothing_held(asset: dg.AssetKey, state: TableState) -> dg.AssetCheckResult:
    """The check's result: it fails while a full sync is held, and says what to do."""
    held = state.held
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=NOTHING_HELD,
        passed=not held.count,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata=held_metadata(held),
        description=what_is_held(held) if held.count else None,
    )


def ids_unique(asset: dg.AssetKey, state: TableState) -> dg.AssetCheckResult:
    """The check's result: an id that is there twice is a fault of the engine's, and an error."""
    repeated = state.repeated_ids
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=IDS_UNIQUE,
        passed=not repeated,
        metadata={"sync/repeated_ids": repeated},
        description=f"{counted(repeated, 'id is', 'ids are')} there twice; a full sync repairs it; "
        "please report it"
        if repeated
        else None,
    )


def cursor_moved(asset: dg.AssetKey, state: TableState) -> dg.AssetCheckResult:
    """The check's result: it warns of a cursor that stays where it is although rows came.

    The next sync would then bring the same rows again, and more of them each time.
    """
    run = state.last_run
    stuck = (
        run is not None
        and run.status == "succeeded"
        and run.mode == "incremental"
        and run.cursor_after is not None
        and run.cursor_after == run.cursor_before
        and run.inserted + run.updated + run.deleted > 0
    )
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=CURSOR_MOVED,
        passed=not stuck,
        severity=dg.AssetCheckSeverity.WARN,
        description="the incremental sync changed rows, but ended with the cursor that it began "
        "with; the pack's completion should say how far it came"
        if stuck
        else None,
    )


def no_warnings(asset: dg.AssetKey, state: TableState) -> dg.AssetCheckResult:
    """The check's result: it warns of what the last sync warned of."""
    warnings = (state.last_run.warnings if state.last_run else None) or ()
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=NO_WARNINGS,
        passed=not warnings,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(warnings) or None,
    )


_CHECKS: Mapping[str, Callable[[dg.AssetKey, TableState], dg.AssetCheckResult]] = {
    NO_REJECTED_ROWS: no_rejected_rows,
    NOTHING_HELD: nothing_held,
    IDS_UNIQUE: ids_unique,
    CURSOR_MOVED: cursor_moved,
    NO_WARNINGS: no_warnings,
    INCREMENTS_COMPLETE: lambda asset, state: increments_complete(asset, state.audits),
}


class Checks:
    """The checks that a run has selected, evaluated as its tables are synced."""

    def __init__(self, definition: PackTables, selected: AbstractSet[dg.AssetCheckKey]) -> None:
        self._definition = definition
        self._selected = selected
        self._remembered: dict[dg.AssetKey, SyncOutcome] = {}

    def of(self, asset: dg.AssetKey, outcome: SyncOutcome) -> list[dg.AssetCheckResult]:
        """The results to show with a materialization."""
        return self._results(asset, outcome.result.table)

    def state(self, asset: dg.AssetKey, warehouse: Warehouse) -> TableState:
        """How a table stands now."""
        key = self._key_of(asset)
        id_name = self._definition.table_of(key.table).schema.id_property
        with warehouse.read() as connection:
            return read_table_state(connection, key, id_name)

    def remember(self, asset: dg.AssetKey, outcome: SyncOutcome) -> None:
        """Take note of a partition's outcome: the checks are of the whole table, once a run."""
        last = self._remembered.setdefault(asset, outcome)
        if outcome.record.finished_at > last.record.finished_at:  # the order of their commits
            self._remembered[asset] = outcome

    def at_the_end(
        self,
        synced: AbstractSet[dg.AssetKey],
        as_they_are: AbstractSet[dg.AssetKey],
        warehouse: Warehouse,
    ) -> Iterator[dg.AssetCheckResult]:
        """What is still to be told: of tables whose partitions were synced.

        And of those that are to be looked at as they are: whose checks were selected without
        the tables, which are held, or which another run has synced. `synced` are the tables
        that the run was to sync.
        """
        selected = {key.asset_key for key in self._selected}
        for asset in sorted((selected - synced) | as_they_are):
            yield from self._results(asset, self.state(asset, warehouse))
        for asset, outcome in self._remembered.items():
            if asset not in as_they_are:
                yield from self.of(asset, outcome)

    def _key_of(self, asset: dg.AssetKey) -> SyncKey:
        table = self._definition.tables_by_key[asset]
        return SyncKey(pack=self._definition.name, table=table)

    def _results(self, asset: dg.AssetKey, state: TableState) -> list[dg.AssetCheckResult]:
        return [
            check(asset, state)
            for name, check in _CHECKS.items()
            if dg.AssetCheckKey(asset, name) in self._selected
        ]
