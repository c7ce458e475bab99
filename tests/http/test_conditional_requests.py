"""Answers that have not changed are not sent again; the pack sees an ordinary one (F9)."""

import time
from email.utils import formatdate
from pathlib import Path

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType, make_authentication
from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.budgets.books import FileBooks
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.conditional_requests import ConditionalRequests
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.single_request import Spender
from tests.conftest import Connect
from tests.http.validating_service import (
    ValidatingService,
    answers_below,
    body_of,
    conditional_fetcher,
)
from tests.http_server import Answer, HttpServer

QUERY_TOKEN = Authentication(type=AuthenticationType.QUERY_PARAM_TOKEN, param_name="key")


def service_of(server: HttpServer, **bodies: bytes) -> ValidatingService:
    """A service that does it right."""
    service = ValidatingService(**bodies)
    server.answer = service
    return service


def test_a_pack_sees_an_ordinary_answer(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """Status, body and headers; those that the 304 has are the newer ones (F9)."""
    service = service_of(server, items=b'{"rows": [1]}')
    service.headers = {"X-RateLimit-Remaining": "9", "Link": '</items?page=2>; rel="next"'}
    url = f"{server.url}/items"
    first = conditional_fetcher(connect(), tmp_path).send(FetchRequest(url=url))
    first.body["rows"].append("changed")
    service.headers = {"X-RateLimit-Remaining": "8"}
    fetcher = conditional_fetcher(connect(), tmp_path)
    again = fetcher.send(FetchRequest(url=url))
    assert (again.status, again.body) == (200, {"rows": [1]})
    assert again.headers["content-type"] == "application/json"
    assert again.headers["content-length"] == first.headers["content-length"]
    assert again.headers["link"] == first.headers["link"]
    assert again.headers["x-ratelimit-remaining"] == "8"
    assert service.statuses == [200, 304]
    statistics = fetcher.statistics
    assert (statistics.requests, statistics.not_modified) == (1, 1)
    assert statistics.bytes_received == 0

    service.bodies["/items"] = b'{"rows": [2]}'
    for _ in range(2):
        fetcher = conditional_fetcher(connect(), tmp_path)
        assert body_of(fetcher, url) == {"rows": [2]}
    assert service.statuses == [200, 304, 200, 304]
    binary = conditional_fetcher(connect(), tmp_path)
    assert body_of(binary, url, is_binary_response=True) == b'{"rows": [2]}'


@pytest.mark.parametrize(
    ("seconds_ago", "asked"), [(3600, "If-Modified-Since"), (10, None), (-3600, None)]
)
def test_a_date_of_modification(
    server: HttpServer, connect: Connect, tmp_path: Path, seconds_ago: int, asked: str | None
) -> None:
    """Is a validator where it is a minute before the answer: seconds tell nothing finer (F9)."""
    modified = formatdate(time.time() - seconds_ago, usegmt=True)
    server.answers(Answer(body=b"1", headers={"Last-Modified": modified}))
    for _ in range(2):
        body_of(conditional_fetcher(connect(), tmp_path), server.url)
    headers = server.requests[1].headers
    assert headers.get("if-modified-since") == (modified if asked else None)
    assert "if-none-match" not in headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1"}, {"If-None-Match": '"x"'}, {"if-modified-since": "x"},
        {"Cache-Control": "no-store"},
    ],
)  # fmt: skip
def test_what_a_pack_asks_itself_is_left_alone(
    server: HttpServer, connect: Connect, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Its ranges and conditions are its own, and so is the 304 (F9)."""
    service = service_of(server, items=b"1")
    for _ in range(2):
        fetcher = conditional_fetcher(connect(), tmp_path)
        body_of(fetcher, f"{server.url}/items", headers=headers)
    own = {name.lower(): value for name, value in headers.items()}
    for seen in server.requests:
        assert seen.headers.get("if-none-match") == own.get("if-none-match")
    assert not answers_below(tmp_path)
    with pytest.raises(StatusCodeError) as told:
        body_of(
            conditional_fetcher(connect(), tmp_path),
            f"{server.url}/items",
            headers={"If-None-Match": service.tag(b"1", server.requests[0])},
        )
    assert told.value.status_code == 304


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_get(server: HttpServer, connect: Connect, tmp_path: Path, method: str) -> None:
    """Nothing else is kept (F9)."""
    service_of(server, items=b"1")
    for _ in range(2):
        fetcher = conditional_fetcher(connect(), tmp_path)
        fetcher.send(FetchRequest(url=f"{server.url}/items", method=method))  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    assert "if-none-match" not in server.requests[1].headers


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"1"),
        Answer(status=201, body=b"1", headers={"ETag": '"a"'}),
        Answer(status=206, body=b"1", headers={"ETag": '"a"'}),
        Answer(body=b"1", headers={"ETag": '"\x07"'}),
        Answer(body=b"1", headers={"Last-Modified": "yesterday"}),
    ],
)
def test_nothing_else_is_kept(
    server: HttpServer, connect: Connect, tmp_path: Path, answer: Answer
) -> None:
    """Only a whole answer with a validator, and no folder is made for others (F9)."""
    server.answers(answer)
    body_of(conditional_fetcher(connect(), tmp_path / "answers"), server.url)
    assert not list(tmp_path.iterdir())


def test_an_answer_that_cannot_be_used_is_not_kept(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """A body that is cut short would be kept for weeks (F9)."""
    server.answers(
        Answer(body=b'{"a": ', headers={"ETag": '"a"'}), Answer(body=b"1", headers={"ETag": '"a"'})
    )
    assert body_of(conditional_fetcher(connect(), tmp_path), server.url) == 1
    assert "if-none-match" not in server.requests[1].headers


def test_redirects_are_followed_anew(server: HttpServer, connect: Connect, tmp_path: Path) -> None:
    """Each request on the way is one of its own; where it leads is asked (F9)."""
    service = service_of(server, items=b"1", other=b"2")
    target = ["/items"]
    server.answer = lambda seen: (
        Answer(status=302, headers={"Location": target[0], "ETag": '"a"'})
        if seen.path == "/"
        else service(seen)
    )
    for path, body in (("/items", 1), ("/items", 1), ("/other", 2)):
        target[0] = path
        assert body_of(conditional_fetcher(connect(), tmp_path), server.url) == body
    assert service.statuses == [200, 304, 200]


def test_a_token_of_each_call_is_no_other_request(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """Templates of credentials have another token in each call of the pack (A2, F9)."""
    service = service_of(server, items=b"1")
    authentication = make_authentication(
        type="Custom", params=[{"name": "key", "description": "The key."}]
    )
    for token in ("t1", "t2"):
        connection = connect(authentication, credentials={"key": "s3cretkey"})
        fetcher = conditional_fetcher(connection, tmp_path)
        url = f"{server.url}/items?key={{{{key-{token}}}}}"
        request = FetchRequest(url=url, headers={"X-Key": f"{{{{key-{token}}}}}"})
        assert fetcher.send(request, invocation_token=token).body == 1
    assert [seen.query["key"] for seen in server.requests] == [["s3cretkey"]] * 2
    assert service.statuses == [200, 304]


def test_no_secret_is_on_disk(server: HttpServer, connect: Connect, tmp_path: Path) -> None:
    """Names are hashes; cookies and bodies that repeat a credential are not kept (A4, F9)."""
    service = service_of(server, items=b"1", echo=b'{"next": "/echo?key=hunter%2F22"}')
    service.headers = {"Set-Cookie": "session=c00kie; path=/"}
    for path in ("items", "echo"):
        connection = connect(QUERY_TOKEN, credentials={"token": "hunter/22"})
        for _ in range(2):
            fetcher = conditional_fetcher(connection, tmp_path)
            answer = fetcher.send(FetchRequest(url=f"{server.url}/{path}?q=words"))
            assert answer.headers["set-cookie"] == "session=c00kie; path=/"
    service.headers = {"Link": "</items?key=hunter%2F22>"}
    body_of(conditional_fetcher(connection, tmp_path), f"{server.url}/items?page=2")
    assert service.statuses == [200, 304, 200, 200, 200]
    (kept,) = answers_below(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    written = b"".join(path.read_bytes() for path in files)
    assert not [word for word in (b"hunter", b"c00kie", b"words", b"127.0") if word in written]
    assert not [path for path in files if "hunter" in str(path)]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """Costs requests and nothing else; it is told once (F9)."""
    service_of(server, items=b"1")
    (tmp_path / "file").touch()
    told: list[str] = []
    connection = connect()
    for _ in range(2):
        fetcher = SyncFetcher(
            connection,
            spender=Spender(tell=told.append),
            conditional=ConditionalRequests(
                answers=connection.answers_in(tmp_path / "file" / "answers"),
                redactor=connection.redactor,
                code_version="",
            ),
        )
        assert body_of(fetcher, f"{server.url}/items") == 1
    (line,) = told
    assert line.startswith("answers are not kept for conditional requests (")
    assert str(tmp_path / "file") in line


@pytest.mark.parametrize(("counts", "left"), [(None, 1), (True, 1), (False, 2)])
def test_what_counts_against_the_budget(
    server: HttpServer, tmp_path: Path, counts: bool | None, left: int
) -> None:
    """A 304 is free in long rates where the service says so, and never in short ones (F8, F9)."""
    service = service_of(server, items=b"1")
    settings = ConnectionSettings(
        name="acme",
        allow_http_localhost=True,
        rate=["10/min", "3/day"],
        count_not_modified=counts,
    )
    books = FileBooks(tmp_path / "budgets.sqlite")
    with Connection(settings, Authentication(), [], books=books) as connection:
        for _ in range(2):
            body_of(conditional_fetcher(connection, tmp_path / "answers"), f"{server.url}/items")
        assert connection.budget is not None
        assert [usage.left for usage in connection.budget.usage()] == [8, left]
    assert service.statuses == [200, 304]
