"""What Python and the child say to each other, and how it is written on the pipes.

A frame is: length of the rest (4 bytes, big endian), kind (1 byte), length of the head (4
bytes), the head (JSON), and further bytes, the `blob`, whose meaning depends on the kind.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import orjson

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""More than the largest answer, and than what the child puts into one frame of rows."""

_HEADER = struct.Struct(">IBI")


class FrameKind(IntEnum):
    """What a frame is about; the letters are those that `child.js` knows."""

    READY = ord("H")  # child: it has closed its realm and waits for the pack
    ROWS = ord("R")  # child: some rows of the page, NDJSON in the blob
    RESULT = ord("V")  # child: what the function returned, JSON in the blob
    FAILURE = ord("E")  # child: what the function threw
    FETCH = ord("F")  # child: a request; the blob is its body, if that is bytes
    LOG = ord("L")  # child: a line for the pack's log
    LOAD = ord("P")  # Python: the bundle's code, in the blob
    CALL = ord("C")  # Python: call a function of the pack
    ANSWER = ord("A")  # Python: the answer to a request; its body in the blob


class BrokenFrameError(Exception):
    """The bytes on the pipe are no frames."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One message."""

    kind: FrameKind
    head: dict[str, Any] = field(default_factory=dict[str, Any])
    blob: bytes = b""

    def encode(self) -> bytes:
        """The frame as it is written on a pipe."""
        head = orjson.dumps(self.head, default=str)
        size = 5 + len(head) + len(self.blob)
        return b"".join((_HEADER.pack(size, self.kind, len(head)), head, self.blob))


class FrameReader:
    """Takes bytes as they come and gives the frames in them."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with `data`. Raises `BrokenFrameError`."""
        self._bytes += data
        frames: list[Frame] = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        if len(self._bytes) < _HEADER.size:
            return None
        size, kind, head_size = _HEADER.unpack_from(self._bytes)
        if size > MAX_FRAME_BYTES or head_size + 5 > size:
            raise BrokenFrameError(f"a frame of {size:,} bytes with a head of {head_size:,}")
        end = 4 + size
        if len(self._bytes) < end:
            return None
        head_end = _HEADER.size + head_size
        head, blob = self._bytes[_HEADER.size : head_end], bytes(self._bytes[head_end:end])
        del self._bytes[:end]
        try:
            return Frame(kind=FrameKind(kind), head=orjson.loads(head), blob=blob)
        except ValueError as error:
            raise BrokenFrameError(f"a frame of the kind {kind}: {error}") from None
