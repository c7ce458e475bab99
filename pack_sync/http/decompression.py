"""Undoing gzip and deflate without ever holding more than the limit (contract F6)."""

import zlib

ACCEPTED_ENCODINGS = "gzip, deflate"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
# What servers write into `Content-Encoding` though the body is plain.
_PLAIN = frozenset(
    {
        "", "identity", "none", "null", "undefined", "false", "binary", "text", "plain", "json",
        "7bit", "8bit", "chunked", "aws-chunked",
    }
)  # fmt: skip


def _says_nothing(word: str) -> bool:
    """Whether a word of `Content-Encoding` is none: a charset, a media type, and the like."""
    if word in _PLAIN or "/" in word:
        return True
    try:
        "".encode(word)  # the name of a charset
    except LookupError:
        return False
    return True


class TooLargeError(Exception):
    """The body, decompressed, is larger than the limit."""


class UnknownEncodingError(Exception):
    """The body is in an encoding that was not asked for and cannot be undone."""


class BrokenEncodingError(Exception):
    """The body is not what its Content-Encoding says, or is cut short."""


class BodyCollector:
    """Collects a body chunk by chunk, decompressed, up to `limit` bytes.

    httpx decompresses each chunk in full before anybody can count it, so a chunk of 64 kB
    may become 60 MB, and far more when compressed twice. Here zlib stops at the limit.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        words = (word.strip().lower() for word in content_encoding.split(","))
        encoding = ", ".join(word for word in words if not _says_nothing(word))
        if encoding not in ("", "gzip", "x-gzip", "deflate"):
            raise UnknownEncodingError(
                f"it came in the encoding {encoding!r}, which was not asked for"
            )
        self._encoding = encoding
        self._limit = limit
        self._body = bytearray()
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._compressed = bool(encoding)
        self._received = 0

    def add(self, chunk: bytes) -> None:
        """Take the next chunk as it came from the network."""
        if self._compressed:
            self._add_compressed(chunk)
        else:
            self._body += chunk
        self._received += len(chunk)
        if len(self._body) > self._limit:
            raise TooLargeError

    def finish(self) -> bytes:
        """The whole body; a compressed one must have come to its end."""
        if self._compressed and self._received and not self._inflate.eof:
            raise BrokenEncodingError(f"its {self._encoding} data is cut short")
        return bytes(self._body)

    def _add_compressed(self, data: bytes) -> None:
        while data and len(self._body) <= self._limit:
            if self._inflate.eof:
                # A gzip body may have several members, one after another.
                self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
            self._body += self._inflated(data)
            data = self._inflate.unconsumed_tail or self._inflate.unused_data

    def _inflated(self, data: bytes) -> bytes:
        room = self._limit - len(self._body) + 1
        try:
            return self._inflate.decompress(data, room)
        except zlib.error as error:
            if self._encoding == "deflate" and not self._received:
                # Some servers send deflate data without the zlib header around it.
                self._encoding = "raw deflate"
                self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
                return self._inflated(data)
            raise BrokenEncodingError(f"its {self._encoding} data is broken ({error})") from None
