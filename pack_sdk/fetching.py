"""What a pack sees of HTTP: requests, responses and the two faces of the fetcher.

The work (domains, credentials, retries, limits) is done by whoever supplies `send`:
`pack_sync.http.fetcher` in a real sync, a mock in tests.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, get_args

from typing_extensions import Unpack

from pack_sdk.dictionaries import MethodName, RequestFields
from pack_sdk.json_values import merged, with_snake_case_keys

NOT_MODIFIED = 304
Method: TypeAlias = MethodName


@dataclass(frozen=True, kw_only=True)
class FetchRequest:
    """One request (contract F1).

    `body` is text or bytes; `form` is sent url-encoded instead of a body. `cache_ttl_secs`
    above 0 allows a cached GET answer of that age (contract F7). `etag` is that of an answer of
    before: if it is still the same, the response has `not_modified` and no body (RFC 9110, 13).
    With `share_secs`, tables of one connection that send the same request within so many seconds
    get one answer, whatever the method: for a call that brings what several tables are made of.
    """

    url: str
    method: Method = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str | bytes | None = None
    form: Mapping[str, str] | None = None
    cache_ttl_secs: float | None = None
    is_binary_response: bool = False
    disable_authentication: bool = False
    ignore_redirects: bool = False
    etag: str | None = None
    share_secs: float | None = None

    @classmethod
    def from_mapping(cls, request: Mapping[str, Any]) -> "FetchRequest":
        """The request of a mapping in camelCase or snake_case; None values are left out.

        Raises `ValueError` that names a key which is unknown, missing, or of the wrong kind.
        """
        fields = with_snake_case_keys(request, set(cls.__dataclass_fields__), "fetch request")
        fields = {key: value for key, value in fields.items() if value is not None}
        if "url" in fields and not isinstance(fields["url"], str):
            raise ValueError(f"a fetch request needs a `url`, a text, not {fields['url']!r}")
        if "url" not in fields:
            raise ValueError(
                f"a fetch request needs a `url`; it has {', '.join(fields) or 'nothing'}"
            )
        for name in ("headers", "form"):
            if not isinstance(fields.get(name, {}), Mapping):
                raise ValueError(
                    f"the `{name}` of a fetch request is a {type(fields[name]).__name__}; it must "
                    "be a mapping of names to values"
                )
        fields["method"] = str(fields.get("method", "GET")).upper()
        if fields["method"] not in get_args(Method):
            choices = ", ".join(get_args(Method))
            raise ValueError(f"the method {fields['method']!r} is not supported; use {choices}")
        return cls(**fields)


@dataclass(frozen=True, kw_only=True)
class FetchResponse:
    """One answer: `body` is parsed JSON or XML, text, or bytes (contract F2).

    `headers` has its names in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Any = None

    @property
    def not_modified(self) -> bool:
        """Whether it is still the answer whose `etag` the request had; there is no body then."""
        return self.status == NOT_MODIFIED

    @property
    def etag(self) -> str | None:
        """What stands for this version of the answer, if the service says so."""
        return self.headers.get("etag")


def is_expected(status: int, request: FetchRequest) -> bool:
    """Whether a pack gets an answer with this status, which is otherwise raised (contract F3)."""
    if status == NOT_MODIFIED:
        return request.etag is not None or request.ignore_redirects
    return status < 300 or (request.ignore_redirects and status < 400)


Send: TypeAlias = Callable[[FetchRequest], FetchResponse]


class Fetcher:
    """The fetcher of a pack whose functions are plain `def`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def fetch(
        self, request: Mapping[str, Any] | None = None, /, **fields: Unpack[RequestFields]
    ) -> FetchResponse:
        """Send a request, given as a mapping or as keywords (see `FetchRequest`).

        Raises `StatusCodeError` for a status of 300 or more, `RequestRefusedError` for a
        URL outside the pack's domains, `ResponseSizeTooLargeError` and
        `ConnectionFailedError`; `ValueError` for a request that makes no sense.
        """
        return self._send(FetchRequest.from_mapping(merged(request, fields, "a fetch request")))


class AsyncFetcher:
    """The fetcher of a pack whose functions are `async def`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def fetch(
        self, request: Mapping[str, Any] | None = None, /, **fields: Unpack[RequestFields]
    ) -> FetchResponse:
        """As `Fetcher.fetch`; several may be awaited at once with `asyncio.gather`."""
        parsed = FetchRequest.from_mapping(merged(request, fields, "a fetch request"))
        return await asyncio.to_thread(self._send, parsed)
