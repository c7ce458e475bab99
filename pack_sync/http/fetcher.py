"""Every HTTP request that a pack makes goes through here (contract F, A2, A4)."""

import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext

from pack_sdk.errors import FetchError, RequestRefusedError
from pack_sdk.fetching import FetchRequest, FetchResponse, is_expected
from pack_sync.budgets.book import Urgency
from pack_sync.http.auth.oauth2_token_endpoint import access_token_for, renewed_access_token
from pack_sync.http.checked_answers import check_usable, parsed_answer, status_error
from pack_sync.http.conditional_requests import (
    NOT_MODIFIED,
    ConditionalRequests,
    with_condition,
)
from pack_sync.http.connection import Connection
from pack_sync.http.described_answers import describe_answer
from pack_sync.http.fetch_statistics import FetchStatistics
from pack_sync.http.next_links import PagedAnswers
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.http.pauses import LongPauseError
from pack_sync.http.request_observer import RequestObserver, SentRequest
from pack_sync.http.request_retries import RequestRetries, pause_for_pack
from pack_sync.http.response_body import RawResponse
from pack_sync.http.single_request import Hop, Spender, cache_key, first_hop, next_hop, send_once

MAX_REDIRECTS = 10
DEFAULT_PAGE_SECONDS = 60.0


