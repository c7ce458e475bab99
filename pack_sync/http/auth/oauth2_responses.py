"""What a token endpoint answered, and in words what to do about it (contract A3)."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

import httpx
import orjson

from pack_sdk.authentication import Authentication
from pack_sync.http.connection import Connection
from pack_sync.state.tokens import Tokens

# A token is not used in its last seconds: it could expire on the way.
_EXPIRY_MARGIN_SECONDS = 30.0


_REFRESH_ENDS = ("refresh_token_expires_in", "x_refresh_token_expires_in", "refresh_expires_in")
"""What services call the seconds after which a refresh token ends; no standard has it."""

_OTHER_PROOFS = ("mac", "dpop", "pop", "n_a")
"""Types of tokens that are not sent by themselves (RFC 6749, section 7.1)."""


@dataclass(frozen=True, kw_only=True)
class TokenAnswer:
    """What a token endpoint gave.

    `scopes` are those granted, None where the answer is silent, which means those that were
    asked for (RFC 6749, section 5.1). `endpoint` is that of the account, where the pack says
    that the answer has it.
    """

    tokens: Tokens
    scopes: tuple[str, ...] | None = None
    endpoint: str | None = None


def read_answer(authentication: Authentication, fields: Mapping[str, Any]) -> TokenAnswer | None:
    """The tokens that an answer's fields have; None if there is none that can be used."""
    nested = fields.get(authentication.nested_response_key)
    own = cast("Mapping[str, Any]", nested) if isinstance(nested, Mapping) else fields
    token = own.get(authentication.access_token_key)
    kind = own.get("token_type")
    if not isinstance(token, str) or not token:
        return None
    if isinstance(kind, str) and kind.lower() in _OTHER_PROOFS:
        return None
    refresh_ends = (_seconds(own.get(name)) for name in _REFRESH_ENDS)
    refresh_token = own.get("refresh_token")
    tokens = Tokens(
        access_token=token,
        refresh_token=refresh_token if isinstance(refresh_token, str) else "",
        expires_at=expiry(own),
        refresh_expires_at=next((time.time() + each for each in refresh_ends if each), None),
        obtained_at=time.time(),
    )
    endpoint = fields.get(authentication.endpoint_key) or own.get(authentication.endpoint_key)
    return TokenAnswer(
        tokens=tokens,
        scopes=_scopes(own.get("scope")),
        endpoint=endpoint if isinstance(endpoint, str) and authentication.endpoint_key else None,
    )


def _scopes(granted: Any) -> tuple[str, ...] | None:
    """Scopes as services write them: with blanks or commas between them, or as a list."""
    if isinstance(granted, str):
        granted = re.split(r"[\s,;]+", granted)
    if not isinstance(granted, list):
        return None
    return tuple(str(each) for each in cast("list[Any]", granted) if each) or None


def fields_of(body: bytes) -> Mapping[str, Any]:
    """The fields of an answer: JSON, or a form as older services have it."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return dict(parse_qsl(body.decode("utf-8", errors="replace")))
    return cast("Mapping[str, Any]", parsed) if isinstance(parsed, dict) else {}


def error_code(fields: Mapping[str, Any]) -> str:
    """The error that an answer names, such as `invalid_grant`; nothing if it names none."""
    code = fields.get("error")
    # Only what the standard allows is shown: anything else could be a text with secrets.
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z_.-]{1,60}", code) else ""


def expiry(fields: Mapping[str, Any]) -> float | None:
    """When the token is to be renewed, in seconds since 1970; None if the answer is silent."""
    seconds = _seconds(fields.get("expires_in"))
    if seconds is None:
        return None
    return time.time() + seconds - min(_EXPIRY_MARGIN_SECONDS, seconds / 10)


def _seconds(given: Any) -> float | None:
    try:
        seconds = float(given or 0)
    except (TypeError, ValueError):
        return None
    return seconds if 0 < seconds < float("inf") else None


def explain_refusal(connection: Connection, url: httpx.URL, status: int, code: str) -> str:
    """Why there is no access token, and who must do what; names variables, not values."""
    said = f"status {status} ({code})" if code else f"status {status}"
    return (
        f"The connection {connection.settings.name!r} has no access token: POST {url} answered "
        f"with {said}. {_remedy(connection, status, code)}"
    )


def _remedy(connection: Connection, status: int, code: str) -> str:
    authentication, settings = connection.authentication, connection.settings
    client = f"{_where(connection, 'client_id')} and {_where(connection, 'client_secret')}"
    refreshes = "refresh_token" in authentication.credential_keys
    if code == "invalid_grant" and refreshes and "refresh_token" not in settings.variables:
        return (
            "The refresh token is not valid any more: it expired, was revoked, or was used by "
            f"another program. Connect the account again: `packsync connect {settings.pack} "
            f"{settings.name} --reconnect`."
        )
    if code == "invalid_grant" and refreshes:
        at = f" at {url}" if (url := authentication.authorization_url) else ""
        return (
            "The refresh token is not valid any more: it expired, was revoked, or was used by "
            f"another program. Connect the account again{at}, and put the new refresh token into "
            f"{_where(connection, 'refresh_token')}."
        )
    if code in ("invalid_client", "unauthorized_client", "invalid_grant") or status == 401:
        return f"It does not accept the client. Renew {client}."
    if code == "invalid_scope":
        return "Correct the `scopes` of the pack's authentication, or what the client may ask for."
    if status < 300 and not code:
        return (
            f"The answer has no `{authentication.access_token_key}` that can be sent as it is. "
            "Correct the pack's `token_url`, or its `nested_response_key`."
        )
    if status < 400 and not code:
        return "Credentials are not sent after a redirect: correct the pack's `token_url`."
    also = f", {_where(connection, 'refresh_token')}" if refreshes else ""
    return f"Check the pack's `token_url`{also}, {client}; if need be, connect the account again."


def _where(connection: Connection, key: str) -> str:
    variable = connection.settings.variables.get(key)
    if variable:
        return f"the environment variable {variable} (`credentials.{key}`)"
    return f"`credentials.{key}` of the connection"
