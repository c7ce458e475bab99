"""The asset check of each table: no rejected rows are kept (contract S4)."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import dagster as dg

from resources.warehouse.ledger import SyncKey
from resources.warehouse.rejects import RejectSummary, summarize_rejects
from resources.warehouse.warehouse import Warehouse
from sync_assets.engine.outcome import SyncOutcome
from sync_assets.pack_assets import PackAssets

NO_REJECTED_ROWS = "no_rejected_rows"


def no_rejected_rows_spec(asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """The check as Dagster lists it."""
    return dg.AssetCheckSpec(
        NO_REJECTED_ROWS,
        asset=asset,
        description="No row is kept in `_sync.rejected_rows` because it could not be stored.",
    )


def no_rejected_rows(
    asset: dg.AssetKey, table: SyncKey, kept: RejectSummary
) -> dg.AssetCheckResult:
    """The check's result: it warns of rejected rows and says why and what to do."""
    metadata: dict[str, Any] = {"sync/rejected_rows_kept": kept.count}
    if kept.count:
        reasons = "\n".join(f"- {_escaped(str(reason))}" for reason in kept.reasons)
        metadata["sync/reject_reasons"] = dg.MetadataValue.md(reasons)
        metadata["sync/remedy"] = dg.MetadataValue.md(
            f"See the rows with `packsync rejects {table}`. Mend the pack's schema, then apply "
            f"the rows that fit with `packsync rejects replay {table}`. Rows that are wrong at the "
            "source: mend them there; the next sync that brings them good forgets the rejects."
        )
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=NO_REJECTED_ROWS,
        passed=not kept.count,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=metadata,
        description=f"{kept.count:,} rejected rows are kept" if kept.count else None,
    )


class Checks:
    """The checks that a run has selected, evaluated as its tables are synced."""

    def __init__(self, definition: PackAssets, selected: AbstractSet[dg.AssetCheckKey]) -> None:
        self._definition = definition
        self._selected = {key.asset_key for key in selected if key.name == NO_REJECTED_ROWS}
        self._remembered: dict[dg.AssetKey, SyncOutcome] = {}

    def of(self, asset: dg.AssetKey, outcome: SyncOutcome) -> list[dg.AssetCheckResult]:
        """The results to show with a materialization."""
        if asset not in self._selected:
            return []
        return [no_rejected_rows(asset, self._key_of(asset), outcome.kept_rejects)]

    def remember(self, asset: dg.AssetKey, outcome: SyncOutcome) -> None:
        """Take note of a partition's outcome: the check is of the whole table, once a run."""
        last = self._remembered.setdefault(asset, outcome)
        if outcome.record.finished_at > last.record.finished_at:  # the order of their commits
            self._remembered[asset] = outcome

    def remembered(self) -> Iterator[dg.AssetCheckResult]:
        """The results of the tables whose partitions were synced."""
        for asset, outcome in self._remembered.items():
            yield from self.of(asset, outcome)

    def without_sync(
        self, synced: AbstractSet[dg.AssetKey], warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckResult]:
        """The results of the checks that were selected without their tables."""
        for asset in sorted(self._selected - synced):
            with warehouse.read() as connection:
                kept = summarize_rejects(connection, self._key_of(asset))
            yield no_rejected_rows(asset, self._key_of(asset), kept)

    def _key_of(self, asset: dg.AssetKey) -> SyncKey:
        table = self._definition.tables_by_key[asset]
        return SyncKey(pack=self._definition.name, table=table)


def _escaped(text: str) -> str:
    """A reason as markdown: it quotes values, which may hold any characters."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in line)
