"""Which records are associated: https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide.

HubSpot does not tell which associations have changed: no record counts as modified by it. So all
are read in each sync, of as many records at once as may be asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pack_sdk import SyncExecutionContext, SyncPage, UserVisibleError

from .api import next_after, post
from .records import list_ids

LISTS = 10
"""How many pages of ids make a batch: the API takes a thousand ids."""

PAIRS = (
    "contacts/companies",
    "deals/contacts",
    "deals/companies",
    "tickets/contacts",
    "tickets/companies",
    "tickets/deals",
    *(
        f"{activity}/{other}"
        for activity in ("notes", "calls", "emails", "meetings", "tasks")
        for other in ("contacts", "companies", "deals", "tickets")
    ),
)
"""The types of records between which associations are read."""


def sync_pairs(context: SyncExecutionContext, pairs: Sequence[str]) -> SyncPage:
    """One page: the associations of up to a thousand records of one type."""
    asked = _by_type(pairs)
    types = list(asked)
    place: Mapping[str, Any] = context.sync.continuation or {"type": types[0], "after": None}
    kind, after = place["type"], place["after"]
    ids: list[str] = []
    for _ in range(LISTS):
        body = list_ids(context, f"/crm/v3/objects/{kind}", after).body
        ids += [each["id"] for each in body["results"]]
        after = next_after(body)
        if not after:
            break
    rows = [row for other in asked[kind] for row in _associations(context, kind, other, ids)]
    if after:
        return {"result": rows, "continuation": {"type": kind, "after": after}}
    following = types[types.index(kind) + 1 :]
    further = {"type": following[0], "after": None} if following else None
    return {"result": rows, "continuation": further}


def _by_type(pairs: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        kind, _, other = pair.partition("/")
        if not kind or not other:
            raise UserVisibleError(f"{pair!r} is no pair of types, such as deals/contacts")
        found.setdefault(kind, []).append(other)
    return found


def _associations(
    context: SyncExecutionContext, kind: str, other: str, ids: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Each association of these records with records of the other type.

    What has more of them than an answer holds is asked for again, behind the last one.
    """
    inputs: list[dict[str, str]] = [{"id": each} for each in ids]
    while inputs:
        path = f"/crm/v4/associations/{kind}/{other}/batch/read"
        results = post(context, path, {"inputs": inputs}).body["results"]
        inputs = []
        for result in results:
            record = result["from"]["id"]
            if after := next_after(result):
                inputs.append({"id": record, "after": after})
            for to in result["to"]:
                pair = {"from_type": kind, "from_id": record, "to_type": other}
                for each in to["associationTypes"]:
                    yield {
                        **pair,
                        "to_id": str(to["toObjectId"]),
                        "category": each["category"],
                        "type_id": each["typeId"],
                        "label": each.get("label"),
                    }
