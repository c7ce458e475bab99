"""Which encoding a text is in: its bytes say it, or else its label, and nothing is guessed (F2).

Labels are often a server's default and wrong; bytes that are valid UTF-8 by accident are rare.
"""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["json", "xml", "text"]

# The longer ones first: UTF-32's begins as UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ZEROS_IN_UTF_16 = ((rb"(?:[^\0]\0){2}", "utf-16-le"), (rb"(?:\0[^\0]){2}", "utf-16-be"))

# What Python calls text encodings and no answer is in; browsers read no UTF-7 either.
_NOT_OF_ANSWERS = {
    "idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "charmap", "mbcs",
    "oem", "utf-7", "hz",
}  # fmt: skip
# What a label stands for in browsers: the wider encoding of which it is a part.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-8-sig": "utf-8",
}
_FURTHER_NAMES = {"windows-31j": "cp932", "windows-874": "cp874"}
# A short text in one of these can be valid UTF-8, and no server has one as its default.
_EAST_ASIAN = re.compile(r"gb|big5|cp9(32|49|50)|euc|johab|shift|iso2022")
# As the WHATWG has it: the five bytes that mean nothing are control characters.
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in range(256)
}


class UndecodableTextError(Exception):
    """The bytes fit no encoding that they or a label name; the message says where and what to do.

    `cut_short` is whether they end in the middle of a character.
    """

    def __init__(self, failures: Mapping[str, UnicodeDecodeError], label: str) -> None:
        places = [
            f"byte 0x{error.object[error.start]:02X} at offset {error.start:,} is not {encoding}"
            for encoding, error in failures.items()
        ]
        if not label:
            places.append("no charset is given")
        elif not encoding_of(label):
            places.append(f"{label!r} is no encoding")
        reason = next(iter(failures.values())).reason
        self.cut_short = reason in ("unexpected end of data", "truncated data")
        super().__init__(
            f"{', and '.join(places)}. Have the service name the right charset, or fetch it with "
            "`is_binary_response` (`isBinaryResponse`) and decode the bytes in the pack"
        )


def decode(body: bytes, *labels: str, kind: Kind = "text") -> str:
    """The text of a body, without a byte order mark.

    `labels` are names of encodings, the weightiest first; those that are none count as absent.
    Raises `UndecodableTextError`: nothing is replaced.
    """
    failures: dict[str, UnicodeDecodeError] = {}
    for encoding in dict.fromkeys(_candidates(body, labels, kind)):
        try:
            return _decoded(body, encoding)
        except UnicodeDecodeError as error:
            failures[encoding] = error
    raise UndecodableTextError(failures, next(filter(None, labels), ""))


def encoding_by_bytes(body: bytes, kind: Kind) -> str | None:
    """The encoding that a byte order mark or the place of zeros proves; None if neither does."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return encoding
    if kind == "text":
        return next((name for zeros, name in _ZEROS_IN_UTF_16 if re.match(zeros, body)), None)
    found = json.detect_encoding(body)  # a zero has no place in JSON and XML
    return None if found == "utf-8" else found


def _candidates(body: bytes, labels: tuple[str, ...], kind: Kind) -> Iterator[str]:
    if proven := encoding_by_bytes(body, kind):
        yield proven
        if body.startswith(tuple(mark for mark, _ in _BYTE_ORDER_MARKS)):
            return
    named = [encoding for label in labels if (encoding := encoding_of(label))]
    for encoding in named:
        if encoding.startswith("iso2022") or (kind != "json" and _EAST_ASIAN.match(encoding)):
            yield encoding
    # Text in UTF-16 may be valid UTF-8, but is full of zeros.
    if not (named and named[0].startswith(("utf-16", "utf-32")) and b"\0" in body):
        yield "utf-8"
    yield from named
    yield "utf-8"


def _decoded(body: bytes, encoding: str) -> str:
    if encoding == "cp1252" and any(byte in body for byte in b"\x81\x8d\x8f\x90\x9d"):
        return body.decode("latin-1").translate(_WINDOWS_1252)
    if encoding in ("utf-16", "utf-32"):
        big = body[::2].count(0) > body[1::2].count(0)
        encoding += "-be" if big else "-le"
    return body.decode(encoding).removeprefix("\ufeff")


@lru_cache(maxsize=256)  # each answer of an API has the same
def encoding_of(label: str) -> str | None:
    """The encoding of text that a label names, as Python calls it; None if there is no such one.

    >>> encoding_of("ISO-8859-1"), encoding_of("x-sjis"), encoding_of("utf8mb4"), encoding_of("hex")
    ('cp1252', 'cp932', None, None)
    """
    name = label.strip().lower()
    for each in (name, name.removeprefix("x-"), re.sub(r"-[ie]$", "", name)):
        try:
            found = codecs.lookup(_FURTHER_NAMES.get(each, each)).name
            "".encode(found)  # not for `hex` and its like, which make bytes of bytes
        except (LookupError, ValueError):  # UnicodeError is one
            continue
        return None if found in _NOT_OF_ANSWERS else _WIDER.get(found, found)
    return None
