"""No secret is in a file of a recording, whatever the service made of it (contract A4)."""

import base64
import json
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

import pytest

from pack_sync.redaction import Redactor
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.http_server import Answer, SeenRequest
from tests.record.service import PACK, TOKEN, Service, served
from tests.record.test_record import pytest_says

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.fixture
def service(project: DagsterProject) -> Generator[Service]:
    """The service and its pack."""
    with served(project) as service:
        yield service


def base64_of(text: str) -> str:
    """The text in base64."""
    return base64.b64encode(text.encode()).decode()


SPELLINGS = [
    TOKEN,
    f"Bearer {TOKEN}",
    quote(TOKEN, safe=""),
    quote(quote(TOKEN, safe=""), safe=""),
    "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
    base64_of(TOKEN),
    base64_of(f"user:{TOKEN}"),
    f"Basic {base64_of(f'x{TOKEN}')}",
    quote(base64_of(f"{TOKEN}:"), safe=""),
    base64_of(base64_of(f"ab{TOKEN}")),
    base64.urlsafe_b64encode(f"??>>{TOKEN}".encode()).decode().rstrip("="),
    json.dumps({"echo": TOKEN}),
    json.dumps(json.dumps({"echo": TOKEN.replace("/", "\\/")})),
    "".join(f"\\u{ord(letter):04x}" for letter in TOKEN),
    "".join(f"&#{ord(letter)};" for letter in TOKEN),
    f"https://api.example.com/next?key={quote(TOKEN, safe='')}&page=2",
    f"https://user:{quote(TOKEN, safe='')}@api.example.com/next",
    f"https://api.example.com/{quote(TOKEN, safe='')}/next",
    f"/next?state={quote(base64_of(json.dumps({'key': TOKEN})), safe='')}",
]


@pytest.mark.parametrize("place", ["value", "key", "text", "header"])
def test_a_secret_of_the_connection_is_in_no_file(service: Service, place: str) -> None:
    """Wherever an answer repeats it, and however it is written; the test passes nevertheless."""
    service.answer = lambda _: answer_with(place)  # type: ignore[method-assign]
    service.record("Tasks", "--rows", "0")
    assert_clean(service, *SPELLINGS)
    assert service.record("--replay").count("as recorded") == 1


def test_a_secret_that_the_pack_sends_is_in_no_file(service: Service) -> None:
    """In the URL of a request that is made of an answer; the same request is made in a replay."""
    use_in_urls(service, SPELLINGS)
    service.record("Tasks")
    assert_clean(service, *SPELLINGS)
    assert service.record("--replay").count("as recorded") == 1


def answer_with(place: str) -> Answer:
    """The last page of a table, with a secret somewhere, in many spellings."""
    row: dict[str, Any] = {"id": "a"}
    if place == "value":
        row |= {f"note{number}": each for number, each in enumerate(SPELLINGS)}
    if place == "key":
        row |= {each: [each] for each in SPELLINGS}
    if place == "text":
        row |= {f"log{n}": f"asked with <{each}>, thanks" for n, each in enumerate(SPELLINGS)}
    headers: dict[str, str] = {}
    if place == "header":
        headers = {f"X-Echo-{number}": each for number, each in enumerate(SPELLINGS)}
        headers["Link"] = f'<https://api.example.com/a?k={TOKEN}>; rel="self"'
    body = json.dumps({"items": [row], "now": "2025"}).encode()
    return Answer(body=body, headers=headers)


def use_in_urls(service: Service, told: list[str]) -> None:
    """Have the pack send what an answer tells it."""
    file = service.folder / "pack.py"
    sending = """
        for told in context.fetcher.fetch(url="/told").body:
            context.fetcher.fetch(url="/about?" + urlencode({"told": told}))
        response = context"""
    file.write_text(file.read_text().replace("\n        response = context", sending))
    page = {"items": [{"id": "a"}], "now": "2025"}

    def answer(request: SeenRequest) -> Answer:
        return Answer(body=json.dumps(told if request.path == "/told" else page).encode())

    service.answer = answer  # type: ignore[method-assign]


