"""Answers with status 200 that are none (F2), encodings that are none, and failures that stay."""

import re
import socket
from typing import Any

import httpx
import pytest

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.engine.sync_failures import is_worth_retrying, sentence
from pack_sync.http.connection_failures import (
    LastingFailureError,
    NameLookupError,
    explain_failure,
)
from pack_sync.http.fetcher import SyncFetcher
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer

HTML = b"\n <!doctype html><title>Please log in</title>\n<p>more"
JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(
    "encoding",
    ["UTF-8", "utf8", "none", "binary", "aws-chunked", "identity", "identity, aws-chunked", "8bit",
     "ISO-8859-1", "us-ascii", "null", "application/json", "chunked", " ,"],
)  # fmt: skip
def test_what_is_no_encoding_is_read_as_it_is(
    server: HttpServer, fetcher: SyncFetcher, encoding: str
) -> None:
    """Servers put charsets and other words into `Content-Encoding`; the body is plain."""
    server.answers(Answer(body=b'{"a": 1}', headers={"Content-Encoding": encoding}))
    assert fetcher.send(FetchRequest(url=server.url)).body == {"a": 1}


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "made-up", "gzip, br"])
def test_an_unknown_encoding_is_not_asked_for_again(
    server: HttpServer, fetcher: SyncFetcher, encoding: str
) -> None:
    """It would come again: the error is there at once, and no further try is made."""
    server.answers(Answer(body=b"xyz", headers={"Content-Encoding": encoding}))
    with pytest.raises(LastingFailureError, match=r"encoding '.*', which was not asked for") as got:
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 1
    assert not is_worth_retrying(got.value)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (socket.EAI_NONAME, LastingFailureError),
        (socket.EAI_FAIL, LastingFailureError),
        (socket.EAI_AGAIN, NameLookupError),
    ],
)
def test_a_name_that_nobody_knows(number: int, kind: type[Exception]) -> None:
    """A host that does not exist stays so; a resolver that is down is for the next attempt."""
    error = httpx.ConnectError("no")
    error.__cause__ = socket.gaierror(number, "what the resolver said")
    explained = explain_failure(error, "GET", "https://a.example", "a.example")
    assert isinstance(explained, kind)
    assert is_worth_retrying(explained) is (kind is NameLookupError)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(body=HTML, content_type="text/html"), "is a page of HTML"),
        (Answer(body=HTML, content_type=""), "is a page of HTML"),
        (Answer(body=b"", content_type="text/plain"), "is empty"),
        (Answer(body=b" \n", content_type="application/json"), "is empty"),
    ],
)
def test_no_json_where_json_was_asked_for(
    server: HttpServer, fetcher: SyncFetcher, answer: Answer, says: str
) -> None:
    """It is asked for again; one that stays is an error with the first line of what came."""
    server.answers(answer, Answer(body=b'{"a": 1}'))
    request = FetchRequest(url=server.url, headers=JSON)
    assert fetcher.send(request).body == {"a": 1}
    assert len(server.requests) == 2

    server.answers(answer)
    fetcher.begin_page(0.3)
    with pytest.raises(ConnectionFailedError, match=says) as caught:
        fetcher.send(request)
    assert ("<!doctype html><title>Please log in</title>" in str(caught.value)) is bool(
        answer.body.strip()
    )


@pytest.mark.parametrize("label", ["application/json", "application/vnd.api+json", ""])
def test_an_empty_answer_to_a_get_is_no_list(
    server: HttpServer, fetcher: SyncFetcher, label: str
) -> None:
    """Handed on as a page's result it would be a table without rows."""
    server.answers(Answer(content_type=label), Answer(body=b"[1]"))
    assert fetcher.send(FetchRequest(url=server.url)).body == [1]


def test_a_page_of_html_where_json_came_before(server: HttpServer, fetcher: SyncFetcher) -> None:
    """The next page of a list is what the first was, whatever the pack says that it accepts."""
    page = Answer(body=HTML, content_type="text/html")
    server.answers(Answer(body=b"[1]"), page, Answer(body=b"[2]"))
    for number in (1, 2):
        assert fetcher.send(FetchRequest(url=f"{server.url}/v1/{number}")).body == [number]


