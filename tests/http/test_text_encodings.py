"""In which encoding a body is, by its bytes and its label (contract F2)."""

from typing import Any

import pytest

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.engine.sync_failures import is_worth_retrying
from pack_sync.http.connection_failures import LastingFailureError
from pack_sync.http.fetcher import SyncFetcher
from tests.http_server import Answer, HttpServer

NO_ENCODINGS = [
    "undefined", "idna", "punycode", "hex", "rot13", "rot_13", "base64", "unicode_escape",
    "raw_unicode_escape", "mbcs", "oem", "charmap", "zlib", "uu", "utf-7", '""', '"', "utf8mb4",
    "uft-8", "none", "../..", "aliases", "a" * 300, "binary", "utf-8-unix", "8bit", "'utf-8'", "*",
]  # fmt: skip
WRONG_FOR_UTF_8 = [
    "ISO-8859-1", "latin1", "ascii", "us-ascii", "windows-1252", '"ISO-8859-15"', "cp1251",
    "koi8-r", "iso-8859-7", "x-mac-roman", "cp037", "utf-16", "utf-16le", "utf-32", "iso-2022-jp",
]  # fmt: skip


def fetched(server: HttpServer, fetcher: SyncFetcher, body: bytes, label: str) -> Any:
    server.answers(Answer(body=body, content_type=label))
    return fetcher.send(FetchRequest(url=server.url)).body


@pytest.mark.parametrize("charset", [*NO_ENCODINGS, *WRONG_FOR_UTF_8, "gbk", "shift_jis", "euc-kr"])
@pytest.mark.parametrize("media_type", ["application/json", "application/hal+json", "text/plain"])
def test_json_is_utf_8_whatever_its_label(
    server: HttpServer, fetcher: SyncFetcher, media_type: str, charset: str
) -> None:
    """Servers put their default there, or what they call it (RFC 8259)."""
    body = '{"stadt": "Köln", "предмет": "一 😀"}'.encode()
    label = f"{media_type}; charset={charset}"
    assert fetched(server, fetcher, body, label) == {"stadt": "Köln", "предмет": "一 😀"}


@pytest.mark.parametrize("charset", [*NO_ENCODINGS, *WRONG_FOR_UTF_8])
@pytest.mark.parametrize("media_type", ["text/csv", "text/html", "text/xml"])
def test_text_that_is_utf_8_is_read_so(
    server: HttpServer, fetcher: SyncFetcher, media_type: str, charset: str
) -> None:
    """Bytes that are UTF-8 by accident are too rare to be meant otherwise."""
    body = fetched(server, fetcher, "<a>Köln — 😀</a>".encode(), f"{media_type}; charset={charset}")
    assert body == ("Köln — 😀" if "xml" in media_type else "<a>Köln — 😀</a>")


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=latin1", "; charset=utf-16"])
@pytest.mark.parametrize("text", ['"漢字"', "[1]", '{"a": "ä"}', "7"])
def test_json_whose_bytes_say_otherwise(
    server: HttpServer, fetcher: SyncFetcher, encoding: str, charset: str, text: str
) -> None:
    """With a byte order mark and without one."""
    expected = {'"漢字"': "漢字", "[1]": [1], '{"a": "ä"}': {"a": "ä"}, "7": 7}[text]
    label = f"application/json{charset}"
    assert fetched(server, fetcher, text.encode(encoding), label) == expected


@pytest.mark.parametrize(
    ("charset", "encoding", "text"),
    [
        ("ISO-8859-1", "latin-1", "Übergröße"),
        ("latin1", "cp1252", "5 € … “fine”"),
        ("windows-1252", "cp1252", "5 € … “fine”"),
        ("us-ascii", "latin-1", "Köln"),
        ("latin1", "latin-1", "\x81\x8f"),
        ("windows-1251", "cp1251", "Привет"),
        ("koi8-r", "koi8-r", "Привет"),
        ("iso-8859-15", "iso-8859-15", "5 €"),
        ("shift_jis", "cp932", "①日本語"),
        ("x-sjis", "cp932", "日本語"),
        ("windows-31j", "cp932", "日本語"),
        ("EUC-JP", "euc-jp", "日本語"),
        ("iso-2022-jp", "iso-2022-jp", "日本語"),
        ("gb2312", "gbk", "中文镕"),
        ("gb18030", "gb18030", "中文"),
        ("big5", "big5", "中文"),
        ("ks_c_5601-1987", "cp949", "한국어똠"),
        ("macintosh", "mac-roman", "Köln"),
        ("utf-16", "utf-16-le", "Köln"),
        ("utf-16", "utf-16-be", "Köln"),
    ],
)
def test_what_is_no_utf_8_is_what_its_label_says(
    server: HttpServer, fetcher: SyncFetcher, charset: str, encoding: str, text: str
) -> None:
    """JSON, plain text, CSV and XML alike."""
    for media_type, body, expected in [
        ("application/json", f'{{"a": "{text}"}}', {"a": text}),
        ("text/plain", f'{{"a": "{text}"}}', {"a": text}),
        ("text/csv", f"a,{text}\n", f"a,{text}\n"),
        ("text/html", f"<p>{text}</p>", f"<p>{text}</p>"),
        ("application/xml", f"<r><a>{text}</a></r>", {"a": [text]}),
    ]:
        label = f'{media_type}; charset="{charset}"'
        assert fetched(server, fetcher, body.encode(encoding), label) == expected


