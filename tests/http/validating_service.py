"""A service that answers with validators, and with 304 to whoever has its newest answer."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pack_sdk.fetching import FetchRequest
from pack_sync.http.conditional_requests import ConditionalRequests
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from tests.http_server import Answer, SeenRequest


def tag_of(body: bytes) -> str:
    """An `ETag` that is another for each body."""
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


class ValidatingService:
    """Answers with `bodies` of paths, and with `tag` (of body and request) for an `ETag`.

    `headers` are those of all answers.
    """

    def __init__(self, **bodies: bytes) -> None:
        self.bodies = {f"/{path}": body for path, body in bodies.items()}
        self.headers: Mapping[str, str] = {}
        self.tag: Callable[[bytes, SeenRequest], str] = lambda body, _: tag_of(body)
        self.statuses: list[int] = []

    def __call__(self, seen: SeenRequest) -> Answer:
        body = self.bodies[seen.path]
        tag = self.tag(body, seen)
        headers = {"ETag": tag, **self.headers}
        if seen.headers.get("if-none-match") == tag:
            self.statuses.append(304)
            return Answer(status=304, headers=headers, content_type="")
        self.statuses.append(200)
        return Answer(body=body, headers=headers)


def conditional_fetcher(
    connection: Connection, folder: Path, *, code_version: str = "v1"
) -> SyncFetcher:
    """A fetcher of a new run, so to speak: nothing but the folder is left of those before."""
    conditional = ConditionalRequests(
        answers=connection.answers_in(folder),
        redactor=connection.redactor,
        code_version=code_version,
    )
    return SyncFetcher(connection, first_wait_seconds=0.001, conditional=conditional)


def body_of(fetcher: SyncFetcher, url: str, **request: Any) -> Any:
    """Ask once."""
    return fetcher.send(FetchRequest(url=url, **request)).body


def answers_below(folder: Path) -> list[Path]:
    """The files of answers."""
    return [path for path in folder.glob("*/*") if path.is_file()]
