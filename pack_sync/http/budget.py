"""The budget of a connection: requests wait here until its rates allow them (contract F8)."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from pack_sdk.fetching import FetchResponse
from pack_sdk.rate_limits import RateLimits
from pack_sdk.rates import Rate, parse_rates
from pack_sync.budgets.book import Allowed, Book, Refused, Urgency, Usage
from pack_sync.budgets.books import Books
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.pauses import LongPauseError
from pack_sync.http.response_body import RawResponse
from pack_sync.http.stated_limits import stated_limits

_ASK_AGAIN_SECONDS = 0.25
"""Others may have used less than it seemed, and who is more urgent is asked for."""

_TOLD_SECONDS = 5.0
"""Waits that are shorter are not worth a line in the log."""

WAITS_FOR_BUDGET = "waits for the budget of"
"""What messages about a spent budget say, in the log and in the ledger."""


class BudgetSpentError(LongPauseError):
    """The account's budget is spent for longer than a sync waits; no request was refused."""

    def __init__(self, message: str, *, seconds: float, longest_seconds: float) -> None:
        response = FetchResponse(status=429)  # what a pack would have got without us
        super().__init__(response, message, seconds=seconds, longest_seconds=longest_seconds)
        self.args = (message,)


class Budget:
    """What one account may still request, for all tables, runs and processes of it.

    `account` is its name in the books, `shown` that in messages. A wait of more than
    `longest_seconds` is waited for by nobody. A request is over after `request_seconds` at most.
    Unless `count_not_modified`, one that is answered with 304 is no part of an hour's or a day's
    budget.
    """

    def __init__(
        self,
        rates: Sequence[Rate],
        books: Books,
        *,
        account: str,
        longest_seconds: float,
        request_seconds: float,
        count_not_modified: bool = True,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._rates = rates
        self._books = books
        self._account = account
        self._longest_seconds = longest_seconds
        self._request_seconds = request_seconds
        self._count_not_modified = count_not_modified
        self._rate_limits = rate_limits or RateLimits()

    @contextmanager
    def request(
        self, deadline: PageDeadline, what: str, urgency: Urgency, tell: Callable[[str], object]
    ) -> Generator[Callable[[RawResponse], None]]:
        """Wait until a request may be made, and count it.

        The block calls what it is given with the answer. The wait is no time of the page; a long
        one is told. Raises `BudgetSpentError` at once where it would be too long.
        """
        allowed = self._wait(deadline, what, urgency, tell)
        answers: list[RawResponse] = []
        try:
            yield answers.append
        finally:
            with self._books.turn(self._account) as turn:
                book = Book(self._rates, turn.document)
                free = not self._count_not_modified and any(a.status == 304 for a in answers)
                book.settle(allowed, turn.now, free=free)
                stated_by = (self._rate_limits.usual_headers(a.headers) for a in answers)
                for stated in (each for headers in stated_by for each in stated_limits(headers)):
                    book.correct(stated, allowed, turn.now)
                turn.document = book.as_document()

    def pause(self, seconds: float) -> None:
        """The service wants no requests for so long, from nobody who uses the account."""
        with self._books.turn(self._account) as turn:
            book = Book(self._rates, turn.document)
            book.pause(turn.now, seconds)
            turn.document = book.as_document()

    def usage(self) -> Sequence[Usage]:
        """How each rate stands now."""
        with self._books.turn(self._account) as turn:
            book = Book(self._rates, turn.document)
            turn.document = book.as_document()
            return book.usage(turn.now)

    def close(self) -> None:
        """Let go of the books."""
        self._books.close()

    def _wait(
        self, deadline: PageDeadline, what: str, urgency: Urgency, tell: Callable[[str], object]
    ) -> Allowed:
        told = False
        while True:
            deadline.check(f"Waiting to send {what}")
            with self._books.turn(self._account) as turn:
                book = Book(self._rates, turn.document)
                answered_by = turn.now + self._request_seconds
                answer = book.take(turn.now, urgency, answered_by=answered_by)
                turn.document = book.as_document()
            if isinstance(answer, Allowed):
                return answer
            until = time.time() + answer.seconds
            if answer.seconds > self._longest_seconds:
                raise BudgetSpentError(
                    f"{what} was not sent: it {self._why(answer, until)}.",
                    seconds=answer.seconds,
                    longest_seconds=self._longest_seconds,
                )
            if answer.seconds >= _TOLD_SECONDS and not told:
                told = True
                tell(self._why(answer, until))
            with deadline.standing_still():
                deadline.sleep(min(answer.seconds, _ASK_AGAIN_SECONDS))

    def _why(self, refused: Refused, until: float) -> str:
        on_again = f"on again at {_clock(until, refused.rate)}"
        if refused.rate is None:
            return f"waits, because the service of {self._account} asked for a pause; {on_again}"
        return (
            f"{WAITS_FOR_BUDGET} {self._account}: {refused.used:,} of {refused.rate.words} "
            f"used, {on_again}"
        )


def _clock(until: float, rate: Rate | None) -> str:
    zone = rate.zone if rate and rate.zone else "UTC"
    at = datetime.fromtimestamp(until, ZoneInfo(zone))
    days = (at.date() - datetime.now(ZoneInfo(zone)).date()).days
    shown = f"{at:%H:%M}" if until - time.time() > 60 else f"{at:%H:%M:%S}"
    return f"{shown} {zone}" if days <= 0 else f"{at:%Y-%m-%d} {shown} {zone}"


def budget_of(
    settings: ConnectionSettings, books: Books | None, rate_limits: RateLimits | None = None
) -> Budget | None:
    """The budget of a connection, None without a rate."""
    if not settings.rate or books is None:
        return None
    return Budget(
        parse_rates(settings.rate),
        books,
        account=f"{settings.pack} ({settings.name})",
        longest_seconds=settings.max_pause_seconds,
        request_seconds=settings.request_timeout_seconds,
        count_not_modified=settings.count_not_modified is not False,
        rate_limits=rate_limits,
    )


def describe_usage(usage: Usage) -> str:
    """How a rate stands, in words."""
    text = f"{usage.used:,} of {usage.rate.words} used, {usage.left:,} left"
    if usage.spent_at is None or not usage.left:
        return text
    return f"{text}; at the present pace spent at {_clock(usage.spent_at, usage.rate)}"