def assert_clean(service: Service, *secrets: str) -> None:
    """By the redactor's scan of the bytes, and by the eye."""
    files = service.files()
    assert files
    for text in files.values():
        assert not Redactor([TOKEN]).has_secret(text.encode())
        found = [each for each in secrets if each in text or json.dumps(each)[1:-1] in text]
        assert found == []


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        ({"access_token": "Zk3-91x-fresh"}, "Zk3-91x-fresh"),
        ({"user": {"apiKey": "Zk3-91x-fresh"}}, "Zk3-91x-fresh"),
        ({"Client-Secret": "Zk3-91x-fresh"}, "Zk3-91x-fresh"),
        ({"hint": f"use {JWT} for it"}, JWT),
        ({"hint": "ghp_0123456789abcdefghijABCDEFGHIJ456789"}, "ghp_0123456789abcdefghij"),
        ({"hint": "sk_live_abcdefghijkl"}, "sk_live_abcdefghijkl"),
        ({"hint": "ak_live_5d1c0ffee9b2"}, "ak_live_5d1c0ffee9b2"),
        ({"file": "https://s3.example.com/a?X-Amz-Signature=0f1e2d3c4b5a&x=1"}, "0f1e2d3c4b5a"),
        ({"file": "https://s3.example.com/a?sig=0f1e2d%2F3c4b5a"}, "0f1e2d%2F3c4b5a"),
    ],
)
def test_secrets_that_answers_bring_are_replaced(
    service: Service, body: dict[str, Any], secret: str
) -> None:
    """By the names that they have, or by their looks; wherever else they are as well."""
    value = next(iter(body.values()))
    row = {"id": "a", **body, "again": f"seen: {value}"}
    page = {"items": [row], "now": "2025"}
    service.answer = lambda _: Answer(body=json.dumps(page).encode())  # type: ignore[method-assign]
    service.record("Tasks")
    assert_clean(service, secret)
    assert "[secret-1]" in service.files()["Tasks/001-full.json"]


@pytest.mark.parametrize("name", ["Set-Cookie", "X-Auth-Token", "X-Session-Id", "X-Api-Key"])
def test_headers_that_tell_of_secrets_are_not_kept(service: Service, name: str) -> None:
    """Their values are nowhere; those that packs read are."""
    service.headers = {name: "session=Zk3-91x-fresh", "X-Next-Page": "2", "ETag": '"v1"'}
    service.record("Tasks")
    assert_clean(service, "Zk3-91x-fresh")
    headers = service.recordings[0].exchanges[0].response
    assert headers
    assert headers.headers["x-next-page"] == "2"
    assert headers.headers["etag"] == '"v1"'


def test_two_tokens_of_pages_stay_two(project: DagsterProject) -> None:
    """A continuation that looks like a secret is replaced, and pages go on."""
    source = PACK.replace('response.body["next"]}}', 'response.body["nextPageJwt"]["jwt"]}}')
    with served(project, source) as service:
        tokens = [f"{JWT}{letter}" for letter in "abc"]

        def answer(request: SeenRequest) -> Answer:
            page = request.query["page"][0]
            at = tokens.index(page) + 1 if page in tokens else 0
            body: dict[str, Any] = {"items": [{"id": str(at)}], "now": "2025"}
            if at < len(tokens):
                body |= {"next": True, "nextPageJwt": {"jwt": tokens[at]}}
            return Answer(body=json.dumps(body).encode())

        service.answer = answer  # type: ignore[method-assign]
        told = service.record("Tasks")
        assert "4 pages" in told
        assert_clean(service, JWT, *tokens)
        assert "1 passed" in pytest_says(service)


def test_a_secret_in_the_cursor_is_no_place_to_go_on_from(service: Service) -> None:
    """The next recording is a full sync, and says so."""
    page = {"items": [{"id": "a"}], "now": f"after {TOKEN}"}
    service.answer = lambda _: Answer(body=json.dumps(page).encode())  # type: ignore[method-assign]
    assert "will be a full sync: there is no cursor" in service.record("Tasks")
    assert_clean(service, TOKEN)
    assert service.recordings[0].next_cursor is None


def test_a_secret_in_an_error_is_not_printed(project: DagsterProject) -> None:
    """What the command says when nothing can be kept has none, either."""
    body = f'raise ValueError("no {TOKEN}")'
    with served(project, PACK.replace('query = {"page": page}', body)) as service:
        result = service.run("record", "acme", "Tasks")
        assert result.exit_code == 1
        assert "no [secret]" in result.output
        assert TOKEN not in result.output
