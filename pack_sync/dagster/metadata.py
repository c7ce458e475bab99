"""What Dagster shows of a synced table: its columns, and the figures of each sync."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import orjson

from pack_sdk.wording import counted
from pack_sync.commit.commit_request import CommitResult
from pack_sync.commit.row_sample import RowSample
from pack_sync.commit.target_table import HIDDEN_COLUMNS
from pack_sync.dagster.audit_report import audit_metadata
from pack_sync.engine.outcome import SyncOutcome
from pack_sync.ledger.held_summary import HeldSummary
from pack_sync.ledger.sync_runs import RunRecord
from pack_sync.stage.column_types import Column

_LONGEST_CURSOR = 200
_LONGEST_CELL = 60
_MOST_FAILURES = 10
_OF_CHILDREN = "one for each row of the parent; `packsync status` counts them"


def column_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """The table's columns, with the hidden ones."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=c.name, type=c.sql_type, description=c.description or None)
            for c in (*columns, *HIDDEN_COLUMNS)
        ]
    )


def materialization_metadata(
    outcome: SyncOutcome, *, by_sync: bool = False, crawled: bool = False
) -> Mapping[str, Any]:
    """The metadata of one materialization; numbers are plotted over time by Dagster's UI.

    In the order in which they are read: what needs a look, what has changed, what it took.
    `by_sync` says that the materialization is of a partition: one sync of several; `crawled` that
    it is of many children, each with a cursor of its own.
    """
    result, record = outcome.result, outcome.record
    return {
        **_to_look_at(outcome),
        "sync/mode": record.mode,
        "sync/mode_reason": record.mode_reason,
        **_changes(result),
        "sync/cursor": _OF_CHILDREN if crawled else _cursors(record),
        "dagster/row_count": result.row_count,
        **({"dagster/partition_row_count": result.sync_rows} if by_sync else {}),
        **audit_metadata(record),
        **_costs(record),
        **({"sync/budget": "; ".join(outcome.budget)} if outcome.budget else {}),
        "sync/execution_id": record.execution_id,
        "dagster/column_schema": column_schema(result.columns),
    }


def _to_look_at(outcome: SyncOutcome) -> Mapping[str, Any]:
    """Failures, warnings and what waits for a decision, if there are any."""
    result = outcome.result
    metadata: dict[str, Any] = {}
    if outcome.failures:
        shown = [escaped(failure.message) for failure in outcome.failures[:_MOST_FAILURES]]
        if len(outcome.failures) > len(shown):
            shown.append(f"and {len(outcome.failures) - len(shown):,} more; see `_sync.runs`")
        metadata["sync/failures"] = dg.MetadataValue.md(_list(shown))
    if outcome.warnings:
        metadata["sync/warnings"] = dg.MetadataValue.md(_list(outcome.warnings))
    if result.table.held.count:
        metadata |= held_metadata(result.table.held)
    if outcome.record.unconfirmed:
        metadata["sync/unconfirmed_rows"] = outcome.record.unconfirmed
    if result.schema_changes:
        metadata["sync/schema_changes"] = dg.MetadataValue.md(_list(result.schema_changes))
    return metadata


def _changes(result: CommitResult) -> Mapping[str, Any]:
    """How many rows were changed, and some of them."""
    record = result.record
    metadata: dict[str, Any] = {
        "sync/inserted": record.inserted,
        "sync/updated": record.updated,
        "sync/deleted": record.deleted,
        "sync/unchanged": record.unchanged,
        "sync/rejected": record.rejected,
    }
    if result.sample.rows:
        metadata["sync/changed_rows"] = dg.MetadataValue.md(sample_table(result.sample))
    return metadata


def _costs(record: RunRecord) -> Mapping[str, Any]:
    """What the sync took; in one line what is rarely looked at."""
    seconds = (record.finished_at - record.started_at).total_seconds()
    speed = record.rows_returned / seconds if seconds else 0.0
    details = [
        f"fetching {record.fetch_seconds:.2f} s, typing {record.stage_seconds:.2f} s, applying "
        f"{record.apply_seconds:.2f} s",
        f"{speed:,.0f} rows per second",
        f"{record.bytes_received:,} bytes received",
    ]
    if record.retries:
        details.append(counted(record.retries, "request was repeated", "requests were repeated"))
    if record.not_modified:
        asked = counted(record.not_modified, "request was", "requests were")
        details.append(f"{asked} answered with 304, not modified")
    if record.duplicates:
        details.append(counted(record.duplicates, "repeated id", "repeated ids"))
    return {
        "sync/rows_returned": record.rows_returned,
        "sync/pages": record.pages,
        "sync/requests": record.requests,
        "sync/seconds": round(seconds, 3),
        "sync/details": "; ".join(details),
    }


def _cursors(record: RunRecord) -> str:
    """The cursor after the sync, and before it where that was another."""
    before, after = _shortened(record.cursor_before), _shortened(record.cursor_after)
    return after if record.cursor_before == record.cursor_after else f"{before} → {after}"


def sample_table(sample: RowSample) -> str:
    """The rows as a markdown table; names lead to the source where it gave an address."""
    shown = [name for name in sample.rows[0] if name != sample.columns.link]
    lines = [" | ".join(escaped(name) for name in shown), " | ".join("---" for _ in shown)]
    for row in sample.rows:
        cells = {name: _cell(row[name]) for name in shown}
        address = row.get(sample.columns.link or "") or ""
        if re.fullmatch(r"https?://[^\s<>()|]+", address):
            name = sample.columns.display if sample.columns.display in cells else shown[0]
            cells[name] = f"[{cells[name]}](<{address}>)"
        lines.append(" | ".join(cells.values()))
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: str | None) -> str:
    if value is None:
        return ""
    return escaped(value if len(value) <= _LONGEST_CELL else value[:_LONGEST_CELL] + "…")


def _shortened(cursor: Any) -> str:
    if cursor is None:
        return "none"
    text = orjson.dumps(cursor).decode()
    return text if len(text) <= _LONGEST_CURSOR else text[:_LONGEST_CURSOR] + "…"


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def held_metadata(held: HeldSummary) -> Mapping[str, Any]:
    """What Dagster shows of the held syncs of a table."""
    metadata: dict[str, Any] = {"sync/held": held.count}
    if held.count:
        metadata["sync/held_deletes"] = held.deletes
        metadata["sync/held_sample"] = dg.MetadataValue.md(
            "\n".join(f"- {escaped(orjson.dumps(row).decode()[:500])}" for row in held.sample)
        )
        metadata["sync/held_remedy"] = dg.MetadataValue.md(
            f"{what_is_held(held)}. See the rows with `packsync held`. If they are really gone, "
            "`packsync held approve`, or materialize with `approve_deletes: true` in the run's "
            "config. If not, fix the source, then `packsync held discard`."
        )
    return metadata


def what_is_held(held: HeldSummary) -> str:
    """The held syncs of a table in a sentence."""
    syncs = "a full sync is" if held.count == 1 else f"{held.count:,} full syncs are"
    return (
        f"{syncs} held since {held.since:%Y-%m-%d %H:%M} UTC: it would delete {held.deletes:,} of "
        f"{counted(held.rows_before, 'row', 'rows')}; rows and cursor are as they were"
    )


def escaped(text: str) -> str:
    """A text as markdown: it quotes values, which may hold any characters."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|" else letter for letter in line)
