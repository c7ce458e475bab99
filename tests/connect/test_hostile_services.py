"""What services, and those who pose as one, answer: nothing unchecked is believed (contract A6).

Each case says what is changed of a right answer, what the person is told, and whether an account is
kept. No secret is ever shown.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import repeat
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from tests.connect import bench as benches
from tests.connect.authorization_server import (
    CLIENT_SECRET,
    SCOPES,
    AuthorizationServer,
    Grant,
    Twist,
    tokens,
)
from tests.connect.bench import Bench, follow
from tests.dagster import dagster_project
from tests.http_server import Answer, SeenRequest

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench

Made = Callable[[AuthorizationServer], Answer]


def told(output: str) -> str:
    """What was printed, if no secret was."""
    assert "PLANTED" not in output
    assert CLIENT_SECRET not in output
    return output


def redirected(change: Callable[[dict[str, Any]], list[tuple[str, str]] | None]) -> Twist:
    """The redirect back to us, with other parameters."""

    def twist(_: SeenRequest, answer: Answer) -> Answer:
        parts = urlsplit(answer.headers["Location"])
        params = dict(parse_qsl(parts.query))
        pairs = change(params)
        query = urlencode(list(params.items()) if pairs is None else pairs)
        location = urlunsplit(parts._replace(query=query))
        return replace(answer, headers={"Location": location})

    return twist


def twice(name: str) -> Twist:
    """One parameter twice, the right one last."""
    return redirected(lambda params: [(name, "other"), *params.items()])


FATAL_REDIRECTS: dict[str, tuple[Twist, str]] = {
    "iss of another service": (
        redirected(lambda params: params.update(iss="https://evil.example")),
        "from another service than the one that was asked",
    ),
    "iss that is no address": (
        redirected(lambda params: params.update(iss="http://[")),
        "from another service",
    ),
    "an empty iss": (redirected(lambda params: params.update(iss="")), "from another service"),
    "access denied": (
        redirected(lambda params: [("state", params["state"]), ("error", "access_denied")]),
        "The consent was denied",
    ),
    "a server error": (
        redirected(lambda params: [("state", params["state"]), ("error", "server_error")]),
        "(server_error). Try again later",
    ),
    "an error with code": (
        redirected(lambda params: params.update(error="invalid_scope")),
        "(invalid_scope). Correct the `scopes`",
    ),
    "an error that is a text": (
        redirected(
            lambda params: [("state", params["state"]), ("error", "\x1b[2J PLANTED <script>")]
        ),
        "gave no consent (an unknown error)",
    ),
    "no code": (
        redirected(lambda params: [("state", params["state"])]),
        "neither a code nor an error",
    ),
    "an empty code": (redirected(lambda params: params.update(code="")), "neither a code nor"),
}


@pytest.mark.parametrize("case", FATAL_REDIRECTS)
def test_an_answer_that_ends_it(bench: Bench, case: str) -> None:
    """It has our state, so it is heard; and nothing is asked of the token endpoint (A6)."""
    bench.service.twists["/authorize"], text = FATAL_REDIRECTS[case]
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 1
    assert text in told(ran.output)
    assert bench.pages[0].status_code == 400
    assert bench.service.asked("/token") == []
    assert bench.account_files == []


FOREIGN: dict[str, Twist] = {
    "a wrong state": redirected(lambda params: params.update(state="x" * 43)),
    "no state": redirected(lambda params: [("code", params["code"])]),
    "an empty state": redirected(lambda params: params.update(state="")),
    "a state with letters that are not ASCII": redirected(lambda p: p.update(state="é" * 43)),
    "state twice": twice("state"),
    "code twice": twice("code"),
    "denied with a wrong state": redirected(
        lambda _: [("error", "access_denied"), ("state", "guessed")]
    ),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_an_answer_that_is_not_to_our_request(bench: Bench, case: str) -> None:
    """It is refused and changes nothing: the right one is still taken afterwards (A6)."""
    statuses: list[int] = []
    twist = FOREIGN[case]

    def browse(url: str) -> httpx.Response:
        with httpx.Client(timeout=20, trust_env=False) as client:
            asked = client.get(url).headers["location"]
            right = client.get(asked)
            request = SeenRequest(method="GET", path="", query={}, headers={}, body=b"")
            wrong = twist(request, Answer(headers={"Location": right.headers["location"]}))
            statuses.append(client.get(wrong.headers["Location"]).status_code)
            return client.get(right.headers["location"])

    bench.browse = browse
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert statuses == [400]
    assert "Connected acme default as Ada Lovelace" in told(ran.output)


def test_another_request_to_the_listener(bench: Bench) -> None:
    """Foreign names of the host, other paths and methods, and a second look at the first page."""
    seen: dict[str, int] = {}

    def browse(url: str) -> httpx.Response:
        with httpx.Client(timeout=20, trust_env=False) as client:
            for host in ("evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"):
                seen[host] = client.get(url, headers={"Host": host}).status_code
            asked = client.get(url).headers["location"]
            seen["first page again"] = client.get(url).status_code
            seen["another path"] = client.get(f"{url}other").status_code
            answer = client.get(asked).headers["location"]
            seen["a POST"] = client.post(answer).status_code
            seen["a foreign host"] = client.get(
                answer, headers={"Host": "evil.example"}
            ).status_code
            return client.get(answer)

    bench.browse = browse
    bench.switch_on()
    assert bench.connect().code == 0
    assert seen == {
        "evil.example": 421, "localhost": 421, "127.0.0.1": 421, "127.0.0.1:1": 421,
        "first page again": 410, "another path": 404, "a POST": 501, "a foreign host": 421,
    }  # fmt: skip


def test_a_second_answer(bench: Bench) -> None:
    """The first one counts; then nobody listens any more, or says that it is too late (A6)."""
    second: list[Any] = []

    def browse(url: str) -> httpx.Response:
        answers: list[str] = []
        first = follow(url, lambda url: answers.append(url) or url)
        try:
            second.append(follow(answers[-1]).status_code)
        except httpx.TransportError:
            second.append("nobody listens")
        return first

    bench.browse = browse
    bench.switch_on()
    assert bench.connect().code == 0
    assert second[0] in (410, "nobody listens")
    assert len([each for each in bench.service.asked("/token") if "code" in each]) == 1


def test_a_code_for_another_client(bench: Bench) -> None:
    """The service refuses it, and so nothing of another's account is kept (A6)."""
    other = Grant(client="another", scopes=SCOPES)
    bench.service.validator.codes["code-of-another"] = other
    bench.service.twists["/authorize"] = redirected(lambda p: p.update(code="code-of-another"))
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 1
    assert "status 400 (invalid_grant)" in told(ran.output)
    assert bench.account_files == bench.token_files == []