def test_a_short_text_in_chinese_is_not_taken_for_utf_8(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """`一` in GBK is a letter of Cyrillic in UTF-8."""
    assert fetched(server, fetcher, "id,一".encode("gbk"), "text/csv; charset=gbk") == "id,一"


@pytest.mark.parametrize("label", ["text/xml", "text/xml; charset=utf-8", "text/xml; charset=hex"])
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
        ("cp1251", "windows-1251"),
        ("gbk", "gb2312"),
        ("utf-8", "utf-8"),
        ("utf-8", "ISO-8859-1"),
        ("utf-8", "utf-16"),
        ("utf-8", "no-such-thing"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-8"),
        ("utf-8-sig", "ISO-8859-1"),
    ],
)
def test_the_declaration_of_a_document(
    server: HttpServer, fetcher: SyncFetcher, label: str, encoding: str, declared: str
) -> None:
    """It counts where bytes and label leave it open."""
    text = {"cp1251": "Привет", "gbk": "中文"}.get(encoding, "Köln")
    xml = f"<?xml version='1.0' encoding='{declared}'?>\n<r>{text}</r>".encode(encoding)
    assert fetched(server, fetcher, xml, label) == text


def test_the_declaration_of_a_page(server: HttpServer, fetcher: SyncFetcher) -> None:
    """HTML says its encoding in an element."""
    page = '<html><head><meta charset="windows-1251"></head>Привет</html>'
    assert fetched(server, fetcher, page.encode("cp1251"), "text/html") == page


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("label", ["text/csv", "text/csv; charset=latin1", "text/csv; charset=x"])
def test_a_byte_order_mark_is_no_part_of_a_text(
    server: HttpServer, fetcher: SyncFetcher, encoding: str, label: str
) -> None:
    """It would be one of the first column's name."""
    assert fetched(server, fetcher, "id,ä\n".encode(encoding), label) == "id,ä\n"


@pytest.mark.parametrize(
    ("label", "body", "says"),
    [
        ("application/json", b'{"a": "K\xf6ln"}', "offset 8 is not utf-8, and no charset is given"),
        ("application/json; charset=utf-8", b'"K\xf6ln"', "byte 0xF6 at offset 2 is not utf-8."),
        ("application/json; charset=hex", b'"K\xf6ln"', "not utf-8, and 'hex' is no encoding."),
        ("text/csv", b"a,\xfc\n", "byte 0xFC at offset 2 is not utf-8, and no charset is given."),
        ("text/csv; charset=windows-1253", b"a,\xaa\n", "is not utf-8, and byte 0xAA at offset 2"),
        ("text/xml", b"<r>\xfc</r>", "byte 0xFC at offset 3 is not utf-8"),
        ("text/csv", b"\xff\xfea\0\xd8", "byte 0xD8 at offset 4 is not utf-16-le"),
        ("text/plain", b"{\xfc}", "byte 0xFC at offset 1 is not utf-8"),
        ("", b"\xfc?", "(no content type, 2 bytes) cannot be read: byte 0xFC at offset 0"),
    ],
)
def test_bytes_that_fit_nothing(
    server: HttpServer, fetcher: SyncFetcher, label: str, body: bytes, says: str
) -> None:
    """Nothing is replaced in silence, and nothing asked for again that would come again."""
    server.answers(Answer(body=body, content_type=label))
    fetcher.begin_page(2)
    with pytest.raises(ConnectionFailedError) as caught:
        fetcher.send(FetchRequest(url=f"{server.url}/rows"))
    message = str(caught.value)
    assert says in message
    assert f"GET {server.url}/rows answered with status 200" in message
    assert "or fetch it with `is_binary_response` (`isBinaryResponse`) and decode" in message
    if not isinstance(caught.value, LastingFailureError):
        assert says.endswith("is not utf-16-le")
        return
    assert len(server.requests) == 1
    assert not is_worth_retrying(caught.value)
    bytes_asked_for = FetchRequest(url=server.url, is_binary_response=True)
    assert fetcher.send(bytes_asked_for).body == body


def test_a_text_that_ends_within_a_letter_is_asked_for_again(
    server: HttpServer, fetcher: SyncFetcher
) -> None:
    """It was cut short."""
    whole = "a,ü".encode()
    server.answers(
        Answer(body=whole[:-1], content_type="text/csv"),
        Answer(body=whole, content_type="text/csv"),
    )
    assert fetcher.send(FetchRequest(url=server.url)).body == "a,ü"


@pytest.mark.parametrize("label", ["text/plain", "application/json", "text/xml"])
def test_the_body_of_an_error_shows_its_bytes(
    server: HttpServer, fetcher: SyncFetcher, label: str
) -> None:
    """The status is what the pack is to learn."""
    server.answers(Answer(status=404, body=b"K\xf6ln", content_type=label))
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    assert caught.value.body == "K\\xf6ln"
