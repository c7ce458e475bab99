"""How somebody consents: in a browser here, in one elsewhere, or by a code on another device."""

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pack_sdk.authentication import Authentication
from pack_sync.cli.connect_browser import can_open_browser, open_browser
from pack_sync.cli.connect_prompts import ask_text
from pack_sync.cli.terminal import console, fail
from pack_sync.connect.consent import (
    ConsentRequest,
    code_in,
    code_in_pasted,
    exchange_code,
    request_consent,
)
from pack_sync.connect.device_code import request_device_code, wait_for_consent
from pack_sync.connect.errors import PastedAddressError
from pack_sync.connect.listener import CALLBACK, Listener, listening
from pack_sync.http.auth.oauth2_responses import TokenAnswer
from pack_sync.http.connection import Connection

_TRIES_TO_PASTE = 3


@dataclass(frozen=True, kw_only=True)
class WayOfConsent:
    """The way that is taken, with what is ready for it.

    With a `listener` it is a browser here; with a `redirect` alone one elsewhere, whose last
    address is pasted; with neither it is a code.
    """

    listener: Listener | None = None
    redirect: str | None = None


def redirect_options(address: str) -> Mapping[str, Any]:
    """The options that lead to this redirect address again, which the service knows.

    >>> redirect_options("http://127.0.0.1:50123/callback")
    {'port': 50123}
    >>> redirect_options("https://acme.example/oauth")
    {'redirect': 'https://acme.example/oauth'}
    """
    parts = urlsplit(address)
    if (parts.hostname, parts.path) == ("127.0.0.1", CALLBACK):
        return {"port": parts.port}
    return {"redirect": address}


@contextmanager
def way_of_consent(
    authentication: Authentication,
    *,
    no_browser: bool,
    device: bool,
    port: int,
    redirect: str | None,
) -> Generator[WayOfConsent]:
    """The way that was asked for, else the first that works here. Raises `ConnectError`."""
    by_code = bool(authentication.device_authorization_url)
    if device and not by_code:
        fail("the pack has no `device_authorization_url`: use a browser, or --no-browser")
    pasted = redirect is not None or no_browser
    here = bool(authentication.authorization_url) and can_open_browser()
    if not device and not pasted and here:
        with listening(port) as listener:
            yield WayOfConsent(listener=listener, redirect=listener.redirect)
    elif device or (by_code and not pasted):
        yield WayOfConsent()
    else:
        # Nobody listens there: the page that does not load has the answer in its address.
        chosen = port or 49152 + secrets.randbelow(16384)
        yield WayOfConsent(redirect=redirect or f"http://127.0.0.1:{chosen}{CALLBACK}")


def obtain_consent(connection: Connection, way: WayOfConsent) -> TokenAnswer:
    """Have somebody consent. Raises `ConnectError` or a `FetchError`."""
    if way.redirect is None:
        return _by_code(connection)
    request = request_consent(connection, way.redirect)
    if way.listener is None:
        say("Open this link in any browser, and allow the access:")
        say(request.url)
        say("The page it leads to at the end need not load. Copy its whole address.")
        code = _pasted_code(request)
    else:
        way.listener.expect(request.url, partial(code_in, request))
        open_browser(way.listener.first_page)
        say("Allow the access in the browser that opens.")
        say(f"If none has opened, open {way.listener.first_page} on this machine.")
        try:
            code = way.listener.wait()
        except KeyboardInterrupt:
            fail("stopped; nothing was saved")
    return exchange_code(connection, request, code)


def _pasted_code(request: ConsentRequest) -> str:
    for _ in range(_TRIES_TO_PASTE - 1):
        try:
            return code_in_pasted(request, _ask_for_address())
        except PastedAddressError as error:
            say(str(error))
    return code_in_pasted(request, _ask_for_address())


def _ask_for_address() -> str:
    return ask_text("Address, not shown: ", hidden=True)


def say(text: str) -> None:
    """A line for the person at the terminal."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _by_code(connection: Connection) -> TokenAnswer:
    request = request_device_code(connection)
    say(f"Open {request.address} on any device, and type the code {request.user_code}")
    if request.whole_address:
        say(f"or open {request.whole_address}, which has the code, and compare it.")
    try:
        return wait_for_consent(connection, request)
    except KeyboardInterrupt:
        fail("stopped; nothing was saved")
