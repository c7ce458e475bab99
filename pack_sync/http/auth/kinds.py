"""Putting a connection's credentials on a request, out of the pack's sight (contract A2)."""

import base64
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote, unquote_plus

import httpx

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import host_of, is_at_or_below

Credentials: TypeAlias = Mapping[str, str]


def apply_credentials(
    authentication: Authentication, credentials: Credentials, request: httpx.Request
) -> None:
    """Put the credentials on the request (contract A1, A2).

    They replace a header or a query parameter of the same name that the pack wrote. A
    request that `gets_credentials` says no to stays as it is. For
    the kinds of OAuth2, `credentials` hold the `access_token` of the moment. Custom and
    AWSAccessKey need more than this: see `templates` and `aws_signature` beside this module.
    Raises `RequestRefusedError` that names a credential which is missing or unusable;
    never its value.
    """
    if not gets_credentials(authentication, request.url):
        return
    match authentication.type:
        case AuthenticationType.HEADER_BEARER_TOKEN:
            token = header_text(credentials, "token")
            request.headers["Authorization"] = f"Bearer {token}"
        case AuthenticationType.CUSTOM_HEADER_TOKEN:
            prefix, token = authentication.token_prefix, header_text(credentials, "token")
            request.headers[authentication.header_name] = f"{prefix} {token}" if prefix else token
        case AuthenticationType.MULTI_HEADER_TOKEN:
            for header in authentication.headers:
                token = header_text(credentials, header.name)
                request.headers[header.name] = f"{header.token_prefix} {token}".strip()
        case AuthenticationType.QUERY_PARAM_TOKEN:
            token = credential(credentials, "token")
            request.url = with_query_param(request.url, authentication.param_name, token)
        case AuthenticationType.MULTI_QUERY_PARAM_TOKEN:
            for param in authentication.params:
                token = credential(credentials, param.name)
                request.url = with_query_param(request.url, param.name, token)
        case AuthenticationType.WEB_BASIC:
            pair = _basic_pair(authentication, credentials).encode()
            request.headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        case AuthenticationType.OAUTH2 | AuthenticationType.OAUTH2_CLIENT_CREDENTIALS:
            token = header_text(credentials, "access_token")
            if name := authentication.token_query_param:
                request.url = with_query_param(request.url, name, token)
            else:
                prefix = authentication.token_prefix
                prefix = "Bearer" if prefix is None else prefix
                request.headers["Authorization"] = f"{prefix} {token}".strip()
        case _:
            pass


def gets_credentials(authentication: Authentication, url: httpx.URL) -> bool:
    """Whether a request to this URL carries credentials (contract A2, F4).

    Where `network_domain` is set, only hosts at or below it do.
    """
    domains = authentication.network_domains
    return not domains or any(is_at_or_below(host_of(url), domain) for domain in domains)


def secrets_of(authentication: Authentication, credentials: Credentials) -> list[str]:
    """What a `Redactor` must know of these credentials (contract A4).

    The user name of WebBasic is a secret only where it is all there is (many APIs take
    their key that way); beside a password it is often an ordinary word. The region of
    AWSAccessKey is none.
    """
    kind = authentication.type
    no_secret = {
        AuthenticationType.WEB_BASIC: "username",
        AuthenticationType.AWS_ACCESS_KEY: "region",
    }.get(kind)
    secrets = [value for key, value in credentials.items() if key != no_secret]
    if kind is AuthenticationType.WEB_BASIC and "username" in credentials:
        if authentication.username_only or not credentials.get("password"):
            secrets.append(credentials["username"])
        secrets.append(_basic_pair(authentication, credentials, required=False))
    return secrets


def without_credentials(
    authentication: Authentication, headers: Mapping[str, str], url: httpx.URL
) -> tuple[dict[str, str], httpx.URL]:
    """Headers and URL for a redirect to another host (contract F4).

    Leaves out what carries credentials, also where the pack wrote it itself or the server
    repeated the token in its `Location`.
    """
    carrying = {"authorization", "cookie", authentication.header_name.lower()}
    carrying |= {header.name.lower() for header in authentication.headers}
    kept = {name: value for name, value in headers.items() if name.lower() not in carrying}
    params = [authentication.param_name, authentication.token_query_param]
    if authentication.type is AuthenticationType.MULTI_QUERY_PARAM_TOKEN:
        params += [param.name for param in authentication.params]
    for name in filter(None, params):
        url = without_query_param(url, name)
    return kept, url


def with_query_param(url: httpx.URL, name: str, value: str) -> httpx.URL:
    """The URL with that query parameter, in place of any it had; the rest byte for byte."""
    rest = without_query_param(url, name).query
    param = f"{quote(name, safe='')}={quote(value, safe='')}".encode()
    return url.copy_with(query=rest + b"&" + param if rest else param)


def without_query_param(url: httpx.URL, name: str) -> httpx.URL:
    """The URL without that query parameter; the rest byte for byte."""
    pieces = url.query.split(b"&") if url.query else []
    kept = [piece for piece in pieces if _param_name(piece) != name]
    return url if len(kept) == len(pieces) else url.copy_with(query=b"&".join(kept) or None)


def _param_name(piece: bytes) -> str:
    return unquote_plus(piece.partition(b"=")[0].decode("ascii", errors="replace"))


def credential(credentials: Credentials, key: str) -> str:
    """A credential without blanks around it. Raises `RequestRefusedError` if there is none."""
    value = credentials.get(key, "").strip()
    if not value:
        raise RequestRefusedError(
            f"No request can be made: the connection has no {key!r}, which the pack's "
            f"authentication needs. Set `credentials: {{{key}: …}}` of the connection."
        )
    return value


def header_text(credentials: Credentials, key: str) -> str:
    """As `credential`, and refuses one that a header cannot carry."""
    value = credential(credentials, key)
    if not (value.isascii() and value.isprintable()):
        raise RequestRefusedError(
            f"No request can be made: the credential {key!r} has a line break or another "
            "character that an HTTP header cannot carry. Is there more in it than the token?"
        )
    return value


def _basic_pair(
    authentication: Authentication, credentials: Credentials, *, required: bool = True
) -> str:
    """`user:password`. A password may be empty, and keeps its blanks; a user name does not."""
    username = credential(credentials, "username") if required else credentials["username"].strip()
    password = "" if authentication.username_only else credentials.get("password", "")
    return f"{username}:{password}"
