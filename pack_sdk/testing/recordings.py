"""Recordings: what a service answered in a real sync, as files that a person can read.

`packsync record` writes them, one file for each sync: `recordings/<table>/<number>-<mode>.json`.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from pack_sdk.fetching import FetchRequest, FetchResponse

FORMAT = 1

SyncMode: TypeAlias = Literal["full", "incremental"]


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request as the pack wrote it, and what came: an answer of any status, or none.

    `error` says why none came.
    """

    request: FetchRequest
    response: FetchResponse | None = None
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.request.method} {self.request.url}"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the pack made of the answers.

    `ended` is false where the recording was stopped after `pages` pages, so without a cursor.
    """

    pages: int
    ids: Sequence[Any] = ()
    deleted_ids: Sequence[Any] = ()
    cursor: Any = None
    has_incomplete_results: bool = False
    ended: bool = True


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One recorded sync.

    `started_at` is when it began, in UTC. `cursor_before` is where an incremental sync began;
    `next_cursor` is where a real sync may go on, None if that cannot be said. It is another than
    that of `expected` where rows were left out of the answers. `parameters` are values by name.
    `path` is the file that it was read from.
    """

    pack: str
    table: str
    sync: str
    mode: SyncMode
    started_at: datetime
    exchanges: Sequence[Exchange]
    expected: Expected
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    endpoint: str | None = None
    dynamic_url: str | None = None
    cursor_before: Any = None
    next_cursor: Any = None
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.table}/{self.path.stem}" if self.path else f"{self.table} ({self.mode})"

    @property
    def how_to_renew(self) -> str:
        """What an author does whose pack has changed, and rightly so."""
        delete = f"delete {self.path.parent} and " if self.path else ""
        command = f"packsync record {self.pack} {self.table}"
        return f"If the pack is right, {delete}record the table anew: {command}"


def read_recordings(place: str | Path) -> list[Recording]:
    """The recordings below a folder, or of one file; those of a table in their order.

    Raises `ValueError` that names a file which is no recording, or one of a newer format.
    """
    place = Path(place)
    files = sorted(place.rglob("*.json")) if place.is_dir() else [place]
    return [read_recording(file) for file in files]


def read_recording(file: Path) -> Recording:
    """The recording of a file. Raises `ValueError`."""
    try:
        return recording_from(json.loads(file.read_text(encoding="utf-8")), file)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{file} cannot be read as a recording ({what}); record it anew with packsync record"
        ) from error


def recording_from(content: Mapping[str, Any], path: Path | None = None) -> Recording:
    """The recording of a file's content, parsed from JSON."""
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']!r}, and this version reads {FORMAT}")
    given = {name: content[name] for name in ("pack", "table", "sync", "mode")}
    optional = ("parameters", "endpoint", "dynamic_url", "cursor_before", "next_cursor")
    given |= {name: content[name] for name in optional if name in content}
    return Recording(
        **given,
        started_at=datetime.fromisoformat(content["started_at"]),
        exchanges=[_exchange_from(each) for each in content["exchanges"]],
        expected=Expected(**content["expected"]),
        path=path,
    )


def content_of(recording: Recording) -> dict[str, Any]:
    """What is written of a recording, as JSON; `recording_from` reads it."""
    return {
        "format": FORMAT,
        "pack": recording.pack,
        "table": recording.table,
        "sync": recording.sync,
        "mode": recording.mode,
        "started_at": recording.started_at.isoformat(),
        **_given("parameters", dict(recording.parameters)),
        **_given("endpoint", recording.endpoint),
        **_given("dynamic_url", recording.dynamic_url),
        **({"cursor_before": recording.cursor_before} if recording.mode != "full" else {}),
        **({} if recording.next_cursor is None else {"next_cursor": recording.next_cursor}),
        "expected": _content_of_expected(recording.expected),
        "exchanges": [_content_of_exchange(each) for each in recording.exchanges],
    }


def _content_of_expected(expected: Expected) -> dict[str, Any]:
    return {
        "pages": expected.pages,
        "ids": list(expected.ids),
        **_given("deleted_ids", list(expected.deleted_ids)),
        **_given("has_incomplete_results", expected.has_incomplete_results),
        **({} if expected.ended else {"ended": False}),
        "cursor": expected.cursor,
    }


def _content_of_exchange(exchange: Exchange) -> dict[str, Any]:
    request, response = exchange.request, exchange.response
    body = json_or_text(request.body) if isinstance(request.body, str) else request.body
    asked: dict[str, Any] = {
        "method": request.method,
        "url": request.url,
        **_given("headers", dict(request.headers)),
        **_content_of_body(body),
        **_given("form", request.form and dict(request.form)),
        **_given("etag", request.etag),
    }
    if response is None:
        return {"request": asked, "error": exchange.error}
    answered = {
        "status": response.status,
        **_given("headers", dict(response.headers)),
        **_content_of_body(response.body),
    }
    return {"request": asked, "response": answered}


def _given(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _content_of_body(body: Any) -> dict[str, Any]:
    """A body, under a name that says what it is: `json`, `text`, or `base64` for bytes."""
    if isinstance(body, bytes):
        try:
            body = body.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(body).decode()}
        return _content_of_body(json_or_text(body))
    if body is None:
        return {}
    return {"text": body} if isinstance(body, str) else {"json": body}


def json_or_text(body: str) -> Any:
    """The object or list that a text holds as JSON; else the text."""
    try:
        parsed = json.loads(body) if body.lstrip()[:1] in ("{", "[") else body
    except ValueError:
        return body
    return parsed


def _exchange_from(content: Mapping[str, Any]) -> Exchange:
    asked = cast("Mapping[str, Any]", content["request"])
    body = _body_from(asked)
    request = FetchRequest(
        method=asked["method"],
        url=asked["url"],
        headers=asked.get("headers", {}),
        body=body if body is None or isinstance(body, str | bytes) else json.dumps(body),
        form=asked.get("form"),
        etag=asked.get("etag"),
    )
    if "response" not in content:
        return Exchange(request=request, error=content["error"])
    answered = cast("Mapping[str, Any]", content["response"])
    response = FetchResponse(
        status=answered["status"], headers=answered.get("headers", {}), body=_body_from(answered)
    )
    return Exchange(request=request, response=response)


def _body_from(content: Mapping[str, Any]) -> Any:
    if "base64" in content:
        return base64.b64decode(content["base64"])
    return content.get("json", content.get("text"))
