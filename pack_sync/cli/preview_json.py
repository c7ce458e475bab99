"""What a preview found, as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pack_sync.cli.preview_rows import plain
from pack_sync.commit.data_warnings import unusable_deletions
from pack_sync.engine.preview import Preview
from pack_sync.http.request_observer import SentRequest
from pack_sync.ledger.sync_key import SyncKey


def preview_json(key: SyncKey, found: Preview, requests: Sequence[SentRequest]) -> str:
    """One object: columns with their types, rows by column, what is rejected and why, requests."""
    counts = found.counts
    names = [column.name for column in found.columns]
    content = {
        "pack": key.pack,
        "table": key.table,
        "sync": key.sync,
        "columns": [{"name": each.name, "type": each.sql_type} for each in found.columns],
        "rows": [
            {name: _json(value) for name, value in zip(names, row, strict=True)}
            for row in found.rows
        ],
        "has_more": found.has_more,
        "rejected": [_problem(each) for each in found.rejects],
        "without_some_values": [_problem(each) for each in found.bad_values],
        "counts": {
            "pages": found.pages,
            "rows": found.rows_returned,
            "to_store": counts.upserts,
            "rejected": counts.rejected,
            "without_some_values": counts.bad_values,
            "repeated_ids": counts.duplicates,
            "deleted_ids": counts.deletes,
            "deletions_by_values": counts.deleted_where,
        },
        "warnings": [*unusable_deletions(counts)],
        "requests": [request_json(each) for each in requests],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def request_json(request: SentRequest) -> Mapping[str, Any]:
    """A request; `status` is null where no answer came."""
    return {
        "method": request.method,
        "url": request.url,
        "status": request.status,
        "milliseconds": round(request.seconds * 1000),
        "bytes": request.bytes_received,
    }


def _problem(problem: tuple[int, str, str]) -> Mapping[str, Any]:
    page, reason, line = problem
    return {"page": page, "reason": reason, "row": json.loads(line)}


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _json(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_json(item) for item in cast("list[Any]", value)]
    return plain(value)
