"""`packsync record`: real syncs over HTTP, kept as files, and replayed by pytest."""

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.testing.recordings import content_of
from pack_sync.record.files import write_test
from tests.dagster import dagster_project
from tests.dagster.dagster_project import ROOT, DagsterProject
from tests.http_server import Answer, SeenRequest
from tests.record.service import PACK, Service, served

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


@pytest.fixture
def service(project: DagsterProject) -> Generator[Service]:
    """The service and its pack."""
    with served(project) as service:
        yield service


def pytest_says(service: Service) -> str:
    """What pytest says of the pack's test of one line, run as its author runs it."""
    result = subprocess.run(  # noqa: S603 - our own environment
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(service.folder)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        cwd=service.project.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout + result.stderr


def test_a_sync_is_recorded_and_replayed(service: Service) -> None:
    """All tables of the pack, with few rows on each page, and pages as many as there were."""
    told = service.record()
    assert "People: full sync, 2 pages, 10 rows, 2 requests, " in told
    assert list(service.files()) == ["People/001-full.json", "Tasks/001-full.json"]
    people, tasks = service.recordings
    assert [e.request.url for e in people.exchanges] == ["/people?page=1", "/people?page=2"]
    assert people.expected.ids == [f"p-{n}" for n in (*range(5), *range(20, 25))]
    assert people.expected.cursor == people.next_cursor == {"since": "2025-02-03T04:05:06Z"}
    assert tasks.endpoint == service.server.url
    asked = len(service.server.requests)
    assert "2 passed" in pytest_says(service)
    assert service.record("--replay").count(": as recorded") == 2
    assert len(service.server.requests) == asked


def test_further_recordings_go_on_from_the_cursor(service: Service) -> None:
    """With what has changed and is gone; `--full` begins anew."""
    service.record("Tasks")
    service.tasks[3]["new"] = True
    told = service.record("tasks")
    assert "Tasks: incremental sync, 1 page, 1 row, 1 deleted, 1 request" in told
    service.record("Tasks", "--full")
    assert list(service.files()) == [
        "Tasks/001-full.json", "Tasks/002-incremental.json", "Tasks/003-full.json"
    ]  # fmt: skip
    changed = service.recordings[1]
    assert changed.exchanges[0].request.url == "/tasks?page=1&since=2025-02-03T04%3A05%3A06Z"
    assert (changed.expected.ids, changed.expected.deleted_ids) == (["t-3"], ["t-0"])
    assert "3 passed" in pytest_says(service)


def with_columns(source: str) -> str:
    """The pack with properties of its tables by which rows can be deleted."""
    columns = 'schema=schema(assignee_id={"type": "string"}, email={"type": "string"})'
    return source.replace("schema=schema()", columns)


@pytest.mark.parametrize("words", [(), ("--anonymize",)])
def test_deletions_by_values_are_recorded_and_replayed(
    project: DagsterProject, words: Sequence[str]
) -> None:
    """With the values that the answer has, or with their stand-ins."""
    with served(project, with_columns(PACK)) as service:
        service.gone = [{"email": "ada3@lovelace.org"}, {"assignee_id": "p-9"}]
        service.record("People", *words)
        told = service.record("People", *words)
        assert "People: incremental sync, 1 page, 0 rows, 2 deleted, 1 request" in told
        first, changed = service.recordings
        mail, assignee = changed.expected.deleted_ids
        people = first.exchanges[0].response
        assert people is not None
        assert mail == {"email": people.body["items"][3]["email"]}
        assert assignee == {"assignee_id": "p-9"}
        assert ("lovelace" in "".join(service.files().values())) != bool(words)
        assert service.record("--replay").count(": as recorded") == 2
        assert "2 passed" in pytest_says(service)
        service.folder.joinpath("pack.py").write_text(
            with_columns(PACK).replace('response.body.get("gone")', "[]")
        )
        assert "deleted" in pytest_says(service)


def test_the_warehouse_stays_as_it_is(service: Service) -> None:
    """A recording is no sync of the table."""
    service.record("Tasks")
    assert not service.project.warehouse.exists()


def test_a_file_can_be_read(service: Service) -> None:
    """It is JSON, with a line for each short row, and has what a reader asks for first."""
    service.record("Tasks", "--rows", "2")
    text = service.files()["Tasks/001-full.json"]
    assert json.loads(text)["mode"] == "full"
    row = '{"id": "t-0", "assignee_id": "p-0", "title": "Call Person 0"}'
    assert row in [line.strip().rstrip(",") for line in text.splitlines()]
    assert json.dumps(json.loads(text)) == json.dumps(content_of(service.recordings[0]))
    assert len(text) < 2_000


def test_all_rows_may_be_kept(service: Service) -> None:
    """`--rows 0` cuts nothing."""
    service.record("Tasks", "--rows", "0")
    assert len(service.recordings[0].expected.ids) == 25


def test_a_long_sync_is_stopped(service: Service) -> None:
    """After `--pages`; it is replayed up to there, and leaves no cursor."""
    told = service.record("Tasks", "--pages", "1")
    assert "stopped after 1 pages; --pages asks for more" in told
    (stopped,) = service.recordings
    assert (stopped.expected.pages, stopped.expected.ended) == (1, False)
    assert "1 passed" in pytest_says(service)
    assert "full sync" in service.record("Tasks")


def with_paging(body: str) -> str:
    """The pack, with another way of paging."""
    before, _, rest = PACK.partition("        page = (context")
    return before + body + rest[rest.index("    return sync") :]


LAST_ID = """
        after = (context.sync.continuation or {"after": "0"})["after"]
        body = context.fetcher.fetch(url=f"/{path}?after={after}").body
        more = {"continuation": {"after": body["items"][-1]["id"]}} if body["more"] else {}
        return {"result": body["items"], **more}
"""

SHORT_PAGE = """
        at = (context.sync.continuation or {"at": 0})["at"]
        items = context.fetcher.fetch(url=f"/{path}?at={at}").body["items"]
        more = {"continuation": {"at": at + len(items)}} if len(items) == 10 else {}
        return {"result": items, **more}
"""


def test_the_last_row_is_kept_where_its_id_is_sent(project: DagsterProject) -> None:
    """Else the second page would not be the one that was recorded."""
    with served(project, with_paging(LAST_ID)) as service:

        def answer(request: SeenRequest) -> Answer:
            after = int(request.query["after"][0])
            items = [{"id": str(number)} for number in range(after + 1, min(after + 11, 26))]
            return Answer(body=json.dumps({"items": items, "more": after + 11 < 26}).encode())

        service.answer = answer  # type: ignore[method-assign]
        told = service.record("Tasks", "--rows", "2")
        assert "kept whole" not in told
        assert service.recordings[0].expected.ids == ["1", "10", "11", "20", "21", "25"]
        assert "1 passed" in pytest_says(service)


def test_pages_that_are_counted_are_kept_whole(project: DagsterProject) -> None:
    """And it is said why."""
    with served(project, with_paging(SHORT_PAGE)) as service:

        def answer(request: SeenRequest) -> Answer:
            at = int(request.query["at"][0])
            items = [{"id": str(number)} for number in range(at, min(at + 10, 23))]
            return Answer(body=json.dumps({"items": items}).encode())

        service.answer = answer  # type: ignore[method-assign]
        told = service.record("Tasks")
        assert "its answers were kept whole: with fewer rows the pack pages otherwise" in told
        assert len(service.recordings[0].expected.ids) == 23


DETAILS = """
        found = context.fetcher.fetch(url=f"/{path}").body["items"]
        return {"result": [context.fetcher.fetch(url=f"/{path}/{i['id']}").body for i in found]}
"""


def test_requests_of_rows_that_are_left_out_are_left_out(project: DagsterProject) -> None:
    """A pack that asks for each row asks for those that are kept."""
    with served(project, with_paging(DETAILS)) as service:

        def answer(request: SeenRequest) -> Answer:
            name = request.path.rpartition("/")[2]
            items: Any = {"items": [{"id": str(number)} for number in range(9)]}
            body = {"id": name, "detail": "d"} if name.isdecimal() else items
            return Answer(body=json.dumps(body).encode())

        service.answer = answer  # type: ignore[method-assign]
        service.record("Tasks", "--rows", "2")
        urls = [each.request.url for each in service.recordings[0].exchanges]
        assert urls == ["/tasks", "/tasks/0", "/tasks/1"]


EXPIRING = """
        previous = context.sync.previous_completion
        try:
            body = context.fetcher.fetch(url=f"/{path}?full={previous is None}").body
        except StatusCodeError:
            return {"completion": {"hasIncompleteResults": True}}
        cursor = {"incrementalContinuation": {"token": body["token"]}}
        return {"result": body["items"], "completion": cursor}
"""


def test_an_expired_cursor_is_recorded_with_the_full_sync(project: DagsterProject) -> None:
    """Two recordings: the pack's answer to the error, and the full sync that follows (C8)."""
    source = with_paging(EXPIRING).replace("import Auth", "import StatusCodeError, Auth")
    with served(project, source) as service:

        def answer(request: SeenRequest) -> Answer:
            full = request.query["full"] == ["True"]
            body = b'{"items": [{"id": "a"}], "token": "abc"}' if full else b'{"error": "expired"}'
            return Answer(status=200 if full else 410, body=body)

        service.answer = answer  # type: ignore[method-assign]
        service.record("Tasks")
        told = service.record("Tasks")
        assert "Tasks: incremental sync, 1 page, 0 rows" in told
        names = list(service.files())
        assert names[1:] == ["Tasks/002-incremental.json", "Tasks/003-full.json"]
        expired = service.recordings[1]
        assert expired.expected.has_incomplete_results
        assert expired.exchanges[0].response
        assert expired.exchanges[0].response.status == 410
        assert "3 passed" in pytest_says(service)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('        import uuid\n        context.fetcher.fetch(url=f"/a?x={uuid.uuid4()}")\n', "'x'"),
        ('        raise ValueError("no such thing")\n', "no such thing; nothing of it was kept"),
    ],
)
def test_what_cannot_be_replayed_is_not_written(
    project: DagsterProject, body: str, said: str
) -> None:
    """A pack that asks by chance, and a sync that fails: the reason is told, and no file made."""
    with served(project, with_paging(body)) as service:
        service.answer = lambda _: Answer(body=b"{}")  # type: ignore[method-assign]
        result = service.run("record", "acme", "Tasks")
        assert result.exit_code == 1
        assert said in result.output
        assert service.files() == {}


