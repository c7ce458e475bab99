"""For tests of packs: no network, no Dagster, no database.

>>> from pack_sdk import Pack, make_object_schema
>>> pack = Pack()
>>> pack.add_network_domain("api.example.com")
>>> @pack.add_sync_table(
...     name="Teams",
...     identity_name="Team",
...     schema=make_object_schema(
...         properties={"id": {"type": "string"}}, id_property="id", display_property="id"
...     ),
... )
... def sync_teams(args, context):
...     return {"result": context.fetcher.fetch(url="https://api.example.com/teams").body}
>>> fetcher = MockFetcher().on("https://api.example.com/teams", [{"id": "a"}])
>>> execute_sync_table(pack, "Teams", fetcher=fetcher).ids
['a']
"""

from pack_sdk.testing.clock import Clock
from pack_sdk.testing.collection import Change, Collection, Item
from pack_sdk.testing.context import (
    ContextOptions,
    RecordingLogger,
    make_async_context,
    make_context,
)
from pack_sdk.testing.discovery import discover_choices
from pack_sdk.testing.fake_service import FakeService, ServiceRequest
from pack_sdk.testing.faults import cut_short, failing, rate_limited, with_etags
from pack_sdk.testing.fetcher import MockFetcher, StatusCode
from pack_sdk.testing.list_endpoint import (
    ChangeFilter,
    LastId,
    LinkHeader,
    ListEndpoint,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
)
from pack_sdk.testing.list_service import ListService
from pack_sdk.testing.listing import (
    ListPage,
    next_link_header,
    numbered_page,
    page_after,
    page_at,
    seal,
    unseal,
    with_query,
)
from pack_sdk.testing.recordings import Exchange, Recording, read_recordings
from pack_sdk.testing.replaying import check_recording, recording_tests, replay_sync
from pack_sdk.testing.rows import RejectedRow
from pack_sdk.testing.synced_rows import SyncedRows
from pack_sdk.testing.syncing import execute_sync_table
from pack_sdk.testing.world import World

__all__ = [
    "Change",
    "ChangeFilter",
    "Clock",
    "Collection",
    "ContextOptions",
    "Exchange",
    "FakeService",
    "Item",
    "LastId",
    "LinkHeader",
    "ListEndpoint",
    "ListPage",
    "ListService",
    "MockFetcher",
    "NextToken",
    "NextUrl",
    "Offset",
    "OnePage",
    "PageNumber",
    "Recording",
    "RecordingLogger",
    "RejectedRow",
    "ServiceRequest",
    "StatusCode",
    "SyncedRows",
    "World",
    "check_recording",
    "cut_short",
    "discover_choices",
    "execute_sync_table",
    "failing",
    "make_async_context",
    "make_context",
    "next_link_header",
    "numbered_page",
    "page_after",
    "page_at",
    "rate_limited",
    "read_recordings",
    "recording_tests",
    "replay_sync",
    "seal",
    "unseal",
    "with_etags",
    "with_query",
]
