"""Answers of one account that are kept on disk, to be asked for again with a condition (F9).

    folder/key                 32 random bytes: names and checksums tell nothing without them
    folder/ACCOUNT/REQUEST     a file for each answer

Both names are keyed hashes, that of the account over its credentials. A file is written beside its
place and moved there, so whoever reads has a whole one, or none; what a crash or a disk does to it
its checksums tell. Nothing is synced to disk: a file that is lost is a request more.
"""

import hashlib
import hmac
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson
from filelock import FileLock

LONGEST_AGE_SECONDS = 35 * 86_400.0
"""An answer that the service has not confirmed for so long is not used: a month and some days."""

_KEY_BYTES = 32
_CHECKSUM_BYTES = 32
_SIZE_BYTES = 4
_FIRST_READ_BYTES = 8_192
_PRUNED_EVERY = 16
"""Old answers are removed whenever a 16th of the room has been written; none is larger."""

_LEAST_BYTES = 4_096
"""What a file takes at least, however small."""

_LONGEST_WAIT_SECONDS = 10.0
_TEMPORARY = ".tmp-"
_TEMPORARY_SECONDS = 3_600.0


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """What is known of an answer whose body is still on disk; `headers` as they came."""

    headers: Mapping[str, str]
    path: Path
    checksum: bytes
    body_checksum: bytes


