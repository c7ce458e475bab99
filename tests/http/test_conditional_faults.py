"""Answers that have not changed are not sent again, and never are others used for them (F9).

The service of most tests is careless: it has one `ETag` for everything. Whatever is asked about
with a condition is then answered with 304, so one condition too many brings a wrong body.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import StatusCodeError
from pack_sync.http import conditional_requests, stored_answers
from pack_sync.http.conditional_requests import ConditionalRequests
from pack_sync.http.connection import Connection
from pack_sync.http.single_request import Hop
from pack_sync.http.stored_answers import LONGEST_AGE_SECONDS, StoredAnswers
from tests.conftest import Connect
from tests.http.validating_service import answers_below, body_of, conditional_fetcher
from tests.http_server import Answer, HttpServer, SeenRequest

# pyright: reportPrivateUsage=false

TOKEN = Authentication(type=AuthenticationType.CUSTOM_HEADER_TOKEN, header_name="X-Key")


@dataclass
class Careless:
    """A service with one `ETag` for all; `truth` says what it would answer to a request."""

    server: HttpServer
    connect: Connect
    folder: Path
    truth: Callable[[SeenRequest], bytes] = lambda seen: b'"%s"' % seen.path.encode()
    headers: dict[str, str] = field(default_factory=dict[str, str])
    credentials: str = "abcd"
    code_version: str = "v1"
    conditions: int = 0

    def __post_init__(self) -> None:
        self.server.answer = self._answer

    def fetch(self, path: str = "/", **request: Any) -> Any:
        """Ask in a new run."""
        connection = self.connect(TOKEN, credentials={"token": self.credentials})
        fetcher = conditional_fetcher(connection, self.folder, code_version=self.code_version)
        return body_of(fetcher, f"{self.server.url}{path}", **request)

    def _answer(self, seen: SeenRequest) -> Answer:
        headers = {"ETag": '"same"', **self.headers}
        if seen.headers.get("if-none-match") == '"same"':
            self.conditions += 1
            return Answer(status=304, headers=headers, content_type="")
        return Answer(body=self.truth(seen), headers=headers)


@pytest.fixture
def careless(server: HttpServer, connect: Connect, tmp_path: Path) -> Careless:
    """A careless service."""
    return Careless(server, connect, tmp_path / "answers")


def other_url(service: Careless) -> None:
    """Another parameter is another request."""
    service.truth = lambda seen: b'"%s"' % seen.query["page"][0].encode()
    assert service.fetch("/?page=1") == "1"
    assert service.fetch("/?page=2") == "2"


def other_header(service: Careless) -> None:
    """A header that the answer varies with, and says so."""
    service.headers = {"Vary": "Accept-Language"}
    service.truth = lambda seen: b'"%s"' % seen.headers["accept-language"].encode()
    assert service.fetch(headers={"Accept-Language": "en"}) == "en"
    assert service.fetch(headers={"Accept-Language": "de"}) == "de"


def other_body(service: Careless) -> None:
    """A GET may have a body."""
    service.truth = lambda seen: b'"%s"' % seen.body
    assert service.fetch(body="a") == "a"
    assert service.fetch(body="b") == "b"


def without_credentials(service: Careless) -> None:
    """What is public is not what the account sees."""
    service.truth = lambda seen: b'"account"' if "x-key" in seen.headers else b'"nobody"'
    assert service.fetch() == "account"
    assert service.fetch(disable_authentication=True) == "nobody"


def other_credentials(service: Careless) -> None:
    """Another account's answer, at the same place."""
    names = {"abcd": b'"one"', "efgh": b'"other"'}
    service.truth = lambda seen: names[seen.headers["x-key"]]
    assert service.fetch() == "one"
    service.credentials = "efgh"
    assert service.fetch() == "other"


def other_version(service: Careless) -> None:
    """Other code of the pack begins anew."""
    assert service.fetch() == "/"
    service.code_version = "v2"
    service.truth = lambda _: b'"new"'
    assert service.fetch() == "new"


def varies_with_everything(service: Careless) -> None:
    """`Vary: *`: no request is like another."""
    bodies = iter([b'"a"', b'"b"'])
    service.headers, service.truth = {"Vary": "Accept, *"}, lambda _: next(bodies)
    assert service.fetch() == "a"
    assert service.fetch() == "b"


def not_to_be_stored(service: Careless) -> None:
    """`no-store` of the service."""
    bodies = iter([b'"a"', b'"b"'])
    service.headers = {"Cache-Control": "private, No-Store"}
    service.truth = lambda _: next(bodies)
    assert service.fetch() == "a"
    assert not answers_below(service.folder)
    assert service.fetch() == "b"


def damaged(service: Careless, place: int) -> None:
    """A byte of the file is another."""
    service.truth = lambda _: b'"truth"'
    assert service.fetch() == "truth"
    (path,) = answers_below(service.folder)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert service.fetch() == "truth"


def damaged_body(service: Careless) -> None:
    """A byte of the body, which is found out when it is needed."""
    damaged(service, -2)
    assert service.conditions == 1


def damaged_headers(service: Careless) -> None:
    """A byte of the headers, which is found out before."""
    damaged(service, 50)
    assert service.conditions == 0


