"""The demo API as `packsync check` wants a service: without a network, moved step by step."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx

from pack_sdk.fetching import FetchResponse
from pack_sdk.testing import Change, FakeService, Item, ServiceRequest, World
from pack_sdk.testing.collection import ChangeKind
from packs.demo.api import make_app
from packs.demo.burst import TableChange
from packs.demo.source import DemoSource

_KINDS: Sequence[ChangeKind] = ("insert", "update", "delete")


class DemoWorld(World):
    """The world of a `DemoSource`, which has rows and a clock of its own."""

    def __init__(self, source: DemoSource) -> None:
        super().__init__()
        self._source = source
        self.clock.now = source.now

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move both clocks."""
        self.clock.now = self._source.advance(by if by is not None else timedelta(**units))

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """Change tasks and events; projects change along as they do. Nothing is ever undeleted."""
        counts = {kind: int(kind in kinds) for kind in _KINDS}
        if not any(counts.values()):
            return []
        changed = self._source.change(
            inserted=counts["insert"],
            updated=counts["update"],
            deleted=counts["delete"],
            after=timedelta(0),
        )
        tables = {"projects": changed.projects, "tasks": changed.tasks, "events": changed.events}
        return [each for name, table in tables.items() for each in self._changes(name, table)]

    def expire_tokens(self) -> bool:
        """Make the sync tokens of events useless."""
        self._source.expire_sync_tokens()
        return True

    def _changes(self, name: str, table: TableChange) -> list[Change]:
        ids: dict[ChangeKind, Sequence[str]] = {
            "insert": table.inserted,
            "update": table.updated,
            "delete": table.deleted,
        }
        now = self.clock.now
        return [
            Change(
                collection=name,
                kind=kind,
                item=Item(
                    number=0, version=0, id=row_id, fields={}, created_at=now, updated_at=now
                ),
            )
            for kind, changed in ids.items()
            for row_id in changed
        ]


class DemoFake(FakeService):
    """Answers with the demo API's own application."""

    def __init__(self, source: DemoSource) -> None:
        super().__init__(DemoWorld(source), "http://localhost")
        self.endpoint = self.base_url
        self._app = make_app(source)

    def answer(self, request: ServiceRequest) -> Any:
        """What the application answers, without a server."""
        return asyncio.run(self._ask(request))

    async def _ask(self, request: ServiceRequest) -> FetchResponse:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app)) as client:
            answer = await client.request(request.request.method, request.url)
        return FetchResponse(status=answer.status_code, body=answer.json())


def make_fake(seed: int) -> FakeService:
    """Tasks and events for two pages of the pack."""
    return DemoFake(DemoSource(seed=seed, task_count=540, event_count=530))
