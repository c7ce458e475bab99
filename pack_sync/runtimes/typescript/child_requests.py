"""Answers the requests of a pack in a child: each goes through Python's fetcher."""

import json
from typing import Any

import orjson

from pack_sdk.errors import FetchError, StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.runtimes.runtime import Fetching
from pack_sync.runtimes.typescript.messages import Message, MessageKind

_KEYS = {
    "url", "method", "headers", "body", "form", "cacheTtlSecs", "isBinaryResponse",
    "disableAuthentication", "ignoreRedirects",
}  # fmt: skip


class CallRequests:
    """The requests of one call: sent with its invocation token, and no other (contract A2).

    What they raise is kept, so that an error which the pack lets pass is raised as it was.
    """

    def __init__(self, fetcher: Fetching, call: int, invocation_token: str) -> None:
        self._fetcher = fetcher
        self._call = call
        self._invocation_token = invocation_token
        self.raised: dict[int, Exception] = {}

    def answer(self, message: Message) -> Message:
        """Send the request of a message; the message that answers it, also when that fails."""
        number = message.head["id"]
        try:
            if message.head["call"] != self._call:
                raise ValueError("the call of the pack that made the request is over; await it")
            request = _request(message)
            response = self._fetcher.send(request, invocation_token=self._invocation_token)
            return _answer(number, response)
        except StatusCodeError as error:
            self.raised[number] = error
            return _answer(number, error.response, error=str(error))
        except Exception as error:
            if isinstance(error, FetchError):
                self.raised[number] = error
            head = {"id": number, "error": str(error), "name": type(error).__name__}
            return Message(kind=MessageKind.ANSWER, head=head)


def _request(message: Message) -> FetchRequest:
    # What else a pack writes there the original SDK takes no notice of, either.
    given = {key: value for key, value in message.head["request"].items() if key in _KEYS}
    if message.head.get("hasBody"):
        given["body"] = message.blob
    given["headers"] = _texts(given.get("headers"))
    given["form"] = _texts(given.get("form")) if given.get("form") is not None else None
    return FetchRequest.from_mapping(given)


def _texts(fields: Any) -> dict[str, str]:
    """Headers or a form with texts as values; what is null is left out."""
    given: dict[str, Any] = fields or {}
    return {name: _text(value) for name, value in given.items() if value is not None}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _json(body: Any) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # whole numbers of more than 64 bits, and half surrogate pairs
        return json.dumps(body).encode()


def _text_blob(body: str) -> tuple[str, bytes]:
    try:
        return "text", body.encode()
    except UnicodeEncodeError:  # half a surrogate pair, from a text in JSON
        return "json", json.dumps(body).encode()


def _answer(number: int, response: FetchResponse, error: str | None = None) -> Message:
    body: Any = response.body
    if isinstance(body, bytes):
        kind, blob = "bytes", body
    elif isinstance(body, str):
        kind, blob = _text_blob(body)
    else:
        kind, blob = "json", _json(body)
    head: dict[str, Any] = {
        "id": number,
        "status": response.status,
        "headers": dict(response.headers),
        "body": kind,
    }
    if error is not None:
        head["error"] = error
    return Message(kind=MessageKind.ANSWER, head=head, blob=blob)
