"""The messages between Python and the child, and how they are written on the pipes.

A message is: length of the rest (4 bytes, big endian), kind (1 byte), length of the head (4
bytes), the head (JSON), and further bytes, the `blob`, whose meaning depends on the kind.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""More than the largest answer, and than the child puts into one message of rows."""

_HEADER = struct.Struct(">IBI")


class MessageKind(IntEnum):
    """What a message is about; the letters are those of `child/pipes.js`."""

    READY = ord("H")  # child: it has closed its realm and waits for the pack
    ROWS = ord("R")  # child: some rows of the page, NDJSON in the blob
    RESULT = ord("V")  # child: what the function returned, JSON in the blob
    FAILURE = ord("E")  # child: what the function threw
    FETCH = ord("F")  # child: a request; the blob is its body, if that is bytes
    LOG = ord("L")  # child: a line for the pack's log
    LOAD = ord("P")  # Python: the bundle's code, in the blob
    CALL = ord("C")  # Python: call a function of the pack
    ANSWER = ord("A")  # Python: the answer to a request; its body in the blob


class BrokenMessageError(Exception):
    """The bytes on the pipe are not a message."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message: its head is JSON, its `blob` further bytes."""

    kind: MessageKind
    head: dict[str, Any] = field(default_factory=dict[str, Any])
    blob: bytes = b""
    head_size: int = 0

    @property
    def size(self) -> int:
        """How many bytes a message that was read has in head and blob."""
        return self.head_size + len(self.blob)

    def encode(self) -> bytes:
        """The message as it is written on a pipe."""
        head = orjson.dumps(self.head, default=str)
        size = 5 + len(head) + len(self.blob)
        return b"".join((_HEADER.pack(size, self.kind, len(head)), head, self.blob))


class MessageReader:
    """Takes bytes as they come and gives the messages in them."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete with `data`. Raises `BrokenMessageError`."""
        self._bytes += data
        messages: list[Message] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> Message | None:
        if len(self._bytes) < _HEADER.size:
            return None
        size, kind, head_size = _HEADER.unpack_from(self._bytes)
        if size > MAX_MESSAGE_BYTES or head_size + 5 > size:
            raise BrokenMessageError(f"a message of {size:,} bytes with a head of {head_size:,}")
        end = 4 + size
        if len(self._bytes) < end:
            return None
        head_end = _HEADER.size + head_size
        head, blob = self._bytes[_HEADER.size : head_end], bytes(self._bytes[head_end:end])
        del self._bytes[:end]
        try:
            return Message(
                kind=MessageKind(kind), head=orjson.loads(head), blob=blob, head_size=head_size
            )
        except ValueError as error:
            raise BrokenMessageError(f"a message of the kind {kind}: {error}") from None
