"""The examples of the document this project was founded on, run against a real API.

The packs here are `incremental-sync.md`'s own code, carried over almost line by line, camel
case included. What the document leaves to a function (`doSync`, `getUpdates`) asks the API.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pack_sdk import PackDefinitionError, ParameterType, StatusCodeError, make_parameter
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.dagster.parameters import resolve_parameters
from pack_sync.project import ConfigurationError
from tests.engine.sync_harness import Engine, items, local_connection
from tests.http_server import Answer, HttpServer, SeenRequest

PAGE = 2


@dataclass
class TaskService:
    """A service with tasks, of which it remembers each change; its clock ticks at each look."""

    tasks: dict[str, str] = field(default_factory=dict[str, str])
    modified: dict[str, str] = field(default_factory=dict[str, str])
    log: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    now: datetime = datetime(2025, 1, 1, tzinfo=UTC)
    forgotten_before: str = ""
    before_page: Callable[[int], object] = bool

    def time(self) -> str:
        """The time, a second later than the last."""
        self.now += timedelta(seconds=1)
        return self.now.isoformat()

    def save(self, **names: str) -> None:
        """Create or rename tasks."""
        for task, name in names.items():
            self.tasks[task], self.modified[task] = name, self.time()
            self.log.append((task, "saved"))

    def delete(self, task: str) -> None:
        """Delete a task."""
        del self.tasks[task], self.modified[task]
        self.log.append((task, "deleted"))

    @property
    def truth(self) -> list[dict[str, Any]]:
        """What a synced table should hold."""
        return items(**dict(sorted(self.tasks.items())))

    def answer(self, request: SeenRequest) -> Answer:
        """GET /tasks by page, perhaps those modified since; GET /updates after a number."""
        query = {name: values[0] for name, values in request.query.items()}
        status, body = self._tasks(query) if request.path == "/tasks" else self._updates(query)
        return Answer(status=status, body=json.dumps(body).encode())

    def _tasks(self, query: Mapping[str, str]) -> tuple[int, Any]:
        # A page token holds the question and the last task of the page before.
        since, after = json.loads(query.get("pageToken") or '["", ""]')
        since = query.get("modifiedSince", since)
        if since and since < self.forgotten_before:
            return 410, {"error": "that is too long ago"}
        self.before_page(2 if after else 1)
        found = sorted(t for t, at in self.modified.items() if at >= since and t > after)
        rows = items(**{task: self.tasks[task] for task in found[:PAGE]})
        token = json.dumps([since, found[PAGE - 1]]) if len(found) > PAGE else None
        return 200, {"rows": rows, "nextPageToken": token}

    def _updates(self, query: Mapping[str, str]) -> tuple[int, Any]:
        latest = dict(self.log[int(query["after"]) :])
        updates = [
            {"action": action, "item": {"id": task, "name": self.tasks.get(task)}}
            for task, action in latest.items()
        ]
        return 200, {"updates": updates, "number": len(self.log)}


@pytest.fixture
def service() -> TaskService:
    """A service with five tasks: three pages."""
    service = TaskService()
    service.save(a="1", b="2", c="3", d="4", e="5")
    return service


@pytest.fixture
def connection(service: TaskService) -> Iterator[ConnectionSettings]:
    """A connection to the service's API."""
    server = HttpServer()
    server.answer = service.answer
    yield local_connection(endpoint=server.url)
    server.close()


def do_sync(context: Any, query: Mapping[str, Any] | None = None) -> Any:
    """The document's `doSync`."""
    return context.fetcher.fetch(url=f"/tasks?{urlencode(query or {})}").body


def timestamp_pack(service: TaskService) -> Callable[[Any, Any], Any]:
    """The document's first example: a timestamp as the cursor, and pages."""

    def execute(_args: Any, context: Any) -> Any:
        page_token = context.continuation and context.continuation["pageToken"]
        # Get the last synced date, if available.
        previous = context.previousCompletion
        last_synced = previous and previous.incrementalContinuation["lastSynced"]
        if page_token:
            # Continue current sync.
            page = do_sync(context, {"pageToken": page_token})
        elif last_synced:
            # Start incremental sync.
            page = do_sync(context, {"modifiedSince": last_synced})
        else:
            # Start full sync.
            page = do_sync(context)
        result = {"result": page["rows"]}
        if page["nextPageToken"]:
            # More pages to fetch in this sync, so include a continuation.
            result["continuation"] = {"pageToken": page["nextPageToken"]}
        else:
            # All done with this sync, but store the current timestamp to use for the
            # next incremental sync.
            now = service.time()
            result["completion"] = {"incrementalContinuation": {"lastSynced": now}}
        return result

    return execute


def test_a_timestamp_cursor(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """The first example: a full sync of pages, then only what was modified (C4, C6, C7, C16)."""
    engine = Engine(folder=tmp_path, execute=timestamp_pack(service), connection=connection)
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.pages, record.inserted) == ("full", 3, 5)
    service.save(b="changed", f="6")
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.pages, record.rows_returned) == ("incremental", 1, 2)
    service.save(a="x", c="x", g="7")
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.pages, record.rows_returned) == ("incremental", 2, 3)
    assert engine.sync().record.rows_returned == 0
    assert engine.rows() == service.truth


