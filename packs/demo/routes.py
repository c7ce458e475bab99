"""What the demo API answers to which request.

`GET /projects`, `GET /tasks`, `GET /events` are what the pack uses; whatever is below
`/_control` is for those who watch the sync: it changes the data, moves the clock and
expires the tokens.
"""

from datetime import datetime, timedelta
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from packs.demo.listings import (
    InvalidRequestError,
    NotFoundError,
    SyncTokenExpiredError,
    TaskQuery,
)
from packs.demo.records import as_timestamp
from packs.demo.source import DEFAULT_LIMIT, DemoSource

MAX_LIMIT = 1_000
"""The largest page that a client may ask for."""

_STATUS_OF: dict[type[Exception], int] = {
    InvalidRequestError: 400,
    NotFoundError: 404,
    SyncTokenExpiredError: 410,
}


def make_app(source: DemoSource) -> Starlette:
    """The API over this source."""
    return Starlette(
        routes=[*_service_routes(source), *_control_routes(source)],
        exception_handlers=dict.fromkeys((*_STATUS_OF, HTTPException), _refusal),
    )


def _service_routes(source: DemoSource) -> list[Route]:
    """What the pack asks for."""

    async def projects(request: Request) -> JSONResponse:
        _query_of(request, set())
        return JSONResponse({"projects": source.projects()})

    async def tasks(request: Request) -> JSONResponse:
        allowed = {"modifiedSince", "project", "status", "pageToken", "limit"}
        query = _query_of(request, allowed)
        page = source.list_tasks(
            TaskQuery(
                modified_since=_moment(query.get("modifiedSince")),
                project=query.get("project"),
                status=query.get("status"),
            ),
            page_token=query.get("pageToken"),
            limit=_limit(query.get("limit")),
        )
        return JSONResponse(
            {
                "tasks": page.tasks,
                "now": as_timestamp(page.now),
                "nextPageToken": page.next_page_token,
            }
        )

    async def events(request: Request) -> JSONResponse:
        query = _query_of(request, {"syncToken", "pageToken", "limit"})
        page = source.list_events(
            sync_token=query.get("syncToken"),
            page_token=query.get("pageToken"),
            limit=_limit(query.get("limit")),
        )
        body = {"events": page.events, "nextPageToken": page.next_page_token}
        return JSONResponse({**body, "nextSyncToken": page.next_sync_token})

    return [Route("/projects", projects), Route("/tasks", tasks), Route("/events", events)]


def _control_routes(source: DemoSource) -> list[Route]:
    """What changes the source, for the demo and the tests."""

    async def change(_: Request) -> JSONResponse:
        return JSONResponse({"changed": source.change().counts})

    async def advance(request: Request) -> JSONResponse:
        now = source.advance(timedelta(seconds=await _seconds(request)))
        return JSONResponse({"now": as_timestamp(now)})

    async def expire_tokens(_: Request) -> JSONResponse:
        source.expire_sync_tokens()
        return JSONResponse(source.state())

    async def state(_: Request) -> JSONResponse:
        return JSONResponse(source.state())

    return [
        Route("/_control/change", change, methods=["POST"]),
        Route("/_control/advance", advance, methods=["POST"]),
        Route("/_control/expire-tokens", expire_tokens, methods=["POST"]),
        Route("/_control/state", state),
    ]


async def _refusal(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, HTTPException):
        message = f"{request.method} {request.url.path}: {error.detail}"
        return _error(error.status_code, message)
    return _error(_STATUS_OF[type(error)], str(error))


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"status": status, "message": message}}, status)


def _query_of(request: Request, allowed: set[str]) -> dict[str, str]:
    for name in request.query_params:
        if name not in allowed:
            names = ", ".join(sorted(allowed)) or "none"
            raise InvalidRequestError(f"Unknown parameter {name!r}; there are: {names}.")
        if len(request.query_params.getlist(name)) > 1:
            raise InvalidRequestError(f"The parameter {name!r} is given more than once.")
    return dict(request.query_params)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_LIMIT):
        raise InvalidRequestError(f"limit is a number from 1 to {MAX_LIMIT}, not {text!r}.")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError(f"modifiedSince is a time, not {text!r}.") from None
    if moment is not None and moment.tzinfo is None:
        raise InvalidRequestError("modifiedSince needs a time zone, such as the Z of UTC.")
    return moment


async def _seconds(request: Request) -> float:
    try:
        body: object = await request.json()
    except ValueError:
        body = None
    seconds = cast("dict[str, object]", body).get("seconds") if isinstance(body, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise InvalidRequestError('The body is {"seconds": number}.')
    if not 0 <= seconds <= 1e9:
        raise InvalidRequestError("seconds is a number from 0 to a billion.")
    return seconds
