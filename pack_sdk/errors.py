"""Every error a pack author can meet, in one tree.

PackError
├── PackDefinitionError        the pack itself is wrong; raised when it loads
├── InvalidResultError         `execute` returned something the contract does not allow
├── UserVisibleError           raised by a pack: its text reaches the user as it is
│   └── MissingScopesError         raised by a pack: the account lacks rights it needs
├── FullSyncNeededError        raised by a pack: the cursor is of no use any more (contract C8)
├── RetryLater                 raised by a pack: the service wants a pause (contract F5)
└── FetchError                 a request did not bring a usable answer
    ├── AuthenticationFailedError  no access token could be obtained (contract A3)
    ├── RequestRefusedError        the URL is not allowed (contract F4); nothing was sent
    ├── StatusCodeError            the API answered with 300 or more (contract F3)
    ├── ResponseSizeTooLargeError  the body passed the limit (contract F6)
    └── ConnectionFailedError      no answer: DNS, TLS, refused, dropped, timed out
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from pack_sdk.fetching import FetchResponse


class PackError(Exception):
    """The root of all errors in `pack_sdk`."""


class PackDefinitionError(PackError):
    """The pack is not valid; the message names the table or parameter and the remedy."""


class InvalidResultError(PackError):
    """`execute` returned something that is not a page; the message names the key."""


class UserVisibleError(PackError):
    """Raise this in a pack to tell the user something in your own words."""


class MissingScopesError(UserVisibleError):
    """Raise this in a pack when the account was connected without a scope that is needed."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "the account was connected without all rights that the pack needs; connect it "
            "again, allow what the service asks for, and renew its credentials"
        )

    @staticmethod
    def is_missing_scopes_error(error: object) -> "TypeGuard[MissingScopesError]":
        """Whether `error` is a `MissingScopesError`."""
        return isinstance(error, MissingScopesError)

    isMissingScopesError = is_missing_scopes_error  # noqa: N815


class FullSyncNeededError(PackError):
    """Raise this in an incremental sync whose cursor is of no use: a full sync follows at once.

    The same as returning a completion with `has_incomplete_results` (contract C8): nothing of the
    incremental sync is stored. In a full sync it is an error like others.
    """


class RetryLater(PackError):  # noqa: N818 - it asks for something, as StopIteration does
    """Raise this when an answer says, in a way of its own, that the service wants a pause.

    No table of the connection makes requests for `seconds`, and then the page is begun again
    (contract F5). A status of 429 or 503, and `Retry-After`, are understood without it. Raises
    `ValueError` for a time that is no finite number from 0 on.
    """

    def __init__(self, seconds: float, message: str = "") -> None:
        if not 0 <= seconds < math.inf:
            raise ValueError(f"RetryLater takes seconds from 0 on, not {seconds!r}")
        super().__init__(message or f"the service wants no requests for {seconds:g} s")
        self.seconds = seconds


class FetchError(PackError):
    """A request did not bring a usable answer."""


class RequestRefusedError(FetchError):
    """The request was refused before a connection was made (contract F4)."""


class AuthenticationFailedError(FetchError):
    """The connection's credentials brought no access token; somebody must renew them (A3)."""


class ConnectionFailedError(FetchError):
    """No complete answer came: name resolution, TLS, a refused or dropped connection."""


class ResponseSizeTooLargeError(FetchError):
    """The body was larger than the limit (contract F6)."""

    def __init__(self, url: str, limit_bytes: int) -> None:
        super().__init__(
            f"The response of {url} is larger than {limit_bytes:,} bytes. Ask for smaller pages, "
            "or raise `max_response_bytes` of the connection."
        )
        self.limit_bytes = limit_bytes


class StatusCodeError(FetchError):
    """The API answered with a status of 300 or more (contract F3).

    `status_code` is the number, `body` the parsed body (as in `FetchResponse.body`),
    `response` the whole response. The camelCase spelling `statusCode` works as well.
    """

    def __init__(self, response: "FetchResponse", *, method: str = "GET", url: str = "") -> None:
        self.response = response
        self.status_code = response.status
        self.body: Any = response.body
        shown = str(response.body)
        shown = shown if len(shown) <= 300 else shown[:300] + "…"
        super().__init__(f"{method} {url} answered with status {response.status}: {shown}")

    @property
    def statusCode(self) -> int:  # noqa: N802
        """The status, as the original SDK spells it."""
        return self.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The response's headers, names in lower case."""
        return self.response.headers

    @staticmethod
    def is_status_code_error(error: object) -> "TypeGuard[StatusCodeError]":
        """Whether `error` is a `StatusCodeError`."""
        return isinstance(error, StatusCodeError)

    isStatusCodeError = is_status_code_error  # noqa: N815