def test_a_full_sync_mends_what_a_timestamp_cannot_tell(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """Periodic full syncs make up for imperfect fidelity: here for deletions (C10, C13)."""
    engine = Engine(folder=tmp_path, execute=timestamp_pack(service), connection=connection)
    engine.sync()
    service.delete("c")
    engine.sync()
    assert [row["id"] for row in engine.rows()] == ["a", "b", "c", "d", "e"]
    assert engine.sync("full").record.deleted == 1
    assert engine.rows() == service.truth


def test_a_timestamp_taken_at_the_end_loses_changes(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """What changes while the sync runs is lost until the next full sync (contract D10)."""
    engine = Engine(folder=tmp_path, execute=timestamp_pack(service), connection=connection)

    def change_meanwhile(page: int) -> None:
        if page == 2:
            service.before_page = bool
            service.save(a="changed after its page was fetched")

    service.before_page = change_meanwhile
    engine.sync()
    engine.sync()
    assert engine.names()["a"] == "1"
    engine.sync("full")
    assert engine.rows() == service.truth


def test_a_parameter_that_does_not_support_incremental_sync(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """The second example: the filter cannot be set and is passed as absent (contract C19)."""
    definition: dict[str, Any] = {
        "type": ParameterType.STRING,
        "name": "status",
        "description": "The status of the task.",
        "optional": True,
        "supportsIncrementalSync": False,
    }
    status = make_parameter(definition)
    with pytest.raises(ConfigurationError, match=r"status.*not compatible with incremental sync"):
        resolve_parameters([status], {"status": "open"}, where="tables.Tasks.parameters")
    with pytest.raises(PackDefinitionError, match="make it optional or drop the flag"):
        make_parameter({**definition, "optional": False})
    seen: list[Any] = []

    def execute(args: Any, context: Any) -> Any:
        seen.append(args)
        return timestamp_pack(service)(args, context)

    engine = Engine(folder=tmp_path, execute=execute, connection=connection)
    engine.parameters = [status]
    engine.values = resolve_parameters([status], {}, where="tables.Tasks.parameters")
    engine.sync()
    service.save(a="changed")
    engine.sync()
    assert engine.rows() == service.truth
    assert seen == [[None]] * 4


def updates_pack(_args: Any, context: Any) -> Any:
    """The document's third example: deleted records; the cursor is the number of the update."""
    previous = context.previousCompletion
    after = previous.incrementalContinuation["after"] if previous else 0
    answer = context.fetcher.fetch(url=f"/updates?after={after}").body
    items: list[Any] = []
    deleted_ids: list[Any] = []
    for update in answer["updates"]:
        if update["action"] == "deleted":
            deleted_ids.append(update["item"]["id"])
        else:
            # Created or updated.
            items.append(update["item"])
    return {
        "result": items,
        "deletedItemIds": deleted_ids,
        "completion": {"incrementalContinuation": {"after": answer["number"]}},
    }


def test_deleted_records(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """The third example: `deletedItemIds` of an incremental sync are deleted (contract C9)."""
    engine = Engine(folder=tmp_path, execute=updates_pack, connection=connection)
    engine.sync()
    assert engine.rows() == service.truth
    service.delete("b")
    service.save(a="changed", f="6")
    service.delete("d")
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.inserted, record.updated, record.deleted) == (
        "incremental",
        1,
        1,
        2,
    )
    service.save(b="back again")
    engine.sync()
    assert engine.rows() == service.truth


def expiring_pack(service: TaskService) -> Callable[[Any, Any], Any]:
    """The document's last example: a token that has expired calls for a full sync."""
    timestamps = timestamp_pack(service)

    def execute(args: Any, context: Any) -> Any:
        try:
            page = timestamps(args, context)
        except Exception as e:
            if StatusCodeError.isStatusCodeError(e) and e.statusCode == 410:
                # The sync token expired, a full sync is needed.
                return {"result": [], "completion": {"hasIncompleteResults": True}}
            raise
        return page

    return execute


def test_an_expired_token(
    tmp_path: Path, service: TaskService, connection: ConnectionSettings
) -> None:
    """The last example: 410 ends in a full sync in the same run, then all goes on (C8)."""
    engine = Engine(folder=tmp_path, execute=expiring_pack(service), connection=connection)
    engine.sync()
    service.delete("b")
    service.save(a="changed", f="6")
    service.forgotten_before = service.time()
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.pages, record.deleted) == ("full", 3, 1)
    assert "hasIncompleteResults, so a full sync followed at once" in record.mode_reason
    assert len(engine.ledger()) == 2
    service.save(c="changed")
    record = engine.sync().record
    assert engine.rows() == service.truth
    assert (record.mode, record.rows_returned) == ("incremental", 1)
