"""How a body arrives in a pack (contract F2)."""

from typing import Any

import pytest

from pack_sdk.errors import ConnectionFailedError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.response_body import BrokenBodyError, RawResponse, parse_response, parse_xml
from tests.http_server import Answer, HttpServer


def parsed(body: bytes, content_type: str, *, as_bytes: bool = False) -> Any:
    raw = RawResponse(status=200, headers={"content-type": content_type}, body=body)
    return parse_response(raw, as_bytes=as_bytes).body


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json", b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("Application/JSON; charset=UTF-8", b"null", None),
        ("application/vnd.api+json", b'"text"', "text"),
        ("application/json", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("application/json; charset=iso-8859-1", b'"\xfc"', "ü"),
        ("application/json", b"", ""),
        ("text/plain", b'{"a": 1}', {"a": 1}),
        ("", b" [1]", [1]),
        ("text/plain", b"{not json}", "{not json}"),
        ("text/plain", b"12", "12"),
        ("text/csv; charset=latin-1", b"a,\xfc", "a,ü"),
        ("text/plain; charset=no-such-thing", b"a", "a"),
        ("text/html", b"<p>", "<p>"),
        ("text/xml", b"<a/>", ""),
        ("application/atom+xml", b"<feed><id>1</id></feed>", {"id": ["1"]}),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
    ],
)
def test_a_body_by_its_content_type(content_type: str, body: bytes, expected: object) -> None:
    """JSON parsed, XML as nested objects, anything else as text (F2)."""
    assert parsed(body, content_type) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["a\\ud800", "\\ud83d\\ude00"]', ["a\ud800", "\U0001f600"]),
        ("[1e400, -1e400]", [float("inf"), float("-inf")]),
        ('{"wei": 18446744073709551617, "n": 1.5}', {"wei": 2**64 + 1, "n": 1.5}),
        ('["00000000000000000000001"]', ["00000000000000000000001"]),
        ("[0.00475302679809257441, 18446744073709551617]", [0.00475302679809257441, 2**64 + 1]),
        ("[18446744073709551617, 0.00475302679809257441]", [2**64 + 1, 0.00475302679809257441]),
        ("18446744073709551617", 2**64 + 1),
        ("0.00475302679809257441", 0.00475302679809257441),
    ],
)
def test_json_means_what_javascript_finds_in_it(text: str, expected: object) -> None:
    """A text cut inside an emoji must not make a table unreadable; integers stay exact (F2)."""
    assert parsed(text.encode(), "application/json") == expected


@pytest.mark.parametrize(
    "text",
    ["[NaN]", "[-Infinity]", "[" * 2_000_000, f"[{'9' * 5_000}]", '{"a": 123456789012345678901'],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    """Also what Python's reader would take; nesting ends in an error, not in a crash (F2)."""
    with pytest.raises(BrokenBodyError):
        parsed(text.encode(), "application/json")


def test_bytes_when_asked_for() -> None:
    """With `is_binary_response` nothing is parsed (F2)."""
    assert parsed(b'{"a": 1}', "application/json", as_bytes=True) == b'{"a": 1}'


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (
            b'<r a="1"><b>x</b><b/><c k="2">y</c>\n <d> </d></r>',
            {"$": {"a": "1"}, "b": ["x", ""], "c": [{"$": {"k": "2"}, "_": "y"}], "d": [" "]},
        ),
        (b"<r> text </r>", " text "),
        (b"<r>one<b/>two</r>", {"b": [""], "_": "onetwo"}),
        (b'<?xml version="1.0" encoding="iso-8859-1"?><r>\xfc</r>', "ü"),
        (b"<r><![CDATA[<x>&]]>&amp;</r>", "<x>&&"),
        (b'<a:r xmlns:a="u"><a:b>1</a:b></a:r>', {"$": {"xmlns:a": "u"}, "a:b": ["1"]}),
    ],
)
def test_xml_has_the_shape_of_the_original_sdk(xml: bytes, expected: object) -> None:
    """Children in lists, attributes in `$`, text in `_`, the root left out (F2)."""
    assert parse_xml(xml) == expected


@pytest.mark.parametrize(
    "xml",
    [
        b"<r><b></r>",
        b"<r>",
        b"not xml",
        b" ",
        b'<!DOCTYPE r [<!ENTITY a "aaa">]><r>&a;</r>',
        b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>',
        b"<a>" * 50_000 + b"</a>" * 50_000,
    ],
)
def test_bad_and_hostile_xml_is_refused(xml: bytes) -> None:
    """Broken, entity-declaring and bottomless documents end in an error, not a crash (F2)."""
    with pytest.raises(BrokenBodyError):
        parse_xml(xml)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b'{"rows": [1, 2'), ("text/xml", b"<rows><row/>")],
)
def test_half_a_document_is_a_clear_error(
    server: HttpServer, fetcher: SyncFetcher, content_type: str, body: bytes
) -> None:
    """A cut-off body with status 200 never passes as text; GET asks again (F2, F5)."""
    server.answers(Answer(body=body, content_type=content_type))
    request = FetchRequest(url=f"{server.url}/rows", method="POST")
    with pytest.raises(ConnectionFailedError) as caught:
        fetcher.send(request)
    message = str(caught.value)
    assert f"POST {server.url}/rows answered with status 200" in message
    assert f"({content_type}, {len(body)} bytes) cannot be read: it is cut short or not" in message

    server.answers(Answer(body=body, content_type=content_type), Answer(body=b"1"))
    assert fetcher.send(FetchRequest(url=server.url)).body == 1
