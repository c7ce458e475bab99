"""The book of one account: the requests that count against its rates, and who waits.

A request counts from when it is allowed until it has been answered and the rate's time is over:
the service sees it at some moment in between. So no window of that length, wherever the service
lets it begin, has more requests than the rate allows. A request whose process dies counts as
answered when it would have timed out.

Requests are counted in slots, each a 500th of a rate's time, so a book stays small. They are
counted by time, not by rate: where a rate is changed to more or fewer requests, or one process has
the earlier rate still, what was requested is known all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from pack_sdk.rates import Rate, parse_rates

_SLOTS = 500
_RESERVE_OF = 25
"""Full syncs of schedules leave the last 25th of a long budget to all others."""

_LONG_SECONDS = 3_600
_STILL_WAITING_SECONDS = 1.0
"""For how long somebody who asked in vain counts as waiting; they ask again sooner."""


class Urgency(IntEnum):
    """Who goes first where there is not enough for all: the lowest."""

    PERSON_INCREMENTAL = 0
    PERSON_FULL = 1
    SCHEDULED_INCREMENTAL = 2
    SCHEDULED_FULL = 3


@dataclass(frozen=True)
class Allowed:
    """A request that may be made now; to be settled when it is answered."""

    slots: Mapping[str, int]
    settled_before: int


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A request that may not be made yet: for how many `seconds`, as far as is known.

    `rate` is the budget that is spent, of which so many are `used`; None where the service asked
    for a pause, or where somebody more urgent waits.
    """

    seconds: float
    rate: Rate | None = None
    used: int = 0