def fixed(**fields: Any) -> Made:
    """That answer."""
    return lambda _: Answer(**fields)


def with_tokens(**changes: Any) -> Made:
    """Tokens that work, changed."""
    return lambda service: tokens(service, **changes)


def repeating(seen: SeenRequest) -> Answer:
    """An error that repeats the whole request."""
    text = {"error": "invalid_request", "error_description": seen.body.decode()}
    return Answer(status=400, body=json.dumps(text).encode())


NO_TOKEN = "The answer has no `access_token`"
REFUSED_TOKENS: dict[str, tuple[Made, str]] = {
    "a page of HTML": (fixed(body=b"<html>Login</html>", content_type="text/html"), NO_TOKEN),
    "garbage": (fixed(body=b"\xff\xfe\x00\x01"), NO_TOKEN),
    "nothing": (fixed(body=b""), NO_TOKEN),
    "a list": (fixed(body=b"[]"), NO_TOKEN),
    "half of an answer": (fixed(body=b'{"access_token": "PLANT'), NO_TOKEN),
    "no access token": (with_tokens(access_token=None), NO_TOKEN),
    "an empty access token": (with_tokens(access_token=""), NO_TOKEN),
    "a number for a token": (with_tokens(access_token=17), NO_TOKEN),
    "a token of type mac": (with_tokens(token_type="mac"), "can be sent as it is"),
    "a token of type DPoP": (with_tokens(token_type="DPoP"), "can be sent as it is"),
    "a token with a line break": (
        with_tokens(access_token="PLANTED\r\nX-Evil: 1", refresh_token=None),
        "a line break or another character",
    ),
    "an error with status 200": (fixed(body=b'{"error": "bad_code"}'), "status 200 (bad_code)"),
    "an error without a code": (fixed(status=400), "answered with status 400"),
    "invalid client": (fixed(status=401, body=b'{"error": "invalid_client"}'), "Renew"),
    "a redirect": (
        fixed(status=302, headers={"Location": "/elsewhere"}),
        "Credentials are not sent after a redirect",
    ),
    "a redirect that keeps the form": (
        fixed(status=307, headers={"Location": "/elsewhere"}),
        "Credentials are not sent after a redirect",
    ),
    "a server error": (fixed(status=500, body=b"{}"), "answered with status 500"),
    "too many requests": (fixed(status=429, body=b"{}"), "answered with status 429"),
    "a huge answer": (fixed(chunks=repeat(b"x" * 100_000, 500)), "is larger than"),
    "a slow answer": (fixed(chunks=repeat(b" ", 10**9)), "Reading the answer"),
    "no answer": (fixed(drop=True), "dropped the connection"),
    "less than was announced": (
        fixed(body=b'{"access_token": "PLANTED"}', announced_length=9_999),
        "dropped the connection",
    ),
    "compressed in an unknown way": (
        fixed(body=b"PLANTED", headers={"Content-Encoding": "secret"}),
        "unreadable body",
    ),
    "a token that the API rejects": (
        fixed(body=b'{"access_token": "PLANTED", "refresh_token": "PLANTED-r"}'),
        "The account does not work",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED_TOKENS)
def test_an_answer_of_the_token_endpoint_that_is_of_no_use(bench: Bench, case: str) -> None:
    """It is said what was answered and what to do; nothing is kept, nobody else is asked (A6)."""
    made, text = REFUSED_TOKENS[case]
    bench.service.twists["/token"] = lambda _, __: made(bench.service)
    bench.switch_on({"request_timeout_seconds": 2})
    ran = bench.connect()
    assert ran.code == 1, ran.output
    assert text in told(ran.output)
    assert bench.account_files == bench.token_files == []
    assert bench.service.asked("/elsewhere") == []


def test_an_error_that_repeats_the_request(bench: Bench) -> None:
    """Code, verifier and secret are in it, and none is shown (A4)."""
    bench.service.twists["/token"] = lambda seen, _: repeating(seen)
    bench.switch_on()
    ran = bench.connect()
    [asked, *_] = bench.service.asked("/token")
    assert "status 400 (invalid_request)" in told(ran.output)
    assert asked["code"] not in ran.output
    assert asked["code_verifier"] not in ran.output


ACCEPTED_TOKENS: dict[str, tuple[Made, list[str]]] = {
    "no refresh token": (
        with_tokens(refresh_token=None),
        ["no refresh token: the consent ends at", "then connect the account again"],
    ),
    "no refresh token and no end": (
        with_tokens(refresh_token=None, expires_in=None),
        ["no refresh token and does not say when the access token ends"],
    ),
    "a refresh token that is a list": (
        with_tokens(refresh_token=["PLANTED"]), ["The service gave no refresh token"],
    ),
    "a consent that ends": (
        with_tokens(refresh_token_expires_in=864_000), ["The consent ends at"],
    ),
    "fewer scopes": (with_tokens(scope="read"), ["scopes not granted: write"]),
    "scopes with commas": (with_tokens(scope="read,write"), ["Scopes granted: read, write"]),
    "scopes as a list": (with_tokens(scope=["read", "x"]), ["Scopes granted: read, x"]),
    "no scopes": (with_tokens(scope=None), ["Connected acme default"]),
    "scopes that are a number": (with_tokens(scope=7), ["Connected acme default"]),
    "no type": (with_tokens(token_type=None), ["Connected acme default as Ada Lovelace"]),
    "a type in capitals": (with_tokens(token_type="BEARER"), ["Connected acme default as Ada"]),
    "an odd expiry": (with_tokens(expires_in="soon"), ["Connected acme default as Ada"]),
    "an expiry in the past": (with_tokens(expires_in=-5), ["Connected acme default as Ada"]),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED_TOKENS)
def test_an_answer_that_is_of_use_and_has_a_flaw(bench: Bench, case: str) -> None:
    """The account is kept, and what to expect is said (A6)."""
    made, texts = ACCEPTED_TOKENS[case]
    bench.service.twists["/token"] = lambda _, __: made(bench.service)
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    for text in texts:
        assert text in told(ran.output)
    assert len(bench.account_files) == 1


def test_a_refresh_that_does_not_work(bench: Bench) -> None:
    """It is found at once and not when the access token has expired; the account is kept (A6)."""
    bench.service.twists["/token"] = lambda seen, answer: (
        Answer(status=400, body=b'{"error": "invalid_grant"}')
        if b"grant_type=refresh_token" in seen.body
        else answer
    )
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "A refresh, tried at once, did not work" in told(ran.output)


def test_an_api_that_fails(bench: Bench) -> None:
    """Then nobody knows; the consent is not thrown away, and that is said (A6)."""
    bench.service.twists["/me"] = lambda _, __: Answer(status=400, body=b"{}")
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Warning: whether it works is not known: StatusCodeError" in told(ran.output)


def test_a_name_with_commands_for_the_terminal(bench: Bench) -> None:
    """Only what can be printed is (A6)."""
    name = json.dumps({"name": "\x1b[31mAda\x07\nLovelace\u202e[bold]" + "x" * 500})
    bench.service.twists["/me"] = lambda _, __: Answer(body=name.encode())
    bench.switch_on()
    output = told(bench.connect().output)
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "[31mAda  Lovelace [bold]xxx" in output


def test_an_authorization_url_that_may_not_be_opened(bench: Bench) -> None:
    """Only https, or this machine where that is allowed (A6, F4)."""
    bench.switch_on(authorization_url="http://login.example.com/authorize")
    ran = bench.connect()
    assert ran.code == 1
    assert "only https is allowed" in told(ran.output)
    assert bench.pages == []
