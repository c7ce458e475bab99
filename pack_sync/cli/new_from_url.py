"""What `packsync new --from-url` asks a service, with which credentials."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.cli.connect_prompts import ask as ask_for_credentials
from pack_sync.cli.terminal import console, fail
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.dagster.configuration import variable_for
from pack_sync.http.allowed_hosts import LOCAL_HOSTS
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.new_pack.draft import AuthenticationDraft, Guess, PackDraft
from pack_sync.new_pack.from_answers import credential_in, draft_from_url


@dataclass(frozen=True, kw_only=True)
class UrlOptions:
    """What was typed."""

    url: str
    auth: str | None
    table: str | None


def draft_from_service(name: str, options: UrlOptions) -> PackDraft:
    """The pack of a list that the service answers with.

    Exits where the URL is none, or credentials are wanted and cannot be had.
    """
    url, credentials = options.url.strip(), dict[str, str]()
    if not re.match(r"https?://[^/?#\s]+", url):
        fail(f"{url!r} is no URL: it begins with https://, or http:// for this machine")
    authentication = _declared(options.auth)
    in_url = credential_in(url)
    if in_url and options.auth is None:
        parameter, value, url = in_url
        authentication = AuthenticationDraft(
            arguments={"type": "QueryParamToken", "param_name": parameter},
            guess=Guess(evidence=f"{parameter} of the URL"),
        )
        credentials = {"token": value}
        console.print(
            f"{parameter} of the URL is taken for a credential, and is written nowhere: "
            f"set {variable_for(name, 'token')}, or use `packsync connect {name}`.",
            markup=False,
            soft_wrap=True,
        )
    authentication = authentication or _asked_for(name, url)
    declared = make_authentication({"type": "None", **authentication.arguments})
    credentials = credentials or _credentials(name, declared)
    with _connection(name, url, declared, credentials) as connection:
        fetcher = SyncFetcher(connection)

        def ask(url: str) -> FetchResponse:
            return fetcher.send(FetchRequest(url=url))

        return draft_from_url(name, url, ask, authentication, options.table)


def _connection(
    name: str, url: str, authentication: Authentication, credentials: Mapping[str, str]
) -> Connection:
    host = urlsplit(url).hostname or ""
    settings = ConnectionSettings(
        name="default",
        pack=name,
        credentials=credentials,
        allow_http_localhost=host in LOCAL_HOSTS,
    )
    return Connection(settings, authentication, [host])


def _declared(auth: str | None) -> AuthenticationDraft | None:
    """What the option says; None where it says nothing."""
    if auth is None:
        return None
    kind, _, parameter = auth.partition(":")
    arguments: dict[str, Any] | None = {
        "none": {},
        "bearer": {"type": "HeaderBearerToken"},
        "basic": {"type": "WebBasic"},
        "header": {"type": "CustomHeaderToken", "header_name": parameter},
        "query": {"type": "QueryParamToken", "param_name": parameter},
    }.get(kind)
    if arguments is None or bool(parameter) != (kind in ("header", "query")):
        fail(f"--auth {auth!r}: choose bearer, basic, header:NAME, query:NAME or none")
    return AuthenticationDraft(arguments=arguments, guess=Guess(evidence=f"--auth {auth}"))


def _asked_for(name: str, url: str) -> AuthenticationDraft:
    """What the service asks for when it is asked without credentials (RFC 9110, 11.6.1)."""
    with _connection(name, url, make_authentication(type="None"), {}) as connection:
        try:
            SyncFetcher(connection).send(FetchRequest(url=url))
        except StatusCodeError as error:
            if error.status_code not in (401, 403):
                raise
            challenge = str(error.headers.get("www-authenticate", ""))
            status = error.status_code
        else:
            return AuthenticationDraft(guess=Guess(evidence="answers without credentials"))
    kind = "WebBasic" if challenge.lower().startswith("basic") else "HeaderBearerToken"
    told = f"status {status} without credentials"
    scheme = challenge.partition(" ")[0]
    if scheme:
        guess = Guess(evidence=f"{told}, WWW-Authenticate: {scheme}")
    else:
        guess = Guess(evidence=told, question="is it a bearer token that the service wants?")
    return AuthenticationDraft(arguments={"type": kind}, guess=guess)


def _credentials(name: str, authentication: Authentication) -> dict[str, str]:
    """The values of the usual variables, or what somebody types."""
    keys = authentication.credential_keys
    variables = {key: variable_for(name, key) for key in keys}
    found = {key: os.environ[each] for key, each in variables.items() if os.environ.get(each)}
    lacking = [key for key in keys if key not in found]
    if lacking and not sys.stdin.isatty():
        fail(
            f"the service wants credentials ({authentication.type}): set "
            f"{' and '.join(variables[key] for key in lacking)}, or say with --auth what it wants"
        )
    return {**found, **ask_for_credentials(authentication, lacking)} if lacking else found
