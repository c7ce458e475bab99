"""Who looks on while requests are made: a preview that shows them, a recording that keeps them."""

from dataclasses import dataclass

from pack_sdk.fetching import FetchRequest, FetchResponse


@dataclass(frozen=True)
class SentRequest:
    """One request that went out, redirects and repetitions included.

    `url` has no secrets. `status` is None where no answer came. `bytes_received` is the size of
    the answer's body as it came over the wire.
    """

    method: str
    url: str
    status: int | None
    seconds: float
    bytes_received: int


class RequestObserver:
    """Is told of requests, by several threads perhaps; this one takes no notice."""

    def sent(self, request: SentRequest) -> None:
        """A request has gone out, and was answered or not."""

    def answered(
        self, request: FetchRequest, outcome: FetchResponse | Exception, started: float
    ) -> None:
        """A pack is given this for its request, which it made at `started` (`time.monotonic`).

        Headers and bodies are as they came, secrets included.
        """


class SentRequests(RequestObserver):
    """Keeps the requests that went out, in the order in which they were over."""

    def __init__(self) -> None:
        self.all: list[SentRequest] = []

    def sent(self, request: SentRequest) -> None:
        """Keep it."""
        self.all.append(request)
