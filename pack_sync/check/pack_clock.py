"""The time that a pack's code sees: that of the made-up service, in a zone that is not UTC."""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

import time_machine

_ZONE = "CHECK-05:30"
"""A zone east of UTC, as POSIX writes it: local times that are taken for UTC lie in the future."""


class PackClock:
    """Says what `datetime.now()` and the like return in this process."""

    def __init__(self, coordinates: time_machine.Traveller) -> None:
        self._coordinates = coordinates

    def set(self, now: datetime) -> None:
        """Let it be this moment; the time stands still."""
        self._coordinates.move_to(now.timestamp())


_zones = [_ZONE]


@contextmanager
def in_utc() -> Generator[None]:
    """Let clocks that are taken over meanwhile be in UTC."""
    _zones.append("UTC0")
    try:
        yield
    finally:
        _zones.pop()


@contextmanager
def pack_clock(now: datetime) -> Generator[PackClock]:
    """Take over the time of this process, and its zone; monotonic clocks go on."""
    zone = os.environ.get("TZ")
    os.environ["TZ"] = _zones[-1]
    time.tzset()
    try:
        with time_machine.travel(now.timestamp(), tick=False) as coordinates:
            yield PackClock(coordinates)
    finally:
        if zone is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = zone
        time.tzset()