def test_a_replay_tells_what_has_changed(service: Service) -> None:
    """It exits with 1."""
    service.record("Tasks")
    file = service.recordings_folder / "Tasks/001-full.json"
    file.write_text(file.read_text().replace("page=2", "page=7"))
    result = service.run("record", "acme", "Tasks", "--replay")
    assert result.exit_code == 1
    assert "the parameter 'page': asked '2', recorded '7'" in result.output
    assert "1 failed" in pytest_says(service)


def test_nothing_is_left_of_a_recording_that_is_not_whole(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full while the file is written."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pack_sync.record.files.os.fsync", fail)
    result = service.run("record", "acme", "Tasks")
    assert result.exit_code == 1
    assert "No space left on device" in result.output
    assert service.files() == {}


def test_nothing_is_recorded_yet(service: Service) -> None:
    """`--replay` says so."""
    result = service.run("record", "acme", "--replay")
    assert result.exit_code == 1
    assert "nothing is recorded in " in result.output


def test_a_pack_without_such_a_test_gets_one(tmp_path: Path) -> None:
    """Beside its recordings; one that is there already is left as it is, whatever it is called."""
    folder = tmp_path / "tests" / "recordings"
    folder.mkdir(parents=True)
    file = write_test(folder, "packs.acme.pack")
    assert file is not None
    assert file == tmp_path / "tests" / "test_recordings.py"
    assert "from packs.acme.pack import pack\n" in file.read_text()
    assert (tmp_path / "tests" / "__init__.py").is_file()
    mine = file.rename(file.with_name("test_mine.py"))
    assert write_test(folder, "packs.acme.pack") is None
    assert not file.exists()
    assert mine.exists()