@pytest.mark.parametrize(
    ("answer", "fields", "body"),
    [
        (Answer(status=204), {}, ""),
        (Answer(), {"method": "HEAD"}, ""),
        (Answer(content_type="text/plain"), {"method": "POST"}, ""),
        (Answer(content_type=""), {"method": "POST"}, ""),
        (Answer(), {"method": "PUT", "headers": {"Content-Type": "application/json"}}, ""),
        (Answer(content_type="text/csv"), {}, ""),
        (Answer(), {"is_binary_response": True}, b""),
        (Answer(), {"headers": {"Accept": "text/csv"}}, ""),
        (Answer(body=HTML, content_type="text/html"), {}, HTML.decode()),
        (
            Answer(body=HTML, content_type="text/html"),
            {"headers": {"Accept": "text/html, application/json;q=0.5"}},
            HTML.decode(),
        ),
    ],
)
def test_what_a_pack_may_want_arrives(
    server: HttpServer, fetcher: SyncFetcher, answer: Answer, fields: Any, body: Any
) -> None:
    """Nothing says that these were to be JSON."""
    server.answers(answer)
    assert fetcher.send(FetchRequest(url=server.url, **fields)).body == body
    assert len(server.requests) == 1


API_URLS = [
    "/api/items", "/rest/items", "/v1/items", "/items/v2.1/x", "/graphql", "/items.json",
    "/items?format=json", "/items?alt=application/json", "/wp-json/wp/v2/posts",
]  # fmt: skip


@pytest.mark.parametrize("path", API_URLS)
def test_the_url_of_an_api_asks_for_json(
    server: HttpServer, fetcher: SyncFetcher, path: str
) -> None:
    """Also the first answer, of which a lenient pack would make a table without rows."""
    page = Answer(body=HTML, content_type="text/html")
    server.answers(page, Answer(body=b'{"a": 1}'))
    assert fetcher.send(FetchRequest(url=server.url + path)).body == {"a": 1}

    server.answers(page)
    html = {"Accept": "text/html"}
    assert fetcher.send(FetchRequest(url=server.url + path, headers=html)).body == HTML.decode()


@pytest.mark.parametrize("path", ["/", "/blog/news", "/api/page.html", "/v1/export?mime=text/html"])
def test_other_urls_may_be_pages(server: HttpServer, fetcher: SyncFetcher, path: str) -> None:
    """There are packs that read them."""
    server.answers(Answer(body=HTML, content_type="text/html"))
    assert fetcher.send(FetchRequest(url=server.url + path)).body == HTML.decode()


def test_who_sends_json_asks_for_json(server: HttpServer, fetcher: SyncFetcher) -> None:
    """A page of HTML, or nothing at all, is no answer to that; the error shows the first line."""
    request = FetchRequest(
        url=server.url, method="POST", headers={"content-type": "application/json"}, body="{}"
    )
    server.answers(Answer(body=HTML, content_type="text/html"))
    with pytest.raises(ConnectionFailedError, match="JSON was asked for: <!doctype html><title>Pl"):
        fetcher.send(request)
    for answer in (Answer(content_type=""), Answer(content_type="application/json")):
        server.answers(answer)
        with pytest.raises(ConnectionFailedError, match="its body is empty"):
            fetcher.send(request)


def test_an_empty_answer_to_a_post(server: HttpServer, fetcher: SyncFetcher) -> None:
    """One that is labelled as JSON is none, and so is one where JSON came before."""
    request = FetchRequest(url=f"{server.url}/search", method="POST")
    server.answers(Answer())
    with pytest.raises(ConnectionFailedError, match="its body is empty"):
        fetcher.send(request)
    server.answers(Answer(body=b"[1]"), Answer(content_type=""))
    assert fetcher.send(request).body == [1]
    with pytest.raises(ConnectionFailedError, match="its body is empty"):
        fetcher.send(request)


