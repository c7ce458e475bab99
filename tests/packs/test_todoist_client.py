"""Todoist's own client reads from our fake what our pack reads."""

from typing import Any

import httpx
from todoist_api_python.api import TodoistAPI

from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder


def _client(service: FakeService) -> TodoistAPI:
    def answered(request: httpx.Request) -> httpx.Response:
        answer = service.respond(FetchRequest(url=str(request.url)))
        return httpx.Response(answer.status, json=answer.body)

    return TodoistAPI("token", client=httpx.Client(transport=httpx.MockTransport(answered)))


def test_the_same_objects() -> None:
    """Each list is gone through by the client's own paginator; the ids and texts are the same."""
    pack = load_pack("todoist")
    service: Any = find_fake("todoist", pack, pack_folder("todoist"))(3)
    client = _client(service)

    def read(table: str) -> dict[str, Any]:
        rows = execute_sync_table(pack, table, fetcher=service, clock=service.world.clock).rows
        return {row["id"]: row.get("content", row.get("name")) for row in rows}

    assert {p.id: p.name for page in client.get_projects() for p in page} == read("Projects")
    assert {s.id: s.name for page in client.get_sections() for s in page} == read("Sections")
    assert {each.id: each.name for page in client.get_labels() for each in page} == read("Labels")
    tasks = {task.id: task for page in client.get_tasks() for task in page}
    assert {key: task.content for key, task in tasks.items()} == read("Tasks")
    on_tasks = [c.id for key in tasks for page in client.get_comments(task_id=key) for c in page]
    assert set(on_tasks) == {key for key in read("Comments") if key.startswith("note")}
    now = service.world.clock.now
    done = client.get_completed_tasks_by_completion_date(
        since=now.replace(year=now.year - 1, month=12), until=now
    )
    assert {task.id: task.content for page in done for task in page} == read("CompletedTasks")
