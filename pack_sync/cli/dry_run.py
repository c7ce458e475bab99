"""`packsync sync --dry-run`: what a sync would do, told and not done."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dagster as dg
import orjson

from pack_sdk.wording import counted
from pack_sync.cli.context import warehouse_resource
from pack_sync.cli.terminal import console, errors, fail
from pack_sync.commit.change_samples import UpdatedRow, Values
from pack_sync.dagster.assets import WAREHOUSE
from pack_sync.dagster.audit_report import audit_metadata
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import sync_job_of
from pack_sync.engine.dry_run import DryRunResult, dry_run_syncs
from pack_sync.engine.full_or_incremental import MODE_TAG, ModeRequest
from pack_sync.engine.sync_job import LogLevel
from pack_sync.engine.sync_tables import LogLine, TableFailed, TableRuns
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.ledger.sync_runs import RunRecord

_LONGEST_VALUE = 60


def dry_run(
    component: PackSyncComponent,
    definition: PackTables,
    tables: Sequence[str],
    *,
    full: bool,
    rows: int,
    debug: bool = False,
) -> None:
    """Run the syncs without writing, and show what each would do; exit with 1 if one would fail.

    With `debug`, tracebacks and lines of level DEBUG as well.
    """
    request = ModeRequest(run_tags={MODE_TAG: "full"} if full else {})
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    failing: list[DryRunResult] = []
    with dg.build_resources(resources) as built:
        pack = getattr(built, definition.resource_key)
        runs = TableRuns(max_parallel=pack.max_parallel_tables)
        keys = [
            SyncKey(pack=definition.name, table=table, sync=sync)
            for table in tables
            for sync in definition.syncs_of(table)
        ]
        syncs = [sync_job_of(definition, key, pack, built.warehouse, runs, None) for key in keys]
        for event in dry_run_syncs(
            runs, syncs, built.warehouse.open(), request, rows=rows, spool=built.warehouse.spool
        ):
            if isinstance(event, LogLine):
                if debug or event.level != "debug":
                    _log(event.level, _would(event.message))
                continue
            if debug and isinstance(event.ending, TableFailed) and event.ending.details:
                _log("debug", f"{event.ending.key}: {event.ending.details}")
            for line in _lines_of(event):
                text = event.sync.connection.redactor.redact(line)
                console.print(text, markup=False, highlight=False, soft_wrap=True)
            if not event.succeeds:
                failing.append(event)
    console.print("Nothing was written: this was a dry run.")
    if failing:
        fail(f"{len(failing)} of {len(syncs)} syncs would fail or be held")


def _log(level: LogLevel, message: str) -> None:
    line = f"{datetime.now():%H:%M:%S} {'' if level == 'info' else f'{level}: '}{message}"
    errors.print(line, markup=False, highlight=False, soft_wrap=True)


def _lines_of(result: DryRunResult) -> list[str]:
    ending, sample = result.ending, result.sample
    lines: list[str] = []
    if isinstance(ending, TableFailed):
        lines += [f"{ending.key} would {'be held' if ending.held else 'fail'}: {ending.message}"]
    else:
        record = ending.outcome.record
        lines += [f"{ending.key} would succeed: {_counts(record)}"]
        lines += [f"  mode     {record.mode}, because {record.mode_reason}"]
        if result.sync.crawl is None:
            lines += [f"  cursor   {_json(record.cursor_before)} → {_json(record.cursor_after)}"]
        if summary := audit_metadata(record).get("audit/summary"):
            lines += [f"  audit    {summary}"]
        lines += [f"  columns  {change}" for change in ending.outcome.result.schema_changes]
        lines += [f"  warning  {_would(warning)}" for warning in ending.outcome.warnings]
        lines += [f"  failing  {failure.message}" for failure in ending.outcome.failures]
    lines += [f"  rejected {reason}" for reason in sample.reject_reasons]
    if others := sample.rejected - sum(reason.rows for reason in sample.reject_reasons):
        lines += [f"  rejected and {counted(others, 'row', 'rows')} for other reasons"]
    lines += [f"  + {_row(row)}" for row in sample.inserted]
    lines += [f"  ~ {_update(row)}" for row in sample.updated]
    lines += [f"  - {_row(row)}" for row in sample.deleted]
    return lines


def _would(warning: str) -> str:
    """A sync's warning of what it did, as one of what it would do."""
    return re.sub(r"\b(rows?) (?:was|were) (rejected|stored|removed)\b", r"\1 would be \2", warning)


def _counts(record: RunRecord) -> str:
    return (
        f"{counted(record.inserted, 'row', 'rows')} inserted, {record.updated:,} updated, "
        f"{record.deleted:,} deleted, {record.unchanged:,} unchanged, {record.rejected:,} rejected"
    )


def _row(values: Values) -> str:
    """The columns that are not NULL."""
    return ", ".join(f"{name}: {_shown(v)}" for name, v in values.items() if v is not None)


def _update(row: UpdatedRow) -> str:
    changes = (f"{name}: {_shown(a)} → {_shown(b)}" for name, (a, b) in row.columns.items())
    return f"{row.row_id}: {', '.join(changes)}"


def _shown(value: str | None) -> str:
    text = "NULL" if value is None else " ".join(value.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _json(value: Any) -> str:
    return "none" if value is None else orjson.dumps(value).decode()