def moved(service: Careless) -> None:
    """A file that somebody put in the place of another."""
    assert [service.fetch("/a"), service.fetch("/b")] == ["/a", "/b"]
    one, other = answers_below(service.folder)
    one.replace(other)
    assert [service.fetch("/a"), service.fetch("/b")] == ["/a", "/b"]


def evicted(service: Careless) -> None:
    """The file is gone when the service has said that it is still good."""
    answer = service.server.answer

    def evict(seen: SeenRequest) -> Answer:
        if "if-none-match" in seen.headers:
            for path in answers_below(service.folder):
                path.unlink()
        return answer(seen)

    service.server.answer = evict
    assert [service.fetch(), service.fetch()] == ["/", "/"]
    assert service.conditions == 1
    assert len(service.server.requests) == 3


def replaced(service: Careless) -> None:
    """Another process has put a newer answer in its place meanwhile, which the 304 is not about."""
    service.fetch()
    (path,) = answers_below(service.folder)
    old = path.read_bytes()
    path.unlink()
    service.truth = lambda _: b'"new"'
    service.fetch()
    new = path.read_bytes()
    path.write_bytes(old)
    answer = service.server.answer

    def replace_it(seen: SeenRequest) -> Answer:
        path.write_bytes(new)
        service.truth = lambda _: b'"newest"'
        return answer(seen)

    service.server.answer = replace_it
    assert service.fetch() == "newest"


def of_another_answer(service: Careless) -> None:
    """A 304 with the tag of an answer that we do not have."""
    service.fetch()
    service.truth = lambda _: b'"new"'
    service.headers = {"ETag": '"other"'}
    assert service.fetch() == "new"


def too_old(service: Careless) -> None:
    """Not confirmed for longer than answers are kept."""
    service.fetch()
    (path,) = answers_below(service.folder)
    long_ago = time.time() - LONGEST_AGE_SECONDS - 10
    os.utime(path, (long_ago, long_ago))
    service.truth = lambda _: b'"new"'
    assert service.fetch() == "new"


def lost_key(service: Careless) -> None:
    """Without the key, or with half of it, no answer is known."""
    service.fetch()
    (service.folder / "key").write_bytes(b"half")
    service.truth = lambda _: b'"new"'
    assert service.fetch() == "new"
    assert service.conditions == 0
    service.fetch()
    assert service.conditions == 1  # there is a new one


SCENARIOS: list[Callable[[Careless], None]] = [
    other_url, other_header, other_body, without_credentials, other_credentials, other_version,
    varies_with_everything, not_to_be_stored, damaged_body, damaged_headers, moved, evicted,
    replaced, of_another_answer, too_old, lost_key,
]  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_answer_is_never_another_s(
    careless: Careless, scenario: Callable[[Careless], None]
) -> None:
    """Where it could be, the service is asked as if nothing had been kept (F9)."""
    scenario(careless)


def _identity_without(part: Callable[[Hop, str], tuple[Hop, str]]) -> Callable[..., Any]:
    """The identity of a request that leaves something out."""
    whole = ConditionalRequests._identity

    def identity(self: ConditionalRequests, hop: Hop) -> Iterator[bytes]:
        hop, version = part(hop, self.code_version)
        other = ConditionalRequests(
            answers=self.answers, redactor=self.redactor, code_version=version
        )
        return whole(other, hop)

    return identity


def _without(**fields: Any) -> Callable[..., Any]:
    return _identity_without(lambda hop, version: (replace(hop, **fields), version))


def _of_nobody(self: Connection, folder: Path) -> StoredAnswers:
    return StoredAnswers(folder, [], self.settings.max_stored_answers_bytes)


def _yes(*_: object, **__: object) -> bool:
    return True


FAULTS: list[tuple[Callable[[Careless], None], object, str, Any]] = [
    (other_url, ConditionalRequests, "_identity", _without(url="")),
    (other_header, ConditionalRequests, "_identity", _without(headers={})),
    (other_body, ConditionalRequests, "_identity", _without(content=b"")),
    (without_credentials, ConditionalRequests, "_identity", _without(authenticated=True)),
    (other_credentials, Connection, "answers_in", _of_nobody),
    (
        other_version,
        ConditionalRequests,
        "_identity",
        _identity_without(lambda hop, _: (hop, "")),
    ),
    (varies_with_everything, conditional_requests, "_may_be_stored", _yes),
    (not_to_be_stored, conditional_requests, "_may_be_stored", _yes),
    (damaged_body, StoredAnswers, "_is", _yes),
    (damaged_headers, StoredAnswers, "_is", _yes),
    (moved, StoredAnswers, "_is", _yes),
    (too_old, stored_answers, "LONGEST_AGE_SECONDS", float("inf")),
    (of_another_answer, conditional_requests, "_is_about", _yes),
]


@pytest.mark.parametrize(
    ("scenario", "owner", "name", "fault"), FAULTS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_planted_fault_is_noticed(
    careless: Careless,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Callable[[Careless], None],
    owner: object,
    name: str,
    fault: Any,
) -> None:
    """These tests would find the careless answer, if the program did not look."""
    monkeypatch.setattr(owner, name, fault)
    with pytest.raises((AssertionError, ValueError, StopIteration, StatusCodeError)):
        scenario(careless)
