"""What a token endpoint answered, and in words what to do about it (contract A3)."""

import re
import time
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

import httpx
import orjson

from pack_sync.http.connection import Connection

# A token is not used in its last seconds: it could expire on the way.
_EXPIRY_MARGIN_SECONDS = 30.0


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
    try:
        seconds = float(fields.get("expires_in") or 0)
    except (TypeError, ValueError):
        return None
    if not 0 < seconds < float("inf"):
        return None
    return time.time() + seconds - min(_EXPIRY_MARGIN_SECONDS, seconds / 10)


def explain_refusal(connection: Connection, url: httpx.URL, status: int, code: str) -> str:
    """Why there is no access token, and who must do what; names variables, not values."""
    said = f"status {status} ({code})" if code else f"status {status}"
    return (
        f"The connection {connection.settings.name!r} has no access token: POST {url} answered "
        f"with {said}. {_remedy(connection, status, code)}"
    )


def _remedy(connection: Connection, status: int, code: str) -> str:
    authentication = connection.authentication
    client = f"{_where(connection, 'client_id')} and {_where(connection, 'client_secret')}"
    refreshes = "refresh_token" in authentication.credential_keys
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
            "The answer has no `access_token`. Correct the pack's `token_url`, or its "
            "`nested_response_key`."
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