@dataclass(frozen=True, kw_only=True)
class StatedLimit:
    """What an answer says of a limit: so many requests are left for so many seconds.

    `limit` is how many there are in all, None where it does not say.
    """

    remaining: int
    seconds: float
    limit: int | None = None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much of a rate is used now; `spent_at` is when it will be at the present pace.

    In seconds since 1970, None where the pace leaves enough.
    """

    rate: Rate
    used: int
    spent_at: float | None

    @property
    def left(self) -> int:
        """How many requests may still be made."""
        return max(self.rate.requests - self.used, 0)


class Book:
    """The book of an account with these rates, out of the `document` that `as_document` made.

    All times are in seconds since 1970, by one clock for all who share the book.
    """

    def __init__(self, rates: Sequence[Rate], document: Mapping[str, Any] | None = None) -> None:
        given = document or {}
        kept: Mapping[str, Mapping[str, int]] = given.get("slots", {})
        self._rates = rates
        self._times = {rate.time: rate for rate in rates}
        earlier = [rate for time in kept for rate in parse_rates(f"1/{time}")]
        self._kept_times = {rate.time: rate for rate in earlier} | self._times
        self._slots = {
            time: {int(slot): count for slot, count in kept.get(time, {}).items()}
            for time in self._kept_times
        }
        self._at = float(given.get("at", 0))
        self._settled = int(given.get("settled", 0))
        self._paused_until = float(given.get("paused_until", 0))
        waiting: Mapping[str, float] = given.get("waiting", {})
        self._waiting = {int(urgency): at for urgency, at in waiting.items()}

    def as_document(self) -> Mapping[str, Any]:
        """The book as JSON has it."""
        return {
            "slots": {
                time: {str(slot): count for slot, count in slots.items()}
                for time, slots in self._slots.items()
                if slots
            },
            "at": self._at,
            "settled": self._settled,
            "paused_until": self._paused_until,
            "waiting": {str(urgency): at for urgency, at in self._waiting.items()},
        }

    def take(self, now: float, urgency: Urgency, *, answered_by: float) -> Allowed | Refused:
        """Allow a request now, or say for how long not; `answered_by` is when it times out."""
        self._go_on(now)
        refused = self._refusal(now, urgency)
        if refused is not None:
            if refused.rate is not None or now >= self._paused_until:
                self._waiting[urgency] = now
            return refused
        slots = {time: _slot(rate, answered_by) for time, rate in self._times.items()}
        for time, slot in slots.items():
            self._add(time, slot, 1)
        return Allowed(slots=slots, settled_before=self._settled)

    def settle(self, allowed: Allowed, now: float, *, free: bool = False) -> None:
        """The request has been answered, or has failed, at `now`.

        One that is `free` is no part of an hour's or a day's budget. It is of a shorter one: those
        are there to spare the service, which such a request takes time as well.
        """
        self._go_on(now)
        for time, slot in allowed.slots.items():
            if time in self._times:
                self._add(time, slot, -1)
                if not (free and self._times[time].seconds >= _LONG_SECONDS):
                    self._add(time, _slot(self._times[time], now), 1)
        self._settled += 1

    def correct(self, stated: StatedLimit, allowed: Allowed, now: float) -> None:
        """Believe what the answer to a settled request says of a rate.

        Where it leaves less, others use the account too. Where it leaves more, the service has
        forgotten earlier requests; those that were answered while this one was under way may or
        may not be in its count. Without a number of requests in all nobody knows which limit is
        meant, but when nothing is left of it, nothing is sent until it is renewed.
        """
        if stated.limit is None and not stated.remaining:
            longest = max(rate.seconds for rate in self._rates)
            self.pause(now, min(stated.seconds, longest))
        rate = self._meant(stated)
        if rate is None:
            return
        slots, present = self._slots[rate.time], _slot(rate, now)
        answered = sum(count for slot, count in slots.items() if slot <= present)
        by_service = rate.requests - min(stated.remaining, rate.requests)
        meanwhile = max(self._settled - allowed.settled_before - 1, 0)
        if answered < by_service:
            until_reset = min(stated.seconds, rate.seconds)
            counted_at = _slot(rate, now + until_reset - rate.seconds)
            self._add(rate.time, counted_at, by_service - answered)
        else:
            self._forget_oldest(rate.time, answered - by_service - meanwhile)

    def pause(self, now: float, seconds: float) -> None:
        """Allow no request for so long."""
        self._go_on(now)
        self._paused_until = max(self._paused_until, now + seconds)

    def usage(self, now: float) -> Sequence[Usage]:
        """How each rate stands."""
        self._go_on(now)
        return [
            Usage(rate=rate, used=self._used(rate), spent_at=self._spent_at(rate, now))
            for rate in self._rates
        ]

    def _refusal(self, now: float, urgency: Urgency) -> Refused | None:
        if now < self._paused_until:
            return Refused(seconds=self._paused_until - now)
        refusals: list[Refused] = []
        for rate in self._rates:
            used, share = self._used(rate), _share(rate, urgency)
            if used >= share:
                seconds = self._until_free(rate, now, used - share + 1)
                refusals.append(Refused(seconds=seconds, rate=rate, used=used))
        if refusals:
            return max(refusals, key=lambda each: each.seconds)
        if any(other < urgency for other in self._waiting):
            return Refused(seconds=_STILL_WAITING_SECONDS / 4)
        return None

    def _until_free(self, rate: Rate, now: float, wanted: int) -> float:
        """In how many seconds so many of the requests that count now will not."""
        if rate.zone is not None:
            return rate.renewed(now) - now
        for slot, count in sorted(self._slots[rate.time].items()):
            wanted -= count
            if wanted <= 0:
                return max((slot + 1) * _width(rate) + rate.seconds - now, 0.0)
        return float(rate.seconds)

    def _spent_at(self, rate: Rate, now: float) -> float | None:
        """By the pace of the last 24th of its time; seconds make no forecast."""
        if rate.seconds < _LONG_SECONDS:
            return None
        span, width = rate.seconds / 24, _width(rate)
        began = max(now - span, rate.began(now))
        slots = self._slots[rate.time].items()
        recent = sum(count for slot, count in slots if (slot + 1) * width > began)
        pace = recent / span
        if rate.zone is None and pace * rate.seconds <= rate.requests:
            return None  # as many are renewed
        left = max(rate.requests - self._used(rate), 0)
        spent_at = now + left / pace if pace else float("inf")
        return spent_at if spent_at < rate.renewed(now) else None

    def _meant(self, stated: StatedLimit) -> Rate | None:
        """Which rate a statement is about: of as many requests, and as much time or more."""
        same = [rate for rate in self._rates if rate.requests == stated.limit]
        long_enough = [rate for rate in same if rate.seconds >= stated.seconds - 1]
        return long_enough[0] if len(long_enough) == 1 else None

    def _used(self, rate: Rate) -> int:
        """How many requests count now, when what does not is forgotten."""
        return sum(self._slots[rate.time].values())

    def _go_on(self, now: float) -> None:
        """Drop what counts no more."""
        if now < self._at:
            self._set_back(now)
        self._at = now
        for time, rate in self._kept_times.items():
            began, width = rate.began(now), _width(rate)
            slots = self._slots[time]
            while slots and (min(slots) + 1) * width <= began:
                del slots[min(slots)]
        waited = now - _STILL_WAITING_SECONDS
        self._waiting = {each: at for each, at in self._waiting.items() if at > waited}

    def _set_back(self, now: float) -> None:
        """The clock was ahead, by years perhaps: what it says is to come was at the latest now.

        What was still to come by that clock, too, is as far away as before.
        """
        for time, rate in self._kept_times.items():
            present, last = _slot(rate, now), _slot(rate, self._at)
            slots, self._slots[time] = self._slots[time], {}
            for slot, count in slots.items():
                self._add(time, min(slot, present + max(slot - last, 0)), count)
        if self._paused_until > now:
            self._paused_until = now + max(self._paused_until - self._at, 0)
        self._waiting.clear()

    def _forget_oldest(self, time: str, wanted: int) -> None:
        slots = self._slots[time]
        for slot in sorted(slots):
            if wanted <= 0:
                return
            gone = min(slots[slot], wanted)
            self._add(time, slot, -gone)
            wanted -= gone

    def _add(self, time: str, slot: int, count: int) -> None:
        slots = self._slots[time]
        slots[slot] = max(slots.get(slot, 0) + count, 0)
        if not slots[slot]:
            del slots[slot]


def _width(rate: Rate) -> float:
    return rate.seconds / _SLOTS


def _slot(rate: Rate, at: float) -> int:
    return int(at // _width(rate))


def _share(rate: Rate, urgency: Urgency) -> int:
    """How many of a rate's requests there are for somebody."""
    reserved = urgency is Urgency.SCHEDULED_FULL and rate.seconds >= _LONG_SECONDS
    return rate.requests - (rate.requests // _RESERVE_OF if reserved else 0)
