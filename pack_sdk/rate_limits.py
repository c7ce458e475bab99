"""How a service says, in a way of its own, that it wants no requests for a while (contract F5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pack_sdk.fetching import FetchResponse

_BUSY = 429


@dataclass(frozen=True, kw_only=True)
class RateLimits:
    """What an answer that refuses a request for its rate looks like, beside a status of 429.

    `is_limited(response)` is true for such an answer, or the seconds that it wants no requests
    for. `remaining_header` names how many requests are left, `reset_header` when there will be
    more: in so many seconds, or a point in time.
    """

    is_limited: Callable[[FetchResponse], Any] | None = None
    remaining_header: str = ""
    reset_header: str = ""

    def in_usual_words(self, response: FetchResponse) -> FetchResponse:
        """The answer as it would be with the usual status and headers, if it is of limits."""
        headers = self.usual_headers(response.headers)
        limited = self.is_limited(response) if self.is_limited else False
        if not limited:
            return replace(response, headers=headers) if response.status >= 400 else response
        if not isinstance(limited, bool):
            headers["retry-after"] = str(float(limited))
        return replace(response, status=_BUSY, headers=headers)

    def usual_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers, with what the service's own say under the names that most services use."""
        names = {
            "x-ratelimit-remaining": self.remaining_header.lower(),
            "x-ratelimit-reset": self.reset_header.lower(),
        }
        own = {usual: headers[name] for usual, name in names.items() if name in headers}
        return {**headers, **own}
