"""What clients that use `requests` send their requests by, answered by a fake."""

import io
import json
from typing import Any, cast

import requests
from requests.adapters import BaseAdapter

from pack_sdk.fetching import FetchRequest, Method
from pack_sdk.testing import FakeService


class FakeAdapter(BaseAdapter):
    """To be mounted on a session: `session.mount("https://", FakeAdapter(service))`."""

    def __init__(self, service: FakeService) -> None:
        super().__init__()
        self._service = service

    def send(
        self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any
    ) -> requests.Response:
        """As `requests.adapters.HTTPAdapter` has it."""
        body = request.body
        asked = FetchRequest(
            method=cast("Method", request.method),
            url=request.url or "",
            headers={name: str(value) for name, value in request.headers.items()},
            body=body if isinstance(body, str | bytes) else None,
        )
        answer = self._service.respond(asked)
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update({**answer.headers, "Content-Type": "application/json"})
        response.url, response.request = asked.url, request
        response.raw = io.BytesIO(json.dumps(answer.body).encode())
        return response

    def close(self) -> None:
        """Nothing is open."""
