"""How long to wait before asking again (contract F5)."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pack_sdk.errors import (
    ConnectionFailedError,
    FetchError,
    RequestRefusedError,
    ResponseSizeTooLargeError,
    StatusCodeError,
)
from pack_sdk.fetching import FetchResponse
from pack_sync.http.connection_failures import UntrustedCertificateError
from pack_sync.http.pauses import asked_pause
from pack_sync.http.request_retries import (
    LONGEST_GROWING_WAIT_SECONDS,
    wait_before_next_try,
    worth_another_try,
)


def status(code: int, **headers: str) -> StatusCodeError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return StatusCodeError(FetchResponse(status=code, headers=named))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), ("1.5", 1.5), ("-3", 0), ("", None), ("soon", None), ("inf", None),
     ("nan", None), ("Wed, 99 Foo 2026", None)],
)  # fmt: skip
def test_retry_after_in_seconds(value: str, seconds: float | None) -> None:
    """A number is taken at its word; nonsense counts as absent (F5)."""
    assert asked_pause(429, {"retry-after": value}) == seconds


def test_retry_after_as_a_date_is_read_by_the_server_s_clock() -> None:
    """A date counts from the server's `Date`: its clock may differ from ours (F5)."""
    now = datetime(2020, 1, 1, tzinfo=UTC)
    then = format_datetime(now + timedelta(seconds=90), usegmt=True)
    headers = {"retry-after": then, "date": format_datetime(now, usegmt=True)}
    assert asked_pause(503, headers) == 90
    assert asked_pause(503, {"retry-after": then}) == 0


def test_retry_after_as_a_date_without_the_server_s_clock() -> None:
    """Without `Date` our own clock is the best there is (F5)."""
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    seconds = asked_pause(429, {"retry-after": then})
    assert seconds is not None
    assert 80 < seconds <= 90


def test_waits_grow_with_jitter_up_to_a_limit() -> None:
    """Without Retry-After each wait is about twice the one before (F5)."""
    for tries, longest in [(1, 0.5), (2, 1), (3, 2), (50, LONGEST_GROWING_WAIT_SECONDS)]:
        waits = {wait_before_next_try(status(503), tries, 0.5) for _ in range(50)}
        assert len(waits) > 1
        assert longest / 2 <= min(waits)
        assert max(waits) <= longest


def test_an_api_that_keeps_refusing_is_not_asked_ever_faster() -> None:
    """The first Retry-After is honoured exactly; later ones are the least to wait (F5)."""
    assert wait_before_next_try(status(429, retry_after="0"), 1, 0.5) == 0
    assert wait_before_next_try(status(429, retry_after="0"), 5, 0.5) >= 2
    assert wait_before_next_try(status(429, retry_after="7"), 2, 0.5) == 7


@pytest.mark.parametrize(
    ("error", "get", "post"),
    [
        (status(429), True, True),
        (status(503), True, True),
        (status(502), True, False),
        (status(504), True, False),
        (status(500), False, False),
        (status(404), False, False),
        (status(403), False, False),
        (status(403, retry_after="5"), True, True),
        (status(403, x_ratelimit_remaining="0"), True, True),
        (ConnectionFailedError("dropped"), True, False),
        (UntrustedCertificateError("expired"), False, False),
        (RequestRefusedError("elsewhere"), False, False),
        (ResponseSizeTooLargeError("u", 1), False, False),
    ],
)
def test_what_is_worth_another_try(error: FetchError, get: bool, post: bool) -> None:
    """429 and 503 always; lost connections and 502, 504 of GET and HEAD (F5)."""
    assert worth_another_try(error, "GET") is get
    assert worth_another_try(error, "HEAD") is get
    assert worth_another_try(error, "POST") is post