def test_a_page_to_log_in(server: HttpServer, connect: Connect) -> None:
    """Where a request leads to one, or asks for a password though it has credentials."""
    fetcher = impatient(connect())
    server.answer = lambda request: (
        Answer(status=302, headers={"Location": "/sso/start"})
        if request.path == "/items"
        else Answer(body=HTML, content_type="text/html")
    )
    fetcher.begin_page(0.3)
    with pytest.raises(ConnectionFailedError, match="is a page to log in: <!doctype html><title>"):
        fetcher.send(FetchRequest(url=f"{server.url}/items"))

    form = b"<html><body><form><input name=p type='password'></form></body></html>"
    server.answers(Answer(body=form, content_type="text/html"))
    fetcher.begin_page(10)
    assert fetcher.send(FetchRequest(url=f"{server.url}/x")).body == form.decode()
    authentication = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)
    fetcher = impatient(connect(authentication, credentials={"token": "hunter22"}))
    fetcher.begin_page(0.3)
    with pytest.raises(ConnectionFailedError, match="is a page to log in: <html><body><form>"):
        fetcher.send(FetchRequest(url=f"{server.url}/x"))


def titled(title: str) -> Answer:
    """A page of HTML with status 200."""
    page = f"<!DOCTYPE html>\n<html><head>\n<title>{title}</title></head><body>x</body></html>"
    return Answer(body=page.encode(), content_type="text/html")


@pytest.mark.parametrize(
    "title",
    ["502 Bad Gateway", "Request Rejected", "Just a moment...", "Site maintenance",
     "Error 503: Service Temporarily Unavailable", "\n Access Denied \n",
     "HTTP 504 - Gateway Timeout",
     "HTTP Error 500. Internal Server Error", "Attention Required! | Cloudflare"],
)  # fmt: skip
def test_a_page_that_tells_of_a_failure(
    server: HttpServer, fetcher: SyncFetcher, title: str
) -> None:
    """A proxy or a firewall answers so, with status 200: nobody wants that page."""
    server.answers(titled(title), Answer(body=b"[1]"))
    assert fetcher.send(FetchRequest(url=f"{server.url}/items")).body == [1]
    server.answers(titled(title))
    fetcher.begin_page(0.3)
    with pytest.raises(ConnectionFailedError, match=f"HTML that says '{re.escape(title.strip())}'"):
        fetcher.send(FetchRequest(url=f"{server.url}/other"))
    html = FetchRequest(url=f"{server.url}/other", headers={"Accept": "text/html"})
    assert "<title>" in fetcher.send(html).body


@pytest.mark.parametrize(
    "title",
    ["Maintenance", "502 Bad Gateway - HTTP | Docs", "Access denied: a novel", "Error", "404"],
)
def test_a_page_about_failures_arrives(
    server: HttpServer, fetcher: SyncFetcher, title: str
) -> None:
    """It has more to say than what servers call theirs."""
    server.answers(titled(title))
    assert title in fetcher.send(FetchRequest(url=f"{server.url}/items")).body


def test_credentials_that_were_left_out_are_said(server: HttpServer, connect: Connect) -> None:
    """A 401 of a host beside the authentication's `network_domain` says why (A2)."""
    authentication = Authentication(
        type=AuthenticationType.HEADER_BEARER_TOKEN, network_domain="api.example.com"
    )
    server.answers(Answer(status=401))
    fetcher = impatient(connect(authentication, credentials={"token": "hunter22"}))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    said = sentence(caught.value)
    assert "was sent without credentials" in said
    assert "`network_domain` (api.example.com) leaves out 127.0.0.1" in said


@pytest.mark.parametrize("token", ["id", "next", "page", "password", "hunter22-hunter22"])
def test_what_a_pack_receives_is_as_it_came(
    server: HttpServer, connect: Connect, token: str
) -> None:
    """A credential may be a common word: headers and bodies are not redacted, messages are."""
    link = f"<{server.url}/?{token}=2>; rel={token}"
    body = f'{{"{token}": "{token}"}}'.encode()
    authentication = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)
    fetcher = impatient(connect(authentication, credentials={"token": token}))
    server.answers(Answer(body=body, headers={"Link": link}))
    response = fetcher.send(FetchRequest(url=server.url))
    assert (response.headers["link"], response.body) == (link, {token: token})

    server.answers(Answer(status=404, body=body, headers={"Link": link}))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    error = caught.value
    assert (error.headers["link"], error.body) == (link, {token: token})
    assert error.response.body == {token: token}
    assert f"'{token}'" not in str(error)
