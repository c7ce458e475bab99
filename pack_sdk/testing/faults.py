"""What goes wrong at a service: faults for `FakeService.faults`."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from pack_sdk.fetching import FetchResponse
from pack_sdk.testing.fake_service import Fault, HalfDocument, ServiceRequest
from pack_sdk.testing.fetcher import StatusCode

Make = Callable[[], FetchResponse]


def failing(numbers: Collection[int], answer: StatusCode | FetchResponse) -> Fault:
    """Answer the requests of these numbers, counted from 1 on, with something else.

    >>> fault = failing({1}, StatusCode(500))
    >>> fault(None, 1, lambda: FetchResponse(status=200)).status
    500
    """
    headers = {name.lower(): value for name, value in answer.headers.items()}
    instead = FetchResponse(status=answer.status, headers=headers, body=answer.body)

    def fault(_request: ServiceRequest, number: int, make: Make) -> FetchResponse:
        return instead if number in numbers else make()

    return fault


def rate_limited(numbers: Collection[int], retry_after: int = 0) -> Fault:
    """Answer the requests of these numbers with 429, and ask for a pause of so many seconds."""
    headers = {"Retry-After": str(retry_after)}
    return failing(numbers, StatusCode(429, {"error": "too many requests"}, headers))


def cut_short(numbers: Collection[int]) -> Fault:
    """Send half of the JSON that answers the requests of these numbers."""

    def fault(_request: ServiceRequest, number: int, make: Make) -> FetchResponse:
        response = make()
        if number not in numbers or response.status >= 300:
            return response
        whole = json.dumps(response.body).encode()
        headers = {**response.headers, "content-type": "application/json"}
        return replace(response, headers=headers, body=HalfDocument(whole[: len(whole) // 2]))

    return fault


def with_etags(request: ServiceRequest, _number: int, make: Make) -> FetchResponse:
    """Give answers an `ETag`, and 304 to who has that version already (RFC 9110, 13.1.2)."""
    response = make()
    if request.request.method != "GET" or response.status != 200:
        return response
    tag = f'"{_digest(response.body)}"'
    headers: Mapping[str, str] = {**response.headers, "etag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return FetchResponse(status=304, headers=headers, body="")
    return replace(response, headers=headers)


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()[:32]
