"""The demo API over real HTTP, and how it is started and ended."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from packs.demo.api import changing, serve
from packs.demo.burst import SourceChange
from packs.demo.source import DemoSource


@pytest.fixture(scope="module")
def refused_client() -> Iterator[httpx.Client]:
    """A client of an API that many tests share, since none of them gets to change it."""
    with (
        serve(DemoSource(task_count=5, event_count=5)) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        yield client


def all_pages(client: httpx.Client, path: str, **query: str | int) -> list[dict[str, Any]]:
    """The bodies of all pages, fetched as a client would."""
    pages = [client.get(path, params=query).raise_for_status().json()]
    while token := pages[-1]["nextPageToken"]:
        pages.append(client.get(path, params={**query, "pageToken": token}).json())
    return pages


def test_projects_come_at_once(client: httpx.Client, source: DemoSource) -> None:
    """The list is small: no pages, no filters."""
    assert client.get("/projects").json() == {"projects": source.projects()}


def test_tasks_come_in_pages(client: httpx.Client, source: DemoSource) -> None:
    """All pages together are the table; each tells the service's time."""
    pages = all_pages(client, "/tasks", limit=500)
    assert [len(page["tasks"]) for page in pages] == [500, 500, 200]
    assert [task for page in pages for task in page["tasks"]] == source.tasks()
    assert {page["now"] for page in pages} == {"2026-01-05T09:00:00Z"}


def test_a_page_has_100_records_unless_asked(client: httpx.Client) -> None:
    """The limit is optional."""
    assert len(client.get("/tasks").json()["tasks"]) == 100
    assert len(client.get("/events").json()["events"]) == 100


def test_tasks_can_be_asked_for_by_time(client: httpx.Client, source: DemoSource) -> None:
    """`modifiedSince` includes its moment and may be repeated beside page tokens."""
    change = source.change().tasks
    pages = all_pages(client, "/tasks", modifiedSince=source.now.isoformat(), limit=9)
    ids = {task["id"] for page in pages for task in page["tasks"]}
    assert ids == {*change.updated, *change.inserted}


def test_events_end_with_a_sync_token(client: httpx.Client, source: DemoSource) -> None:
    """Only the last page has one; it brings the changes, deletions as tombstones."""
    pages = all_pages(client, "/events", limit=500)
    assert [event for page in pages for event in page["events"]] == source.events()
    assert [page["nextSyncToken"] is None for page in pages] == [True, True, False]
    change = source.change().events
    (page,) = all_pages(client, "/events", syncToken=pages[-1]["nextSyncToken"])
    tombstones = [event for event in page["events"] if event.get("deleted")]
    assert tombstones == [{"id": event_id, "deleted": True} for event_id in change.deleted]
    assert len(page["events"]) == sum(change.counts.values())


def test_an_expired_sync_token_is_gone(client: httpx.Client) -> None:
    """Status 410, with the way out in the message."""
    token = all_pages(client, "/events", limit=1_000)[-1]["nextSyncToken"]
    assert client.post("/_control/expire-tokens").json()["expiries"] == 1
    answer = client.get("/events", params={"syncToken": token})
    assert answer.status_code == 410
    assert answer.json()["error"]["status"] == 410
    assert "list all events" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/tasks?limit=0", "1 to 1000"),
        ("/tasks?limit=1001", "1 to 1000"),
        ("/tasks?limit=ten", "'ten'"),
        ("/events?limit=%C2%B2", "1 to 1000"),
        ("/events?limit=" + "9" * 5_000, "1 to 1000"),
        ("/tasks?modifiedSince=yesterday", "'yesterday'"),
        ("/tasks?modifiedSince=2026-01-05T09:00:00", "time zone"),
        ("/tasks?modifiedSince=", "modifiedSince"),
        ("/tasks?status=lost", "blocked"),
        ("/tasks?pageToken=nonsense", "'nonsense'"),
        ("/events?syncToken=nonsense", "'nonsense'"),
        ("/tasks?modified_since=2026-01-05", "modifiedSince, pageToken"),
        ("/tasks?limit=1&limit=2", "more than once"),
        ("/projects?limit=1", "none"),
    ],
)
def test_bad_parameters_are_400(refused_client: httpx.Client, path: str, told: str) -> None:
    """The message says what is wrong or what would be right."""
    answer = refused_client.get(path)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == 400
    assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/tasks?project=PROJ-99", 404),
        ("POST", "/tasks", 405),
        ("GET", "/_control/change", 405),
    ],
)
def test_what_is_not_there_is_an_error_in_json(
    refused_client: httpx.Client, method: str, path: str, status: int
) -> None:
    """Unknown paths, projects and methods are answered in the form of all errors."""
    answer = refused_client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["status"] == status


