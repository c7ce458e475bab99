"""Stripe: customers, products and prices, subscriptions and invoices, charges and payouts.

A full sync lists the objects (https://docs.stripe.com/api/pagination). An increment asks the log of
events which objects have changed or are deleted (https://docs.stripe.com/api/events/list), gets
those as they are now, and lists the ones that were created since. What an event itself says of an
object is not used: it is as of then, and in the version of the API that the account had. Stripe
keeps events for 30 days: a sync that comes later is a full one.

Amounts of money are whole numbers of the currency's smallest unit, such as cents, as Stripe has
them (https://docs.stripe.com/currencies). The key decides whether the rows are of live mode or of a
test: use a connection for each. A restricted key that may read what the tables hold, and events,
is enough. All is read in one version of the API (https://docs.stripe.com/api/versioning).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from pack_sdk import (
    AsyncFetcher,
    AuthenticationType,
    FetchResponse,
    FullSyncNeededError,
    Pack,
    StatusCodeError,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    value_at,
    with_query_params,
)

from .tables import TABLES, Table

Context: TypeAlias = SyncExecutionContext[AsyncFetcher]

API = "https://api.stripe.com/v1"
VERSION = "2026-10-28.endive"
PAGE_SIZE = 100
MOST_REMEMBERED = 1_000
EVENTS_KEPT = timedelta(days=30)

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Events": {
        "undeleted": "Events that are older than 30 days are no longer listed, and stay until the "
        "next full sync."
    },
}

pack = Pack()
pack.add_network_domain("api.stripe.com")
pack.set_rate("25/s")  # https://docs.stripe.com/rate-limits: of a sandbox, and of one endpoint
pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://docs.stripe.com/keys",
)


def _add(table: Table) -> None:
    async def sync(_args: Sequence[Any], context: Context) -> SyncPage:
        """One page of events, or of objects that an increment or a full sync lists."""
        changes = TimeCursor(context)
        if changes.since is None or not table.events:
            page = await _list_page(context, table, changes, changes.next_page)
            return {**page, "completion": None} if table.changes_untold else page
        if context.sync.started_at - changes.since > EVENTS_KEPT:
            raise FullSyncNeededError("Stripe keeps events for 30 days, and the cursor is older")
        place: Mapping[str, Any] = changes.next_page or {"events": None, "got": []}
        if "events" not in place:
            return await _list_page(context, table, changes, place)
        return await _events_page(context, table, changes, place)

    pack.add_sync_table(
        name=table.name,
        identity_name=table.identity,
        schema=table.schema,
        description=table.description,
        execute=sync,
    )


async def _list_page(
    context: Context, table: Table, changes: TimeCursor, place: Mapping[str, Any] | None
) -> SyncPage:
    """A page of the list, the newest first: of all objects, or of those created since."""
    after = place["after"] if place else None
    response = await _listed(context, f"/{table.path}", table.query, _since(changes), after)
    rows = response.body["data"]
    further = {"after": rows[-1]["id"]} if response.body["has_more"] else None
    return changes.page(rows, response, next_page=further)


async def _events_page(
    context: Context, table: Table, changes: TimeCursor, place: Mapping[str, Any]
) -> SyncPage:
    """A page of events, the newest first, and the objects that they are about, as they are now.

    An object that was created since is left to the list that follows, unless it is deleted. What
    was got for a later event is not got again for an earlier one.
    """
    since, got = _since(changes) or 0, place["got"]
    response = await _listed(context, "/events", table.events, since, place["events"])
    events = response.body["data"]
    changed = dict.fromkeys(filter(None, (table.changed_by(event, since) for event in events)))
    ids = [each for each in changed if each not in got]
    found = await asyncio.gather(*(_object(context, table, each) for each in ids))
    rows = [row for row in found if row is not None]
    deleted = [each for each, row in zip(ids, found, strict=True) if row is None]
    further: dict[str, Any] = {"after": None}
    if response.body["has_more"]:
        further = {"events": events[-1]["id"], "got": [*got, *ids][-MOST_REMEMBERED:]}
    return changes.page(rows, response, next_page=further, deleted_ids=deleted)


def _since(changes: TimeCursor) -> int | None:
    return int(changes.since.timestamp()) if changes.since else None


async def _listed(
    context: Context, path: str, query: Mapping[str, Any], since: int | None, after: str | None
) -> FetchResponse:
    """A page of a list, the newest first."""
    place = {"limit": PAGE_SIZE, "created": {"gte": since}, "starting_after": after}
    return await _get(context, path, **query, **place)


async def _object(context: Context, table: Table, row_id: str) -> Mapping[str, Any] | None:
    """An object, None if it is deleted: some are then not found, of others a stub is left."""
    try:
        body = (await _get(context, f"/{table.path}/{row_id}")).body
    except StatusCodeError as error:
        if value_at(error.body, "error.code") != "resource_missing":
            raise
        return None
    return None if body.get("deleted") else body


async def _get(context: Context, path: str, **query: object) -> FetchResponse:
    url = with_query_params(f"{API}{path}", query)
    return await context.fetcher.fetch(url=url, headers={"Stripe-Version": VERSION})


for _table in TABLES:
    _add(_table)
