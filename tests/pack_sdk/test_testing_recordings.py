"""Recordings: what their files say, and that a pack is tested by them without a network."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from pack_sdk import FetchRequest, FetchResponse, Pack, StatusCodeError, make_object_schema
from pack_sdk.testing import (
    Exchange,
    MockFetcher,
    Recording,
    check_recording,
    make_context,
    read_recordings,
    recording_tests,
    replay_sync,
)
from pack_sdk.testing.recordings import Expected, content_of, recording_from

URL = "https://api.example.com/tasks"
BEGAN = datetime(2025, 3, 1, 12, tzinfo=UTC)

pack = Pack()
pack.add_network_domain("api.example.com")


@pack.add_sync_table(
    name="Tasks",
    identity_name="Task",
    schema=make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    ),
)
def sync_tasks(_args: Any, context: Any) -> dict[str, Any]:
    """Two pages, and those that changed since the last sync."""
    query: dict[str, Any] = {"page": (context.sync.continuation or {"page": 1})["page"]}
    if previous := context.sync.previous_completion:
        query["since"] = previous.incremental_continuation["since"]
    body = context.fetcher.fetch(url=f"{URL}?{urlencode(query)}").body
    result: dict[str, Any] = {"result": body["tasks"], "deletedRowIds": body.get("deleted", [])}
    if body.get("next"):
        return {**result, "continuation": {"page": body["next"]}}
    cursor = {"since": context.sync.started_at.isoformat()}
    return {**result, "completion": {"incrementalContinuation": cursor}}


def answered(url: str, body: Any, status: int = 200) -> Exchange:
    """A request by GET, and its answer."""
    return Exchange(request=FetchRequest(url=url), response=FetchResponse(status=status, body=body))


FULL = Recording(
    pack="acme",
    table="Tasks",
    sync="default",
    mode="full",
    started_at=BEGAN,
    exchanges=[
        answered(f"{URL}?page=1", {"tasks": [{"id": "a"}, {"id": "b"}], "next": 2}),
        answered(f"{URL}?page=2", {"tasks": [{"id": "c"}]}),
    ],
    expected=Expected(pages=2, ids=["a", "b", "c"], cursor={"since": BEGAN.isoformat()}),
)
LATER = replace(
    FULL,
    mode="incremental",
    started_at=BEGAN.replace(day=3),
    cursor_before={"since": BEGAN.isoformat()},
    exchanges=[
        answered(
            f"{URL}?since=2025-03-01T12%3A00%3A00%2B00%3A00&page=1",
            {"tasks": [{"id": "d"}], "deleted": ["a"]},
        )
    ],
    expected=Expected(
        pages=1,
        ids=["d"],
        deleted_ids=["a"],
        cursor={"since": BEGAN.replace(day=3).isoformat()},
    ),
)


def written(folder: Path, *recordings: Recording) -> Path:
    """A folder with the recordings of a table, as `packsync record` writes them."""
    for number, each in enumerate(recordings, 1):
        file = folder / each.table / f"{number:03}-{each.mode}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(content_of(each), indent=2))
    return folder


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    """Bodies of JSON, text and bytes, forms, headers, and answers that never came."""
    exchanges = [
        answered(URL, b"\xff\x00"),
        answered(URL, "a,b\n1,2\n"),
        Exchange(
            request=FetchRequest(
                url=URL, method="POST", form={"a": "1"}, headers={"X-A": "b"}, etag="v1"
            ),
            error="api.example.com cannot be reached",
        ),
        Exchange(
            request=FetchRequest(url=URL, method="POST", body='{"query": "{ me }"}'),
            response=FetchResponse(status=503, headers={"retry-after": "5"}, body={"big": 2**70}),
        ),
    ]
    recording = replace(FULL, exchanges=exchanges, next_cursor={}, parameters={"project": "P"})
    (read,) = read_recordings(written(tmp_path, recording))
    assert replace(read, path=None) == recording
    assert str(read) == "Tasks/001-full"


def test_recorded_syncs_are_replayed(tmp_path: Path) -> None:
    """Each with its clock and cursor, and both by one fetcher for a folder."""
    folder = written(tmp_path, FULL, LATER)
    full, later = read_recordings(folder)
    assert check_recording(pack, full).ids == ["a", "b", "c"]
    assert check_recording(pack, later).deleted_row_ids == ["a"]
    fetcher = MockFetcher.replay(folder)
    replay_sync(pack, full, fetcher)
    assert fetcher.unused == [f"GET {LATER.exchanges[0].request.url} (Tasks/002-incremental)"]


def test_a_recording_that_was_stopped_ends_where_it_did(tmp_path: Path) -> None:
    """After so many pages, without a cursor."""
    stopped = replace(
        FULL, exchanges=FULL.exchanges[:1], expected=Expected(pages=1, ids=["a", "b"], ended=False)
    )
    (read,) = read_recordings(written(tmp_path, stopped))
    assert check_recording(pack, read).cursor is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pages": 3}, "the pages differ"),
        ({"ids": ["a", "b", "d"]}, "the ids of its rows differ"),
        ({"deleted_ids": ["z"]}, "the deleted ids differ"),
        ({"cursor": {"since": "2025"}}, "the cursor differ"),
        ({"has_incomplete_results": True}, "the hasIncompleteResults differ"),
    ],
)
def test_what_differs_from_the_recording_fails_the_test(changed: Any, told: str) -> None:
    """And says what is found now, and what was recorded."""
    with pytest.raises(AssertionError, match=told):
        check_recording(pack, replace(FULL, expected=replace(FULL.expected, **changed)))


def test_a_request_that_is_not_made_any_more_fails_the_test() -> None:
    """It is named."""
    more = [*FULL.exchanges, answered(f"{URL}/deleted", [])]
    with pytest.raises(AssertionError, match=f"did not ask again for\n  GET {URL}/deleted"):
        check_recording(pack, replace(FULL, exchanges=more))


def asked(request: FetchRequest, recording: Recording = FULL) -> str:
    """What is said of a request that was not recorded."""
    with pytest.raises(AssertionError) as caught:
        MockFetcher.replay(recording).send(request)
    return str(caught.value)


@pytest.mark.parametrize(
    ("request_", "difference"),
    [
        (FetchRequest(url=f"{URL}?page=3"), "the parameter 'page': asked '3', recorded '1'"),
        (
            FetchRequest(url=f"{URL}?page=2&size=9"),
            "the parameter 'size': asked with '9', recorded without",
        ),
        (FetchRequest(url=URL), "the parameter 'page': asked without, recorded with '1'"),
        (
            FetchRequest(url=f"{URL}/9?page=2"),
            "the path: asked '/tasks/9', recorded '/tasks'",
        ),
        (
            FetchRequest(url="https://eu.example.com/tasks?page=2"),
            "the host: asked 'https://eu.example.com', recorded 'https://api.example.com'",
        ),
        (
            FetchRequest(url=f"{URL}?page=2", method="POST", body='{"a": 1}'),
            """the method: asked 'POST', recorded 'GET'
  the body: asked with '{"a": 1}', recorded without""",
        ),
    ],
)
def test_the_nearest_request_is_told(request_: FetchRequest, difference: str) -> None:
    """With what is different, parameter by parameter."""
    text = asked(request_)
    assert f"They differ in\n  {difference}\nIf" in text
    number = 2 if "page=2" in request_.url else 1
    assert f"number {number} of Tasks (full):\n  GET {URL}?page={number}\n" in text
    assert "packsync record acme Tasks" in text


def test_bodies_are_compared_key_by_key() -> None:
    """Of JSON and of forms; the order of keys does not matter."""
    query = {"query": "{ tasks }", "variables": {"after": "a", "first": 2}}
    request = FetchRequest(url=URL, method="POST", body=json.dumps(query))
    recording = replace(FULL, exchanges=[replace(answered(URL, "ok"), request=request)])
    turned = json.dumps({"variables": {"first": 2, "after": "a"}, "query": "{ tasks }"}).encode()
    assert MockFetcher.replay(recording).send(replace(request, body=turned)).body == "ok"
    other = json.dumps({**query, "variables": {"after": "b"}})
    assert "the body's key 'variables'" in asked(replace(request, body=other), recording)
    with_form = replace(request, body=None, form={"page": "2"})
    assert "the form's field 'page': asked with '2'" in asked(with_form, recording)


def test_the_same_request_gets_its_answers_in_turn() -> None:
    """And headers choose between requests that are else the same."""
    ranged = FetchRequest(url=URL, headers={"Range": "items=0-9"})
    recording = replace(
        FULL,
        exchanges=[
            answered(URL, "waiting"),
            answered(URL, "done"),
            Exchange(request=ranged, response=FetchResponse(status=200, body="some")),
        ],
    )
    fetcher = MockFetcher.replay(recording)
    found = [fetcher.send(FetchRequest(url=URL)).body for _ in range(3)]
    assert found == ["waiting", "done", "done"]
    assert fetcher.send(replace(ranged, headers={"range": "items=0-9"})).body == "some"


def test_errors_are_replayed() -> None:
    """A status of 300 or more raises, as it did (contract F3)."""
    recording = replace(FULL, exchanges=[answered(URL, {"error": "gone"}, 410)])
    with pytest.raises(StatusCodeError) as caught:
        make_context(MockFetcher.replay(recording)).fetcher.fetch(url=URL)
    assert caught.value.body == {"error": "gone"}


def test_the_token_of_a_call_is_no_difference() -> None:
    """Templates of Custom authentication hold one that is new in each call (contract A2)."""
    url = URL + "?key={{key-%s}}"
    recording = replace(FULL, exchanges=[answered(url % ("0" * 32), "ok")])
    assert MockFetcher.replay(recording).send(FetchRequest(url=url % ("a1" * 16))).body == "ok"


def test_one_line_makes_a_test_for_each_recording(pytester: pytest.Pytester) -> None:
    """Found beside the test's file; skipped where there are none."""
    written(pytester.mkdir("recordings"), FULL, replace(LATER, cursor_before={"since": "2024"}))
    pytester.makepyfile(
        "from pack_sdk.testing import recording_tests\n"
        "from tests.pack_sdk.test_testing_recordings import pack\n"
        "test_recordings = recording_tests(pack, __file__)\n"
    )
    result = pytester.runpytest("-v", "-p", "no:cacheprovider", "-p", "no:xdist")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*test_recordings*Tasks/001-full* PASSED*", "*since': asked*"])


def test_there_may_be_no_recordings(tmp_path: Path) -> None:
    """The test is there, and pytest skips it."""
    test: Any = recording_tests(pack, tmp_path / "test_pack.py")
    assert test.pytestmark[0].args == ("recording", [])


def test_a_file_that_is_no_recording_is_named(tmp_path: Path) -> None:
    """With what is wrong, and what to do."""
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ValueError, match=r"a\.json cannot be read as a recording \(KeyError"):
        read_recordings(tmp_path)
    with pytest.raises(ValueError, match="its format is 99"):
        recording_from({"format": 99})
