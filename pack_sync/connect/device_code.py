"""Consent on another device: a code is shown, and typed elsewhere (contract A6; RFC 8628)."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sync.connect.consent import scope_form
from pack_sync.connect.errors import ConnectError
from pack_sync.http.auth.oauth2_responses import TokenAnswer, error_code, fields_of
from pack_sync.http.auth.oauth2_token_endpoint import (
    Refusal,
    post_form,
    service_url,
    tokens_or_refusal,
)
from pack_sync.http.connection import Connection

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_BY = 5.0
_LONGEST_INTERVAL = 60.0
_LONGEST_WAIT = 1800.0


@dataclass(frozen=True, kw_only=True)
class DeviceRequest:
    """What to show: open `address` and type `user_code`; or open `whole_address`, if there is one.

    `interval` and `seconds` say how often, and for how long, the token endpoint is asked.
    """

    user_code: str
    address: str
    whole_address: str
    device_code: str = field(repr=False)
    interval: float
    seconds: float


def request_device_code(connection: Connection) -> DeviceRequest:
    """Ask for a code to show (RFC 8628, section 3.1). Raises `ConnectError` or a `FetchError`."""
    url = service_url(connection, connection.authentication.device_authorization_url)
    response = post_form(connection, url, scope_form(connection))
    fields = fields_of(response.body)
    if response.status >= 300 or error_code(fields):
        code = error_code(fields) or f"status {response.status}"
        raise ConnectError(
            f"{url} gave no code for another device ({code}). Allow the application that way of "
            "consent at the service, or check client id and secret."
        )
    texts = {name: fields.get(name) for name in ("device_code", "user_code")}
    address = fields.get("verification_uri") or fields.get("verification_url")
    if not all(isinstance(each, str) and each for each in (*texts.values(), address)):
        raise ConnectError(
            f"The answer of {url} lacks device_code, user_code or verification_uri. Correct the "
            "pack's `device_authorization_url`."
        )
    connection.redactor.learn([str(texts["device_code"])])
    return DeviceRequest(
        user_code=_shown(str(texts["user_code"])),
        address=_address(connection, str(address)),
        whole_address=_address(connection, fields.get("verification_uri_complete")),
        device_code=str(texts["device_code"]),
        interval=_number(fields, "interval", 5.0, _LONGEST_INTERVAL),
        seconds=_number(fields, "expires_in", 900.0, _LONGEST_WAIT),
    )


def wait_for_consent(
    connection: Connection,
    request: DeviceRequest,
    sleep: Callable[[float], None] = time.sleep,
) -> TokenAnswer:
    """The tokens, once somebody has consented (RFC 8628, section 3.5).

    Raises `ConnectError` where it was denied or the code has ended, and a `FetchError`.
    """
    form = {"grant_type": GRANT_TYPE, "device_code": request.device_code}
    interval, waited = request.interval, 0.0
    while waited < request.seconds:
        sleep(interval)
        waited += interval
        try:
            answer = tokens_or_refusal(connection, form)
        except (ConnectionFailedError, StatusCodeError):
            interval = min(2 * interval, _LONGEST_INTERVAL)  # as section 3.5 advises
            continue
        if isinstance(answer, TokenAnswer):
            return answer
        if answer.code == "slow_down":
            interval = min(interval + _SLOWER_BY, _LONGEST_INTERVAL)
        elif answer.code != "authorization_pending":
            raise ConnectError(_refused(answer))
    raise ConnectError("The code was not used in time, and has ended. Begin again for another one.")


def _refused(answer: Refusal) -> str:
    if answer.code == "access_denied":
        return "The consent was denied, on the other device or by the service. Nothing was saved."
    if answer.code == "expired_token":
        return "The code was not used in time, and has ended. Begin again for another one."
    said = answer.code or f"status {answer.status}"
    return (
        f"The service gave no token ({said}). Check client id and secret, and whether the "
        "application may ask in this way."
    )


def _address(connection: Connection, given: Any) -> str:
    """An address that a person is to open: https, or this machine where that is allowed."""
    if not isinstance(given, str) or not given:
        return ""
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL:
        url = httpx.URL()
    local = connection.policy.allow_http_localhost and url.host in ("127.0.0.1", "localhost")
    if url.userinfo or not url.host or not (url.scheme == "https" or local):
        raise ConnectError(
            "The service names an address for the consent that is not of the form https://host/. "
            "It is not shown. Correct the pack's `device_authorization_url`."
        )
    return str(url)


def _shown(text: str) -> str:
    """A text of the service's, without what a terminal would obey, and not too long."""
    return "".join(each for each in text if each.isprintable())[:80]


def _number(fields: Mapping[str, Any], name: str, default: float, most: float) -> float:
    try:
        number = float(fields.get(name) or default)
    except (TypeError, ValueError):
        number = default
    return min(number, most) if number > 0 else default
