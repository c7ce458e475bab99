"""The access token of a connection with OAuth2, and when it is renewed (contract A3)."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import replace
from typing import TypeAlias

from pack_sdk.errors import AuthenticationFailedError, RequestRefusedError
from pack_sync.http.page_deadline import PageDeadline
from pack_sync.redaction import Redactor
from pack_sync.state.tokens import Tokens, TokenStore

TokenForm: TypeAlias = Callable[[str], Mapping[str, str]]
"""The form for the token endpoint, of a refresh token; of none for client credentials."""

Ask: TypeAlias = Callable[[Mapping[str, str]], Tokens]
"""Sends a form to the token endpoint."""

LONGEST_WAIT_FOR_ANOTHER_PROCESS = 120.0
_LOOK_FOR_CANCELLATION_EVERY = 0.1


class AccessTokens:
    """Hands out the access token of one connection. Safe to use from several threads.

    Tokens are obtained in a thread of its own, one at a time. A pack's call that is given up
    may be struck by an exception at any instruction; between the answer of the endpoint and
    the saving of a rotated refresh token, that would lose the account.
    """

    def __init__(
        self,
        credentials: Mapping[str, str],
        redactor: Redactor,
        form: TokenForm,
        store: TokenStore | None = None,
    ) -> None:
        self._given = Tokens(
            access_token=credentials.get("access_token", "").strip(),
            refresh_token=credentials.get("refresh_token", "").strip(),
        )
        self._redactor = redactor
        self._form = form
        self._store = store
        self._current: Tokens | None = None
        self._refused: tuple[str, str] | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="access tokens")

    def current(self, ask: Ask, deadline: PageDeadline) -> str:
        """The token to use now; obtained first if there is none, or it has expired.

        Raises what `ask` raises, `AuthenticationFailedError` from the store of tokens, and a
        `FetchError` when the page's time is over; obtaining goes on then, for the next call.
        """
        known = self._current
        if known is not None and _is_usable(known, ""):
            return known.access_token
        return self._obtained("", ask, deadline)

    def renewed(self, rejected: str, ask: Ask, deadline: PageDeadline) -> str:
        """A token other than the one the API has just rejected; raises as `current` does.

        Where another thread or process has renewed it meanwhile, nothing is asked for.
        """
        return self._obtained(rejected, ask, deadline)

    @property
    def last(self) -> Tokens:
        """Those that were used last; what the configuration gives before any was."""
        return self._current or self._given

    def close(self) -> None:
        """Obtain no further tokens; one that is being obtained is still saved."""
        self._worker.shutdown(wait=False)

    def _obtained(self, rejected: str, ask: Ask, deadline: PageDeadline) -> str:
        try:
            obtaining = self._worker.submit(self._obtain, rejected, ask)
        except RuntimeError:  # it was shut down
            raise RequestRefusedError(
                "No access token is obtained: the connection is closed; the sync that used it "
                "is over."
            ) from None
        while not obtaining.done():
            deadline.check("Waiting for an access token")
            wait([obtaining], timeout=min(_LOOK_FOR_CANCELLATION_EVERY, max(deadline.left, 0)))
        return obtaining.result()

    def _obtain(self, rejected: str, ask: Ask) -> str:
        store = self._store
        with store.locked(LONGEST_WAIT_FOR_ANOTHER_PROCESS) if store else nullcontext():
            saved = store.load() if store else self._current
            known = saved or self._given
            self._learn(known)
            if not _is_usable(known, rejected):
                known = self._asked(ask, known)
                if store:
                    store.save(known)  # before it is used (contract A3)
        self._current = known
        return known.access_token

    def _asked(self, ask: Ask, known: Tokens) -> Tokens:
        refresh_token = known.refresh_token
        if self._refused and self._refused[0] == refresh_token:
            # Asking again would not help, and looks like an attack to the service.
            raise AuthenticationFailedError(self._refused[1])
        try:
            answer = ask(self._form(refresh_token))
        except AuthenticationFailedError as error:
            self._refused = (refresh_token, str(error))
            raise
        self._learn(answer)
        if answer.refresh_token:
            return answer
        refresh_ends = answer.refresh_expires_at or known.refresh_expires_at
        return replace(answer, refresh_token=refresh_token, refresh_expires_at=refresh_ends)

    def _learn(self, tokens: Tokens) -> None:
        self._redactor.learn([tokens.access_token, tokens.refresh_token])


def _is_usable(tokens: Tokens, rejected: str) -> bool:
    fresh = tokens.expires_at is None or time.time() < tokens.expires_at
    return bool(tokens.access_token) and tokens.access_token != rejected and fresh
