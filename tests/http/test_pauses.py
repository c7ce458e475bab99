"""Pauses that a service asks for: of the whole connection, and no time of a page (F5)."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.http.pauses import LONGEST_PAUSE_SECONDS, LongPauseError, asked_pause
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer

NOW = 1_800_000_000
DATE = format_datetime(datetime.fromtimestamp(NOW, UTC), usegmt=True)


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "90"}, 90),
        ({"retry-after": str(NOW + 90)}, 90),
        ({"retry-after": f"{NOW + 90}000"}, 90),
        ({"retry-after": (datetime.fromtimestamp(NOW + 90, UTC)).isoformat()}, 90),
        ({"retry-after": format_datetime(datetime.fromtimestamp(NOW + 90, UTC))}, 90),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(NOW + 90)}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 90}000"}, 90),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{NOW + 90}.25"}, 90.25),
        ({"x-ratelimit-remaining": "0.0", "x-ratelimit-reset-after": "7.5"}, 7.5),
        ({"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "90"}, 90),
        ({"ratelimit": f'"a";r={"9" * 400}, "b";r=0;t=90'}, 90),
        ({"ratelimit": f"limit={'9' * 400}, remaining=0, reset=90"}, 90),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(NOW + 90)}, 90),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "90"}, 90),
        ({"ratelimit-limit": "5, 5;w=10", "ratelimit-remaining": "0", "ratelimit-reset": "9"}, 9),
        ({"x-ratelimit-remaining": "0, 50", "x-ratelimit-reset": "9, 3600"}, 9),
        ({"x-ratelimit-remaining": "7, 0", "x-ratelimit-reset": "9, 3600"}, 3600),
        ({"ratelimit": "limit=100, remaining=0, reset=50"}, 50),
        ({"ratelimit": '"burst";r=0;t=5, "daily";r=0;t=600'}, 600),
        ({"ratelimit": '"burst";r=3;t=5, "daily";r=0;t=600'}, 600),
        ({"ratelimit": '"a, b";r=0;t=30'}, 30),
        # What the service says itself of when to come back counts before what is derived.
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}, 5),
        ({"retry-after": "soon", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}, 90),
        ({"retry-after": "99999999999999999"}, LONGEST_PAUSE_SECONDS),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, LONGEST_PAUSE_SECONDS),
    ],
)
def test_the_pause_that_an_answer_asks_for(
    status: int, headers: dict[str, str], seconds: float
) -> None:
    """Seconds, milliseconds, dates and points in time, of all the headers that are in use."""
    assert asked_pause(status, {"date": DATE, **headers}) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (403, {}),
        (403, {"x-ratelimit-remaining": "17", "x-ratelimit-reset": "90"}),
        (403, {"x-ratelimit-reset": "90"}),
        (403, {"ratelimit": '"burst";r=3;t=5'}),
        (403, {"x-ratelimit-remaining": "none left", "x-ratelimit-reset": "90"}),
        (404, {"retry-after": "90"}),
        (500, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "90"}),
    ],
)
def test_what_is_no_pause(status: int, headers: dict[str, str]) -> None:
    """A 403 with something left is one of rights; other statuses are of other things."""
    assert asked_pause(status, headers) is None


def test_nothing_left_until_nobody_knows_when() -> None:
    """The service has not said how long: that is for growing waits, which begin at once."""
    assert asked_pause(403, {"x-ratelimit-remaining": "0"}) == 0
    assert asked_pause(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}) == 0


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (429, {"Retry-After": "0.4"}),
        (503, {"Retry-After": "0.4"}),
        (403, {"Retry-After": "0.4"}),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0.4"}),
        (429, {"RateLimit": '"default";r=0;t=0.4'}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_pause_is_no_time_of_the_page(
    server: HttpServer, fetcher: SyncFetcher, status: int, headers: dict[str, str], method: str
) -> None:
    """A page of less time than the pause goes on after it (C14, F5)."""
    server.answers(Answer(status=status, headers=headers), Answer(body=b"1"))
    fetcher.begin_page(0.3)
    request = FetchRequest.from_mapping({"url": server.url, "method": method})
    assert fetcher.send(request).body == 1
    assert fetcher.statistics.seconds >= 0.4
    assert 0 < fetcher.page_seconds_left < 0.3
    assert len(server.requests) == 2


def test_a_pause_stops_the_whole_connection(server: HttpServer, connect: Connect) -> None:
    """What a 403 of one table asked for keeps the others from running into it (F5)."""
    connection = connect()
    server.answers(
        Answer(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"})
    )
    fetchers = [impatient(connection) for _ in range(10)]
    for fetcher in fetchers:
        with pytest.raises(LongPauseError) as caught:
            fetcher.send(FetchRequest(url=server.url))
        assert caught.value.status_code == 403
        assert fetcher.long_pause is caught.value
    assert len(server.requests) == 1


def test_a_long_pause_is_an_error_that_says_until_when(
    server: HttpServer, connect: Connect
) -> None:
    """It comes at once, names the setting, and is a `StatusCodeError` for the pack (F3, F5)."""
    server.answers(Answer(status=429, headers={"Retry-After": "3600"}, body=b'{"why": "slow"}'))
    fetcher = impatient(connect(max_pause_seconds=20))
    began = time.monotonic()
    with pytest.raises(StatusCodeError) as caught:
        fetcher.send(FetchRequest(url=server.url))
    error = caught.value
    assert isinstance(error, LongPauseError)
    assert (error.status_code, error.body) == (429, {"why": "slow"})
    until = datetime.now(UTC) + timedelta(hours=1)
    assert abs(error.until - until) < timedelta(seconds=5)
    assert f"{error.until:%Y-%m-%d %H:%M} UTC" in str(error)
    assert "1 h" in str(error)
    assert "`max_pause_seconds` (20 s)" in str(error)
    assert time.monotonic() - began < 5


def test_short_pauses_add_up(server: HttpServer, connect: Connect) -> None:
    """An API that asks for a short pause again and again is not waited for without end (F5)."""
    server.answers(Answer(status=429, headers={"Retry-After": "0.2"}))
    fetcher = impatient(connect(max_pause_seconds=0.7))
    fetcher.begin_page(0.5)
    with pytest.raises(LongPauseError, match=r"after 0\.6 s of pauses"):
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 4


def test_a_403_of_rights_is_not_asked_again(server: HttpServer, fetcher: SyncFetcher) -> None:
    """Without a word of limits a 403 is what it says."""
    server.answers(Answer(status=403, headers={"X-RateLimit-Remaining": "4999"}))
    with pytest.raises(StatusCodeError):
        fetcher.send(FetchRequest(url=server.url))
    assert len(server.requests) == 1
    assert fetcher.long_pause is None
