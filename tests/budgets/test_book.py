"""The book of an account, by a clock of ours: no window has more than its rate allows (F8)."""

import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from pack_sdk.rates import Rate, parse_rates
from pack_sync.budgets.book import Allowed, Book, Refused, StatedLimit, Urgency

NOON = 1_796_040_000.0  # 2026-11-30 12:00 UTC
SOON = Urgency.SCHEDULED_INCREMENTAL


def rate(text: str) -> Rate:
    """The one rate of a text."""
    (found,) = parse_rates(text)
    return found


def spend(book: Book, now: float, times: int, urgency: Urgency = SOON) -> list[Allowed]:
    """Requests that are allowed and answered at once."""
    done: list[Allowed] = []
    for _ in range(times):
        allowed = book.take(now, urgency, answered_by=now + 30)
        assert isinstance(allowed, Allowed)
        book.settle(allowed, now)
        done.append(allowed)
    return done


def refusal(book: Book, now: float, urgency: Urgency = SOON) -> Refused:
    """Why a request is refused."""
    answer = book.take(now, urgency, answered_by=now + 30)
    assert isinstance(answer, Refused)
    return answer


class SlidingWindow:
    """A service that counts what it got in the last seconds."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.times: deque[float] = deque()

    def accepts(self, now: float) -> bool:
        """Whether it answers; otherwise it says 429."""
        while self.times and self.times[0] <= now - self.rate.seconds:
            self.times.popleft()
        self.times.append(now)
        return len(self.times) <= self.rate.requests


class FixedWindow:
    """A service that counts anew whenever a window of its own begins."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.began, self.used = 0.0, 0

    def accepts(self, now: float) -> bool:
        """Whether it answers; otherwise it says 429."""
        if now >= self.began + self.rate.seconds:
            self.began, self.used = now - (now + 1.234) % self.rate.seconds, 0
        self.used += 1
        return self.used <= self.rate.requests


class TokenBucket:
    """A service with a bucket that holds the rate's requests, and is filled all the time."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.level, self.at = float(rate.requests), 0.0

    def accepts(self, now: float) -> bool:
        """Whether it answers; otherwise it says 429."""
        pace = self.rate.requests / self.rate.seconds
        self.level = min(self.level + (now - self.at) * pace, self.rate.requests)
        self.at = now
        self.level -= 1
        return self.level >= 0


@dataclass
class Day:
    """Workers who always have something to ask, a service, and time that passes by itself."""

    rates: tuple[Rate, ...]
    services: list[SlidingWindow | FixedWindow | TokenBucket]
    seconds: float
    workers: int
    latency: float
    urgency: Callable[[int], Urgency] = lambda _: SOON
    dies: float = 0.0
    patience: float = 0.25
    accepted: dict[Urgency, int] = field(default_factory=dict[Urgency, int])
    refused: int = 0

    def run(self, seed: int) -> "Day":
        """Let the time pass."""
        randomly, number = random.Random(seed), count()  # noqa: S311  no secret is made of it
        book = Book(self.rates)
        # When, and what happens then: a worker asks, the service hears it, the answer is there.
        events: list[tuple[float, int, str, int, Allowed | None]] = []

        def at(when: float, what: str, worker: int, allowed: Allowed | None = None) -> None:
            heapq.heappush(events, (when, next(number), what, worker, allowed))

        for worker in range(self.workers):
            at(NOON + randomly.random(), "ask", worker)
        while events and events[0][0] < NOON + self.seconds:
            now, _, what, worker, allowed = heapq.heappop(events)
            urgency = self.urgency(worker)
            if what == "heard":
                if {service.accepts(now) for service in self.services} == {True}:
                    self.accepted[urgency] = self.accepted.get(urgency, 0) + 1
                else:
                    self.refused += 1
                at(now + randomly.uniform(0, self.latency), "answered", worker, allowed)
                continue
            if allowed is not None:
                if randomly.random() >= self.dies:  # else its process is gone, and another begins
                    book.settle(allowed, now)
                at(now, "ask", worker)
            else:
                answer = book.take(now, urgency, answered_by=now + 30)
                if isinstance(answer, Allowed):
                    at(now + randomly.uniform(0, self.latency), "heard", worker, answer)
                else:
                    wait = min(answer.seconds, self.patience)
                    at(now + max(wait, 0.001), "ask", worker)
        return self

    @property
    def total(self) -> int:
        """How many requests were answered."""
        return sum(self.accepted.values())


@pytest.mark.parametrize("kind", [SlidingWindow, FixedWindow, TokenBucket])
@pytest.mark.parametrize(
    ("text", "seconds", "latency", "used"),
    [("5/s", 60, 0.02, 0.95), ("100/10s", 60, 0.2, 0.95), ("60/min", 360, 2.0, 0.94)],
)
def test_never_too_many_and_nearly_all(
    kind: type[SlidingWindow | FixedWindow | TokenBucket],
    text: str,
    seconds: float,
    latency: float,
    used: float,
) -> None:
    """Wherever the service's windows begin; what answers take is all that is lost."""
    limit = rate(text)
    day = Day(
        (limit,), [kind(limit)], seconds, workers=20, latency=latency / 2, patience=latency * 5
    ).run(seed=1)
    assert day.refused == 0
    assert day.total >= used * limit.requests * seconds / limit.seconds


