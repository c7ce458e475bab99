"""How much of an answer is read, and how it is decompressed (contract F2, F6)."""

import gzip
import tracemalloc
import zlib

import pytest

from pack_sdk.errors import (
    ConnectionFailedError,
    ResponseSizeTooLargeError,
)
from pack_sdk.fetching import FetchRequest
from pack_sync.http.decompression import BodyCollector, TooLargeError
from pack_sync.http.fetcher import SyncFetcher
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer


def test_a_body_over_the_limit_is_refused(server: HttpServer, connect: Connect) -> None:
    """One byte too many is an error, the exact size is not (F6)."""
    fetcher = impatient(connect(max_response_bytes=1000))
    server.answers(Answer(body=b"x" * 1000, content_type="text/plain"))
    assert len(fetcher.send(FetchRequest(url=server.url)).body) == 1000
    server.answers(Answer(body=b"x" * 1001, content_type="text/plain"))
    with pytest.raises(ResponseSizeTooLargeError, match="larger than 1,000 bytes"):
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 2


def test_a_large_content_length_is_refused_before_the_body_comes(
    server: HttpServer, connect: Connect
) -> None:
    """What is announced as too large is not read (F6)."""
    server.answers(Answer(body=b"x", announced_length=1001))
    fetcher = impatient(connect(max_response_bytes=1000))
    with pytest.raises(ResponseSizeTooLargeError):
        fetcher.send(FetchRequest(url=server.url))
    assert fetcher.statistics.bytes_received == 0


def test_the_length_a_head_request_announces_is_no_body(
    server: HttpServer, connect: Connect
) -> None:
    """HEAD of a large or compressed file is fine: it has no body (F6)."""
    headers = {"Content-Encoding": "gzip"}
    server.answers(Answer(announced_length=10_000, headers=headers))
    fetcher = impatient(connect(max_response_bytes=1000))
    response = fetcher.send(FetchRequest(url=server.url, method="HEAD"))
    assert (response.body, response.headers["content-length"]) == ("", "10000")


def test_a_zip_bomb_is_stopped(server: HttpServer, connect: Connect) -> None:
    """The size counts after decompression (F6)."""
    bomb = gzip.compress(bytes(5_000_000))
    server.answers(Answer(body=bomb, headers={"Content-Encoding": "gzip"}))
    fetcher = impatient(connect(max_response_bytes=100_000))
    with pytest.raises(ResponseSizeTooLargeError):
        fetcher.send(FetchRequest(url=server.url))


def test_no_more_than_the_limit_is_ever_decompressed() -> None:
    """A bomb is not unpacked first and counted afterwards (F6)."""
    bomb = gzip.compress(bytes(20_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            BodyCollector("gzip", 1000).add(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}', mtime=0)),
        ("gzip", gzip.compress(b'{"a":', mtime=0) + gzip.compress(b" 1}", mtime=0)),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}', wbits=-15)),
        ("identity", b'{"a": 1}'),
    ],
)
def test_compressed_bodies(
    server: HttpServer, fetcher: SyncFetcher, encoding: str, body: bytes
) -> None:
    """Gzip (of several members too) and both kinds of deflate are undone (F2)."""
    server.answers(Answer(body=body, headers={"Content-Encoding": encoding}))
    assert fetcher.send(FetchRequest(url=server.url)).body == {"a": 1}
    assert fetcher.statistics.bytes_received == len(body)


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)[:-9], "gzip data is cut short"),
        ("gzip", b"not gzip", "gzip data is broken"),
        ("br", b"x", "'br', which was not asked for"),
    ],
)
def test_broken_compression_is_a_clear_error(
    server: HttpServer, fetcher: SyncFetcher, encoding: str, body: bytes, reason: str
) -> None:
    """A compressed body that ends early does not pass as a short one (F2)."""
    server.answers(
        Answer(body=body, headers={"Content-Encoding": encoding}, content_type="text/plain")
    )
    with pytest.raises(ConnectionFailedError, match=reason):
        fetcher.send(FetchRequest(url=server.url, method="POST"))
