"""How long requests of a page may take, and the way to end them early (contract C14, F5)."""

import threading
import time
from dataclasses import dataclass, field

from pack_sdk.errors import ConnectionFailedError, RequestRefusedError


@dataclass(frozen=True, kw_only=True)
class PageDeadline:
    """The time of one page: `seconds` until `at`, or until `cancelled` is set."""

    seconds: float
    cancelled: threading.Event
    at: float = field(default=0.0)

    @classmethod
    def starting_now(cls, seconds: float, cancelled: threading.Event) -> "PageDeadline":
        """The time of a page that begins now."""
        return cls(seconds=seconds, cancelled=cancelled, at=time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """The seconds left, below 0 when the time is over."""
        return self.at - time.monotonic()

    def check(self, doing: str) -> None:
        """Raise if no further request may be made or waited for; `doing` starts a sentence."""
        if self.cancelled.is_set():
            raise RequestRefusedError(
                f"{doing} was stopped: the sync no longer waits for the call of the pack that made "
                "the request."
            )
        if self.left <= 0:
            raise ConnectionFailedError(
                f"{doing} was stopped: the {self.seconds:g} s that the page may take are over. "
                "Ask for smaller pages, or raise the page timeout."
            )

    def sleep(self, seconds: float) -> None:
        """Wait, but wake up at once when cancelled."""
        self.cancelled.wait(seconds)