def test_a_day_of_200_tables() -> None:
    """Two rates at once: the short one shapes the morning, the long one ends it."""
    rates = parse_rates(["50/10s", "8000/day"])
    services = [TokenBucket(rates[0]), SlidingWindow(rates[1])]
    day = Day(rates, list(services), 86_400, 200, latency=0.2, patience=7_200).run(seed=2)
    assert day.refused == 0
    assert day.total >= 0.95 * 8_000


def test_processes_that_die_use_up_their_share() -> None:
    """What they had under way counts until it would have timed out."""
    limit = rate("50/10s")
    day = Day((limit,), [SlidingWindow(limit)], 200, workers=8, latency=0.2, dies=0.2).run(seed=3)
    assert day.refused == 0
    assert day.total > 0


def test_increments_go_before_full_syncs() -> None:
    """With one budget too small for both, the full syncs get what is left, which is little."""
    limit = rate("5/s")

    def urgency(worker: int) -> Urgency:
        return Urgency.SCHEDULED_FULL if worker % 2 else Urgency.SCHEDULED_INCREMENTAL

    day = Day((limit,), [SlidingWindow(limit)], 60, 20, 0.02, urgency=urgency).run(seed=4)
    assert day.refused == 0
    assert day.total >= 0.93 * 300
    assert day.accepted[Urgency.SCHEDULED_INCREMENTAL] >= 0.9 * day.total


def test_a_reserve_of_a_long_budget() -> None:
    """Scheduled full syncs leave a 25th of a day to everybody else."""
    book = Book([rate("250/day")])
    spend(book, NOON, 240, Urgency.SCHEDULED_FULL)
    refused = refusal(book, NOON + 60, Urgency.SCHEDULED_FULL)
    assert (refused.used, str(refused.rate)) == (240, "250/day")
    spend(book, NOON + 60, 10, Urgency.SCHEDULED_INCREMENTAL)
    assert refusal(book, NOON + 60).used == 250


def test_a_rolling_day() -> None:
    """A request counts for 24 hours, and a little more."""
    book = Book([rate("10/day")])
    spend(book, NOON, 10)
    wait = refusal(book, NOON + 3_600).seconds
    assert 23 * 3_600 <= wait <= 23 * 3_600 + 200
    spend(book, NOON + 3_600 + wait, 10)


@pytest.mark.parametrize(
    ("zone", "hours"), [("UTC", 12.0), ("Europe/Berlin", 11.0), ("Asia/Kolkata", 6.5)]
)
def test_a_calendar_day(zone: str, hours: float) -> None:
    """It is renewed at midnight in its zone, all at once."""
    book = Book([rate(f"10/day {zone}")])
    spend(book, NOON, 10)
    assert refusal(book, NOON + 1).seconds == hours * 3_600 - 1
    spend(book, NOON + hours * 3_600 + 180, 10)


def test_an_answer_that_leaves_less() -> None:
    """Somebody else uses the account; that lasts until the service counts anew."""
    book = Book([rate("100/hour")])
    (last,) = spend(book, NOON, 1)
    book.correct(StatedLimit(remaining=10, seconds=600, limit=100), last, NOON)
    spend(book, NOON + 1, 10)
    assert refusal(book, NOON + 1).used == 100
    spend(book, NOON + 610, 89)


def test_an_answer_that_leaves_more() -> None:
    """The service has counted anew; what was under way meanwhile may count or not."""
    book = Book([rate("100/hour")])
    early = book.take(NOON, SOON, answered_by=NOON + 30)
    assert isinstance(early, Allowed)
    spend(book, NOON, 90)
    book.settle(early, NOON + 1)
    book.correct(StatedLimit(remaining=99, seconds=3_500, limit=100), early, NOON + 1)
    spend(book, NOON + 2, 9)  # 90 were answered meanwhile
    assert refusal(book, NOON + 2).used == 100
    book = Book([rate("100/hour")])
    spend(book, NOON, 99)
    (last,) = spend(book, NOON + 1, 1)
    book.correct(StatedLimit(remaining=99, seconds=3_500, limit=100), last, NOON + 1)
    spend(book, NOON + 2, 99)