def test_control_changes_the_data(client: httpx.Client, source: DemoSource) -> None:
    """`change` answers with the exact counts, and `state` shows what they add up to."""
    assert client.post("/_control/change").json()["changed"] == {
        "projects": {"updated": 2, "inserted": 1, "deleted": 1},
        "tasks": {"updated": 20, "inserted": 5, "deleted": 3},
        "events": {"updated": 20, "inserted": 5, "deleted": 3},
    }
    assert client.get("/_control/state").json() == source.state()
    assert source.state()["counts"] == {"projects": 12, "tasks": 1_202, "events": 1_102}


def test_control_moves_the_clock(client: httpx.Client, source: DemoSource) -> None:
    """`advance` takes seconds and answers with the new time."""
    answer = client.post("/_control/advance", json={"seconds": 90.5})
    assert answer.json() == {"now": "2026-01-05T09:01:30.500000Z"}
    assert source.now.minute == 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"seconds": "1"}', b'{"seconds": true}', b'{"seconds": -1}',
             b'{"seconds": NaN}', b'{"seconds": 1e300}', b"\xff"],
)  # fmt: skip
def test_control_refuses_a_bad_advance(refused_client: httpx.Client, body: bytes) -> None:
    """The clock stays where it is, and the message tells the right body."""
    answer = refused_client.post("/_control/advance", content=body)
    assert answer.status_code == 400
    assert "seconds" in answer.json()["error"]["message"]
    assert refused_client.get("/_control/state").json()["now"] == "2026-01-05T09:00:00Z"


def test_the_clock_that_cannot_go_on_is_400(client: httpx.Client, source: DemoSource) -> None:
    """Time ends with the year 9999; the API says so and lives on."""
    source.advance(timedelta(days=365 * 7_970))
    answer = client.post("/_control/advance", json={"seconds": 1e9})
    assert answer.status_code == 400


def test_serve_ends_with_its_block() -> None:
    """Afterwards the port is free again and no thread is left."""
    threads = threading.active_count()
    source = DemoSource(task_count=1, event_count=1)
    with serve(source) as url:
        assert url.startswith("http://localhost:")
        port = int(url.rpartition(":")[2])
        assert httpx.get(f"{url}/projects", trust_env=False).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/projects", trust_env=False)
    with serve(source, port) as again:
        assert again == url
    assert threading.active_count() == threads


def test_serve_ends_when_its_block_fails() -> None:
    """An error inside the block comes out, and the server ends all the same."""
    threads = threading.active_count()
    with (
        pytest.raises(KeyError, match="mine"),
        serve(DemoSource(task_count=1, event_count=1)),
    ):
        raise KeyError("mine")
    assert threading.active_count() == threads


def test_a_changing_source_changes_until_the_end_of_the_block() -> None:
    """Bursts come one after the other; none comes after the block."""
    third_burst = threading.Event()

    class CountedSource(DemoSource):
        def change(self, **size: Any) -> SourceChange:
            change = super().change(**size)
            if self.state()["bursts"] == 3:
                third_burst.set()
            return change

    source = CountedSource(task_count=10, event_count=10)
    with changing(source, timedelta(milliseconds=1)):
        assert third_burst.wait(timeout=30)
    assert "demo changes" not in {thread.name for thread in threading.enumerate()}


def test_the_api_runs_in_the_foreground() -> None:
    """`python -m packs.demo.api` tells its URL, serves, and ends when interrupted, quietly."""
    command = [sys.executable, "-m", "packs.demo.api", "--port", "0", "--tasks", "7"]
    with subprocess.Popen(  # noqa: S603
        [*command, "--changing", "3600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            tasks = httpx.get(f"{url}/tasks", trust_env=False).json()["tasks"]
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=30)
    assert len(tasks) == 7
    assert "Traceback" not in "".join(rest)


def test_a_port_in_use_is_named() -> None:
    """Started on a port that somebody has, the API says which instead of a traceback."""
    with serve(DemoSource(task_count=1, event_count=1)) as url:
        port = url.rpartition(":")[2]
        ended = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "packs.demo.api", "--port", port],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2
    assert f"port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
