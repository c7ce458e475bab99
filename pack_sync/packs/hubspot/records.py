"""Records of one type: contacts, deals, those of a custom object.

What the list and the search find are ids. The records come by them, in batches, for three reasons:
the names of all properties may be too long for a URL, a search may have no more than 3,000
characters, and its index lags behind
(https://developers.hubspot.com/docs/api-reference/latest/crm/search-the-crm).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pack_sdk import (
    FetchResponse,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    UserVisibleError,
    ensure_exists,
    format_time,
    parse_time,
)

from .api import get, next_after, post
from .schemas import asked_properties, row_of

PAGE_SIZE = 100
"""The most that a list gives, and a batch takes."""

INDEX_LAG_SECONDS = 3_600
"""How long a change may take until a search finds it.

HubSpot speaks of a few moments; others have seen close to an hour
(https://github.com/estuary/connectors/pull/2210).
"""

MERGED_IDS = "hs_merged_object_ids"
"""The property with the ids of the records that were merged into one, with semicolons between.

https://knowledge.hubspot.com/records/merge-records
"""


def sync_records(context: SyncExecutionContext, url: str, modified: str) -> SyncPage:
    """One page of the records below `url`, whose time of modification is the property `modified`.

    A full sync reads the list. An increment reads which records are archived, and then searches
    for those that were modified.
    """
    changes = TimeCursor(context, overlap_seconds=INDEX_LAG_SECONDS)
    place: Mapping[str, Any] = changes.next_page or {}
    if changes.since is None:
        return _listed(context, url, changes, place)
    if "above" in place:
        return _modified(context, url, changes, modified, place["above"])
    return _archived(context, url, changes, place)


def list_ids(
    context: SyncExecutionContext, url: str, after: str | None, *, archived: bool = False
) -> FetchResponse:
    """A page of the list, in an order that no change disturbs, with few properties.

    https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/objects/get-objects
    """
    flag = "true" if archived else "false"
    return get(context, url, limit=PAGE_SIZE, archived=flag, properties="hs_object_id", after=after)


def _listed(
    context: SyncExecutionContext, url: str, changes: TimeCursor, place: Mapping[str, Any]
) -> SyncPage:
    response = list_ids(context, url, place.get("after"))
    rows = _read(context, url, [each["id"] for each in response.body["results"]])
    after = next_after(response.body)
    return changes.page(rows, response, next_page=after and {"after": after})


def _archived(
    context: SyncExecutionContext, url: str, changes: TimeCursor, place: Mapping[str, Any]
) -> SyncPage:
    """The ids of what was archived since. The list has all of the last 90 days, in no such order.

    A search does not find them, and archiving does not count as a modification
    (https://github.com/airbytehq/airbyte/issues/19838).
    """
    response = list_ids(context, url, place.get("after"), archived=True)
    gone = [each["id"] for each in response.body["results"] if _is_recent(each, changes)]
    after = next_after(response.body)
    further = {"after": after} if after else {"above": "0"}
    return changes.page([], response, deleted_ids=gone, next_page=further)


def _is_recent(record: Mapping[str, Any], changes: TimeCursor) -> bool:
    moment = parse_time(record.get("archivedAt"))
    return moment is None or changes.since is None or moment >= changes.since


def _modified(
    context: SyncExecutionContext, url: str, changes: TimeCursor, modified: str, above: str
) -> SyncPage:
    """The records that were modified since, by their ids from the lowest.

    Pages are searches of their own, so that none comes near the 10,000 results that one may have.
    """
    found = post(context, f"{url}/search", _query(changes, modified, above))
    ids = [str(each["id"]) for each in found.body["results"]]
    numbers = [int(each) for each in [above, *ids]]
    if numbers != sorted(numbers):
        raise UserVisibleError(
            f"{url}/search answered in another order than that of the ids, and would leave out "
            f"records: {', '.join(ids[:10])} …"
        )
    rows = _read(context, url, ids)
    came = {row["id"] for row in rows}
    merged = [each for row in rows for each in _merged_ids(row)]
    gone = dict.fromkeys(each for each in [*ids, *merged] if each not in came)
    further = {"above": ids[-1]} if ids and next_after(found.body) else None
    return changes.page(rows, found, deleted_ids=gone, next_page=further)


def _query(changes: TimeCursor, modified: str, above: str) -> Mapping[str, Any]:
    since = format_time(changes.since, "milliseconds")
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": since},
        {"propertyName": "hs_object_id", "operator": "GT", "value": above},
    ]
    return {
        "limit": PAGE_SIZE,
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": ["hs_object_id"],
    }


def _read(context: SyncExecutionContext, url: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The records of these ids as they are now; of what is archived none.

    The id of a record that was merged brings the one that it is part of, which has another id
    (https://developers.hubspot.com/changelog/updated-merge-functionality-for-contacts-and-companies).
    """
    if not ids:
        return []
    schema = ensure_exists(context.sync.schema)
    asked = {
        "inputs": [{"id": each} for each in ids],
        "properties": sorted({*asked_properties(schema), MERGED_IDS}),
    }
    results = post(context, f"{url}/batch/read", asked).body["results"]
    records = {each["id"]: each for each in results}
    return [row_of(record, schema) for record in records.values()]


def _merged_ids(row: Mapping[str, Any]) -> list[str]:
    ids = str(row["properties"].get(MERGED_IDS) or "").split(";")
    return [each for each in ids if each.isdigit()]