def test_answers_about_other_limits_change_nothing() -> None:
    """Of another number, or a longer time than the rate's."""
    book = Book([rate("100/hour"), rate("5/s")])
    (last,) = spend(book, NOON, 1)
    before = book.as_document()
    for limit, seconds in ((5_000, 60), (100, 86_400)):
        book.correct(StatedLimit(remaining=0, seconds=seconds, limit=limit), last, NOON)
    assert book.as_document() == before


def test_a_limit_of_unknown_size() -> None:
    """What is left of it is left of some other limit; that nothing is left holds for all."""
    book = Book([rate("250000/day")])
    (last,) = spend(book, NOON, 1)
    book.correct(StatedLimit(remaining=4_999, seconds=3_600), last, NOON)
    assert book.usage(NOON)[0].used == 1
    book.correct(StatedLimit(remaining=0, seconds=3_600), last, NOON)
    assert refusal(book, NOON) == Refused(seconds=3_600)
    spend(book, NOON + 3_600, 1)


def test_a_pause_is_for_all() -> None:
    """Nobody sends anything, and nobody counts as waiting for the budget."""
    book = Book([rate("5/s")])
    book.pause(NOON, 40)
    assert refusal(book, NOON, Urgency.PERSON_FULL) == Refused(seconds=40)
    spend(book, NOON + 40, 5, Urgency.SCHEDULED_FULL)


def test_the_forecast() -> None:
    """By the pace of the last hour of a day; none where enough is left."""
    book = Book([rate("240/day UTC")])
    for minute in range(60):
        spend(book, NOON + 60 * minute, 2)
    now = NOON + 3_600
    (usage,) = book.usage(now)
    assert (usage.used, usage.left) == (120, 120)
    assert usage.spent_at is not None
    assert abs(usage.spent_at - (now + 3_600)) < 300
    assert book.usage(now + 9 * 3_600)[0].spent_at is None


def test_a_book_stays_small() -> None:
    """However many requests it counts; and it is the same when it has been read again."""
    rates = [rate("250000/day")]
    book = Book(rates)
    for number in range(5_000):
        spend(book, NOON + 16 * number, 1)
    document = book.as_document()
    assert len(str(document)) < 12_000
    again = Book(rates, document)
    assert (again.as_document(), again.usage(NOON)) == (document, book.usage(NOON))


def reread(book: Book, *rates: str) -> Book:
    """The book, as a process with these rates reads it."""
    return Book(parse_rates(rates), book.as_document())


@pytest.mark.parametrize("ahead", [3, 3_600, 400 * 86_400])
def test_a_clock_that_was_ahead(ahead: float) -> None:
    """Nothing is allowed that was spent, nobody waits longer than the rate's time, nor a pause."""
    for text in ("5/s", "5/min", "5/day UTC"):
        book, seconds = Book([rate(text)]), rate(text).seconds
        spend(book, NOON + ahead, 5)
        assert 0 < refusal(book, NOON).seconds <= 1.01 * seconds
        spend(book, rate(text).renewed(NOON) + 0.01 * seconds, 5)
    book = Book([rate("5/s")])
    book.pause(NOON + ahead, 40)
    assert refusal(book, NOON).seconds == 40


def test_a_request_under_way_while_the_clock_is_set_back() -> None:
    """It counts as long as it may still be answered, and its rate's time after that."""
    book = Book([rate("1/s")])
    assert isinstance(book.take(NOON + 3_600, SOON, answered_by=NOON + 3_630), Allowed)
    assert 31 <= refusal(book, NOON).seconds <= 31.1


def test_a_rate_that_is_changed() -> None:
    """What was requested counts against the new rate, and for who has the earlier one still."""
    earlier = Book([rate("5/day"), rate("3/s")])
    spend(earlier, NOON, 3)
    spend(earlier, NOON + 2, 2)
    later = reread(earlier, "7/day", "100/min")
    spend(later, NOON + 2, 2)
    assert refusal(later, NOON + 2).used == 7
    assert refusal(reread(later, "5/day", "3/s"), NOON + 2).used == 7
    assert set(reread(later, "7/day").as_document()["slots"]) == {"day", "s", "min"}


def test_two_rates_of_one_time() -> None:
    """The smaller one holds, and a request is counted once."""
    book = Book([rate("5/s"), rate("3/s")])
    spend(book, NOON, 3)
    assert refusal(book, NOON).used == 3
