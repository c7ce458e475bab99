"""Telling a service that an account's tokens are not needed any more (contract A6; RFC 7009)."""

from pack_sync.connect.errors import ConnectError
from pack_sync.connect.obtained import kept_tokens
from pack_sync.http.auth.oauth2_responses import error_code, fields_of
from pack_sync.http.auth.oauth2_token_endpoint import post_form, service_url
from pack_sync.http.connection import Connection


def revoke(connection: Connection) -> str:
    """Have the service revoke the grant; in words, what it did not do.

    The refresh token ends the whole grant; without one it is the access token. Raises a
    `FetchError`, and `ConnectError` where the service cannot do it now.
    """
    address = connection.authentication.revocation_url
    if not address:
        return "The pack has no `revocation_url`: end the consent at the service yourself."
    url = service_url(connection, address)
    tokens = kept_tokens(connection)
    given = connection.settings.credentials
    for hint in ("refresh_token", "access_token"):
        token = getattr(tokens, hint, "") or given.get(hint, "")
        if token:
            break
    else:
        return "There is no token that could be revoked."
    connection.redactor.learn([token])
    response = post_form(connection, url, {"token": token, "token_type_hint": hint})
    if response.status == 429 or response.status >= 500:
        raise ConnectError(
            f"{url} answered with status {response.status}: the consent is not revoked, and the "
            "account is kept. Try again later."
        )
    if response.status >= 300:
        code = error_code(fields_of(response.body))
        said = f"status {response.status}{f', {code}' if code else ''}"
        return f"{url} did not revoke the consent ({said}): end it at the service yourself."
    return ""
