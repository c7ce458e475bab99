"""A pack of as many tables as `SCALE_TABLES` says; all but a full sync bring what changed."""

import os
from collections.abc import Sequence
from typing import Any

from pack_sdk import AuthenticationType, Completion, Pack, SyncExecutionContext, SyncResult

ROW = {
    "type": "object",
    "id": "id",
    "primary": "id",
    "properties": {"id": {"type": "string"}, "value": {"type": "string"}, "n": {"type": "number"}},
}

pack = Pack()
pack.add_network_domain("localhost")
pack.set_authentication(type=AuthenticationType.HEADER_BEARER_TOKEN, requires_endpoint_url=True)


def add_table(name: str) -> None:
    """One table; its cursor is the round of the service in which its sync began."""

    def execute(_args: Sequence[Any], context: SyncExecutionContext) -> SyncResult:
        previous = context.sync.previous_completion
        place = context.sync.continuation or {
            "page": 0,
            "since": previous.incremental_continuation["round"] if previous else -1,
        }
        url = f"{context.endpoint}/{name}?since={place['since']}&page={place['page']}"
        page = context.fetcher.fetch(url=url).body
        if page["more"]:
            following = {"page": place["page"] + 1, "since": place["since"]}
            return SyncResult(result=page["rows"], continuation=following)
        cursor = Completion(incremental_continuation={"round": page["round"]})
        return SyncResult(result=page["rows"], completion=cursor)

    pack.add_sync_table(name=name, identity_name=name, schema=ROW, execute=execute)


for number in range(int(os.environ["SCALE_TABLES"])):
    add_table(f"T{number:03}")
