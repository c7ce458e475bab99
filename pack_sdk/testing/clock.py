"""A clock that a test moves."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time at which syncs begin in a test; it stands still until it is moved.

    >>> clock = Clock()
    >>> clock.advance(hours=4)
    >>> clock.now.isoformat()
    '2025-01-01T04:00:00+00:00'
    """

    def __init__(self, now: datetime = datetime(2025, 1, 1, tzinfo=UTC)) -> None:
        self.now = now

    @property
    def now(self) -> datetime:
        """The time, in UTC. It may be set, to a datetime that has a zone."""
        return self._now

    @now.setter
    def now(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone; write datetime(…, tzinfo=UTC)")
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta | None = None, **units: float) -> None:
        """Move the clock by a timedelta, or by what makes one, such as `hours=4`."""
        self._now += by if by is not None else timedelta(**units)