class SyncFetcher:
    """The fetcher of one sync: the rules of contract F, on a connection many may share.

    Implements `pack_sync.runtimes.runtime.Fetching`. Safe to use from several threads: an
    async pack sends several requests at once. `first_wait_seconds` is where growing waits begin;
    `spent` is what earlier tries of the sync have done, to which its own is added; `spender` is
    who makes the requests, for whom else shares the account's budget; `conditional` is what asks
    for answers only if they have changed, None to ask for all; `observer` is told of requests.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        first_wait_seconds: float = 0.5,
        spent: FetchStatistics | None = None,
        spender: Spender | None = None,
        conditional: ConditionalRequests | None = None,
        observer: RequestObserver | None = None,
    ) -> None:
        self._connection = connection
        self._observer = observer or RequestObserver()
        self._conditional = conditional
        self._first_wait_seconds = first_wait_seconds
        self._cancelled = threading.Event()
        self._deadline: PageDeadline | None = None
        self._statistics = spent or FetchStatistics()
        self._spender = spender or Spender()
        self._lock = threading.Lock()
        self._last_answer = ""
        self._paged_answers = PagedAnswers()
        self._long_pause: LongPauseError | None = None

    @property
    def long_pause(self) -> LongPauseError | None:
        """The pause that is too long to be waited for, if a request ran into one.

        Whatever the pack made of it: what it returned afterwards lacks that answer.
        """
        return self._long_pause

    @property
    def page_seconds_left(self) -> float:
        """The time that the page still has, pauses not counted; below 0 when it is over."""
        return self._deadline.left if self._deadline else DEFAULT_PAGE_SECONDS

    @property
    def last_answer(self) -> str:
        """Who was asked last and what kind of body came, without values and secrets."""
        return self._last_answer

    @property
    def next_page_unread(self) -> str:
        """Where an answer of this page names a further one that was not asked for, in words."""
        return self._paged_answers.left_unread

    @property
    def statistics(self) -> FetchStatistics:
        """What was done so far, in earlier tries as well; a snapshot."""
        return self._statistics

    def begin_page(self, seconds: float) -> None:
        """Let requests, with their retries and waits, take `seconds` from now (C14, F5).

        Without it each `send` may take a minute.
        """
        self._deadline = PageDeadline(seconds, self._cancelled)
        self._paged_answers = PagedAnswers()

    def spend_as(self, urgency: Urgency) -> None:
        """From now on, make requests as urgently as that."""
        self._spender.urgency = urgency

    def pause(self, seconds: float, what: str, earlier: Sequence[float] = ()) -> float:
        """Have the connection make no requests for so long, and wait; the seconds it waited.

        The pack asked for it, and for `earlier` pauses on the same page: `what` says so. The wait
        grows if it asks again and again. Raises `LongPauseError` where it would be too long.
        """
        self._count(FetchStatistics(retries=1))
        try:
            return pause_for_pack(
                self._connection.limit,
                self._cancelled,
                (*earlier, seconds),
                what,
                self._first_wait_seconds,
            )
        except LongPauseError as error:
            self._long_pause = error
            self._connection.redactor.redact_message(error)
            raise

    def cancel(self) -> None:
        """Refuse every further request, for good, and end all waits at once.

        A request that is under way ends with the next piece of its answer, or its timeout.
        """
        self._cancelled.set()
        self._connection.limit.wake()

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """Send a request on behalf of a pack (contract F1 to F7).

        `invocation_token` is what the call of the pack that makes the request was given: the
        templates of Custom authentication are filled where they have it (contract A2).

        Raises `StatusCodeError`, `RequestRefusedError`, `ResponseSizeTooLargeError` or
        `ConnectionFailedError`, none of which shows a secret (A4) or leads to one: the
        traceback of a `FetchError` begins here, as frames below hold credentials.
        """
        started = time.monotonic()
        try:
            response = self._send(request, invocation_token)
            self._observer.answered(request, response, started)
            return response
        except FetchError as error:
            if isinstance(error, LongPauseError):
                self._long_pause = error
            self._connection.redactor.redact_message(error)
            self._observer.answered(request, error, started)
            raise error.with_traceback(None)  # noqa: B904  (it is the same error)
        except Exception as error:
            self._connection.redactor.redact_error(error)
            raise
        finally:
            self._count(FetchStatistics(seconds=time.monotonic() - started))

    def _send(self, request: FetchRequest, invocation_token: str) -> FetchResponse:
        deadline = self._deadline or PageDeadline(DEFAULT_PAGE_SECONDS, self._cancelled)
        hop = first_hop(self._connection, request, invocation_token)
        deadline.check(str(hop))
        asked = request.cache_ttl_secs if request.method == "GET" else None
        max_age = request.share_secs or asked or 0
        if max_age <= 0:
            return self._send_with_retries(request, hop, deadline)[1]
        cache, key = self._connection.cache, cache_key(request, hop)
        with cache.one_at_a_time(key, deadline) if request.share_secs else nullcontext():
            if cached := cache.get(key, max_age):
                return self._answer(request, hop, hop, cached)
            raw, response = self._send_with_retries(request, hop, deadline)
            if response.status < 300:
                cache.put(key, raw)
            return response

    def _send_with_retries(
        self, request: FetchRequest, hop: Hop, deadline: PageDeadline
    ) -> tuple[RawResponse, FetchResponse]:
        retries = RequestRetries(
            str(hop),
            deadline,
            self._connection.limit,
            self._first_wait_seconds,
            count_retry=lambda: self._count(FetchStatistics(retries=1)),
        )
        return retries.loop(self._follow, request, hop, deadline)

    def _follow(
        self, request: FetchRequest, hop: Hop, deadline: PageDeadline
    ) -> tuple[RawResponse, FetchResponse]:
        """Send a request and those it is redirected to; the answer raw and parsed."""
        first = hop
        for _ in range(MAX_REDIRECTS + 1):
            raw = self._send_authorized(hop, deadline)
            following = None
            if not request.ignore_redirects:
                following = next_hop(self._connection, hop, raw)
            if following is None:
                answer = self._answer(request, first, hop, raw)
                self._keep(hop, raw)
                return raw, answer
            hop = following
        raise RequestRefusedError(
            f"{first} was redirected more than {MAX_REDIRECTS} times, at last to {hop.url}."
        )

    def _send_authorized(self, hop: Hop, deadline: PageDeadline) -> RawResponse:
        """One request; after a 401 to an access token, once more with a new one (A3)."""
        access_token = access_token_for(self._connection, hop, deadline)
        raw = self._send_conditional(hop, deadline, access_token)
        if raw.status == 401 and access_token:
            access_token = renewed_access_token(self._connection, access_token, deadline)
            raw = self._send_conditional(hop, deadline, access_token)
        return raw

    def _send_conditional(self, hop: Hop, deadline: PageDeadline, access_token: str) -> RawResponse:
        """One request, for what is new since the answer that was kept, if there is one (F9)."""
        conditional = self._conditional
        stored = conditional.find(hop) if conditional else None
        if conditional is None or stored is None:
            return self._send_counted(hop, deadline, access_token)
        raw = self._send_counted(with_condition(hop, stored), deadline, access_token)
        if raw.status != NOT_MODIFIED:
            return raw
        if kept := conditional.used(stored, raw):
            self._count(FetchStatistics(not_modified=1))
            return kept
        return self._send_counted(hop, deadline, access_token)

    def _keep(self, hop: Hop, raw: RawResponse) -> None:
        if self._conditional is None:
            return
        try:
            self._conditional.keep(hop, raw)
        except OSError as error:
            self._spender.tell(
                f"answers are not kept for conditional requests ({error}); the sync goes on without"
            )

    def _send_counted(self, hop: Hop, deadline: PageDeadline, access_token: str) -> RawResponse:
        self._count(FetchStatistics(requests=1))
        started, status, received = time.monotonic(), None, 0
        try:
            raw, received = send_once(self._connection, hop, deadline, access_token, self._spender)
            status = raw.status
        finally:
            url = self._connection.redactor.redact(str(hop.url))
            seconds = time.monotonic() - started
            self._observer.sent(SentRequest(hop.method, url, status, seconds, received))
        self._count(FetchStatistics(bytes_received=received))
        return raw

    def _answer(
        self, request: FetchRequest, first: Hop, hop: Hop, raw: RawResponse
    ) -> FetchResponse:
        """What a pack gets of an answer (contract F2, F3): headers and body as they came.

        The `first` hop may have been redirected until it came to this one.

        Raises `StatusCodeError`, and `ConnectionFailedError` for a body that cannot be meant.
        """
        connection = self._connection
        parsed = parsed_answer(request, hop, raw)
        described = f"{hop}: {describe_answer(parsed, len(raw.body))}"
        self._last_answer = connection.redactor.redact(described)
        parsed = connection.rate_limits.in_usual_words(parsed)  # code of the pack, which may raise
        check_usable(connection, request, first, hop, raw, parsed)
        if parsed.status < 300:
            with self._lock:
                self._paged_answers.add(hop.url, parsed)
        if is_expected(parsed.status, request):
            return parsed
        raise status_error(connection, hop, raw, parsed)

    def _count(self, more: FetchStatistics) -> None:
        with self._lock:
            self._statistics = self._statistics.plus(more)