class StoredAnswers:
    """The answers of one account. Safe to use from threads and from several processes.

    `account` says whose they are: its credentials, its connection, its pack. `max_bytes` bounds
    the account's files (each further process that writes at once may add a 16th of it).
    """

    def __init__(self, folder: Path, account: Sequence[str], max_bytes: int) -> None:
        self._root = folder
        self._account = [part.encode() for part in account]
        self._max_bytes = max_bytes
        self._written = max_bytes  # so that the first answer makes room
        self._lock = threading.RLock()
        self._given_up = False
        self._looked = False
        self._key = b""
        self._folder = folder

    def find(self, request: Iterable[bytes]) -> StoredAnswer | None:
        """The answer to that request, None if there is none that is whole and recent."""
        if not self._looked:
            self._looked = True
            self._open()
        if not self._key:  # whoever makes one meanwhile saves us requests the next time
            return None
        path = self._path(request)
        try:
            with path.open("rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > LONGEST_AGE_SECONDS:
                    return None
                start = file.read(_FIRST_READ_BYTES)
                size = _header_end(start)
                start += file.read(max(size - len(start), 0))
        except OSError:
            return None
        return self._stored(path, start[:size])

    def body_of(self, stored: StoredAnswer) -> bytes | None:
        """The body, None where the file has been damaged, replaced or removed meanwhile."""
        try:
            content = stored.path.read_bytes()
        except OSError:
            return None
        size = _header_end(content)
        found, body = self._stored(stored.path, content[:size]), content[size:]
        if found != stored or not self._is(stored.body_checksum, [b"body", body]):
            return None
        with suppress(OSError):
            os.utime(stored.path)  # it is as new as the service says it is
        return body

    def keep(self, request: Iterable[bytes], headers: Mapping[str, str], body: bytes) -> None:
        """Keep an answer in place of an earlier one to that request.

        Raises `OSError` the first time that it cannot be written; after that nothing is kept.
        """
        if self._given_up or len(body) >= self._max_bytes // _PRUNED_EVERY:
            return
        try:
            self._keep(request, headers, body)
        except OSError:
            self._given_up = True
            raise

    def forget(self, stored: StoredAnswer) -> None:
        """Remove an answer."""
        with suppress(OSError):
            stored.path.unlink()

    def _keep(self, request: Iterable[bytes], headers: Mapping[str, str], body: bytes) -> None:
        if not self._key:
            self._make_key()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(request)
        header = orjson.dumps(
            {"headers": dict(headers), "body": self._checksum([b"body", body]).hex()}
        )
        checksum = self._checksum([b"header", path.name.encode(), header])
        size = len(header).to_bytes(_SIZE_BYTES, "big")
        self._make_room(len(header) + len(body))
        _write(path, (checksum, size, header, body))

    def _stored(self, path: Path, start: bytes) -> StoredAnswer | None:
        checksum, header = start[:_CHECKSUM_BYTES], start[_CHECKSUM_BYTES + _SIZE_BYTES :]
        if not self._is(checksum, [b"header", path.name.encode(), header]):
            return None
        known = orjson.loads(header)
        return StoredAnswer(
            headers=known["headers"],
            path=path,
            checksum=checksum,
            body_checksum=bytes.fromhex(known["body"]),
        )

    def _open(self) -> None:
        """Read the key, if there is one; where it was lost, all that it named is unknown."""
        with self._lock:
            secret = b"" if self._key else _read_key(self._root / "key")
            if secret:
                self._folder = self._root / _hash(secret, [b"folder", *self._account])[:20].hex()
                self._key = _hash(secret, [b"account", *self._account])

    def _make_key(self) -> None:
        self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (
            self._lock,
            FileLock(self._root / "lock", timeout=_LONGEST_WAIT_SECONDS, mode=0o600),
        ):
            self._open()
            if not self._key:  # else another has made it meanwhile
                _write(self._root / "key", [secrets.token_bytes(_KEY_BYTES)])
                self._open()

    def _path(self, request: Iterable[bytes]) -> Path:
        return self._folder / self._checksum([b"request", *request])[:20].hex()

    def _checksum(self, parts: Iterable[bytes]) -> bytes:
        return _hash(self._key, parts)

    def _is(self, checksum: bytes, parts: Iterable[bytes]) -> bool:
        return hmac.compare_digest(checksum, self._checksum(parts))

    def _make_room(self, size: int) -> None:
        with self._lock:
            self._written += max(size, _LEAST_BYTES)
            if self._written <= self._max_bytes // _PRUNED_EVERY:
                return
            self._written = max(size, _LEAST_BYTES)
        for folder in self._root.iterdir():
            if folder.is_dir():  # those of earlier credentials go when they are old
                _prune(folder, self._max_bytes if folder == self._folder else None)


def _prune(folder: Path, max_bytes: int | None) -> None:
    """Remove what is too old, then the oldest until a 16th of the room is free."""
    now, files = time.time(), sorted(_files(folder), key=lambda each: each[0], reverse=True)
    room = None if max_bytes is None else max_bytes - max_bytes // _PRUNED_EVERY
    for modified, size, path in files:
        if room is not None:
            room -= max(size, _LEAST_BYTES)
        temporary = path.name.startswith(_TEMPORARY)
        longest = _TEMPORARY_SECONDS if temporary else LONGEST_AGE_SECONDS
        if now - modified > longest or (room is not None and room < 0 and not temporary):
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # another process has removed it
                status = entry.stat()
                yield status.st_mtime, status.st_size, Path(entry.path)


def _write(path: Path, parts: Iterable[bytes]) -> None:
    """Replace a file, as a whole. Only its owner may read what `mkstemp` makes."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read_key(path: Path) -> bytes:
    """The key, nothing if there is none or it is damaged."""
    try:
        key = path.read_bytes()
    except OSError:
        return b""
    return key if len(key) == _KEY_BYTES else b""


def _header_end(start: bytes) -> int:
    """Where the body begins, as the file says, whose checksum is still to be looked at."""
    size = int.from_bytes(start[_CHECKSUM_BYTES : _CHECKSUM_BYTES + _SIZE_BYTES], "big")
    return _CHECKSUM_BYTES + _SIZE_BYTES + size


def _hash(key: bytes, parts: Iterable[bytes]) -> bytes:
    """A keyed hash (RFC 7693) of parts that cannot run into each other."""
    digest = hashlib.blake2b(key=key, digest_size=_CHECKSUM_BYTES)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
