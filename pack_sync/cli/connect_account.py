"""Connecting one account, step by step."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import FetchError, PackError
from pack_sync.cli.chosen_connection import ChosenConnection
from pack_sync.cli.connect_consent import (
    WayOfConsent,
    obtain_consent,
    redirect_options,
    say,
    way_of_consent,
)
from pack_sync.cli.connect_prompts import ask, ask_text, from_environment, keys_to_ask
from pack_sync.cli.connect_verifying import Verified, verify
from pack_sync.cli.context import call_environment
from pack_sync.cli.terminal import fail
from pack_sync.connect.errors import ConnectError
from pack_sync.connect.lifetime import lacking, what_ends
from pack_sync.connect.obtained import (
    Refreshed,
    checked_endpoint,
    credentials_of,
    endpoint_in,
    forget_tokens,
    keep_tokens,
    refresh_once,
)
from pack_sync.connect.registration import what_to_register
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.auth.oauth2 import OAuth2ClientCredentials
from pack_sync.http.auth.oauth2_responses import TokenAnswer
from pack_sync.http.auth.oauth2_token_endpoint import ask_token_endpoint
from pack_sync.http.connection import Connection
from pack_sync.state.accounts import Account


@dataclass(frozen=True, kw_only=True)
class ConnectOptions:
    """What the command was told (see `pack_sync.cli.connect`)."""

    reconnect: bool = False
    from_env: bool = False
    endpoint: str | None = None
    no_browser: bool = False
    device: bool = False
    port: int = 0
    redirect: str | None = None


def connect_account(chosen: ChosenConnection, options: ConnectOptions) -> None:
    """Connect the account, verify it, save it, and say what came of it.

    Until it is verified nothing is saved that a sync would use, and an account that is there
    stays. Exits with what is wrong.
    """
    before = chosen.store.load()
    _refuse_if_pointless(chosen, before, options)
    chosen.store.check()
    by_consent = chosen.authentication.type is AuthenticationType.OAUTH2
    if not by_consent:
        _connect(chosen, options, before, None)
        return
    if before is not None and before.redirect and not (options.port or options.redirect):
        options = replace(options, **redirect_options(before.redirect))
    with way_of_consent(
        chosen.authentication,
        no_browser=options.no_browser,
        device=options.device,
        port=options.port,
        redirect=options.redirect,
    ) as way:
        _connect(chosen, options, before, way)


def _refuse_if_pointless(
    chosen: ChosenConnection, before: Account | None, options: ConnectOptions
) -> None:
    kind = chosen.authentication.type
    if kind is AuthenticationType.NONE:
        fail(f"{chosen.pack} needs no credentials: there is no account to connect")
    client = {"client_id", "client_secret"} if kind is AuthenticationType.OAUTH2 else set[str]()
    if given := chosen.settings.credentials.keys() - client:
        variables = ", ".join(chosen.settings.variables[key] for key in sorted(given))
        fail(
            f"the environment gives {', '.join(sorted(given))} of {chosen.pack} {chosen.name} "
            f"({variables}), which wins over a connected account. Take it out of `credentials` in "
            f"{chosen.where}, then connect; or use it as it is, and look with --check"
        )
    if before is not None and not options.reconnect:
        whose = f" as {before.name}" if before.name else ""
        fail(
            f"{chosen.pack} {chosen.name} is connected{whose}. --check looks at it, --reconnect "
            "replaces it"
        )


def _connect(
    chosen: ChosenConnection,
    options: ConnectOptions,
    before: Account | None,
    way: WayOfConsent | None,
) -> None:
    redirect = way.redirect if way else None
    any_port = redirect is not None and not (options.port or options.redirect)
    if way or not options.from_env:  # else all of it is there already
        registered = before is not None and "client_id" in before.credentials
        for line in what_to_register(
            chosen.authentication, redirect=redirect, any_port=any_port, registered=registered
        ):
            say(line)
    typed = _typed(chosen, options, before)
    endpoint = _known_endpoint(chosen, options, before)
    settings = _with(chosen.settings, typed, endpoint)
    with _opened(chosen, settings) as connection:
        answer = _answer(connection, way)
        endpoint = settings.endpoint or endpoint_in(connection, answer)
    credentials = credentials_of(chosen.authentication.type, typed, answer)
    settings = _with(chosen.settings, credentials, endpoint)
    with _kept(chosen, settings, answer):
        if not settings.endpoint and chosen.authentication.post_setup:
            settings = _with(settings, {}, _chosen_endpoint(chosen, settings))
        with _opened(chosen, settings) as connection:
            refreshed = _refreshed(connection, answer)
            verified = verify(chosen, connection)
        if verified.refused:
            raise ConnectError(
                f"The account does not work: {verified.problem.rstrip('.')}. Nothing was saved."
            )
        account = Account(
            credentials=credentials,
            endpoint=settings.endpoint if chosen.settings.endpoint is None else None,
            name=verified.name,
            scopes=answer.scopes if answer else None,
            redirect=redirect,
        )
        chosen.store.replace(before, account)
    if before is not None and before.credentials != credentials:
        with _opened(chosen, _with(chosen.settings, before.credentials, before.endpoint)) as old:
            forget_tokens(old)
    _tell(chosen, account, before, verified, refreshed)


def _typed(
    chosen: ChosenConnection, options: ConnectOptions, before: Account | None
) -> dict[str, str]:
    """The credentials that nobody has given yet; a client that is known is not asked for again."""
    authentication, given = chosen.authentication, chosen.settings.credentials
    keys = [key for key in keys_to_ask(authentication) if key not in given]
    known: dict[str, str] = {}
    if before is not None and authentication.type is AuthenticationType.OAUTH2:
        known = {key: before.credentials[key] for key in keys if key in before.credentials}
    keys = [key for key in keys if key not in known]
    if options.from_env:
        variables = chosen.settings.variables
        return {**known, **from_environment(chosen.pack, authentication, keys, variables)}
    return {**known, **ask(authentication, keys)}


def _known_endpoint(
    chosen: ChosenConnection, options: ConnectOptions, before: Account | None
) -> str | None:
    """The endpoint, as far as it is known before the service is asked."""
    given = chosen.settings.endpoint or options.endpoint or (before and before.endpoint)
    if given is None and chosen.authentication.requires_endpoint_url:
        domain = chosen.authentication.endpoint_domain
        example = f", such as https://acme.{domain}" if domain else ""
        given = ask_text(f"Base URL of your account (endpoint){example}: ")
    if given is None:
        return None
    with _opened(chosen, chosen.settings) as connection:
        return checked_endpoint(connection, given)


def _answer(connection: Connection, way: WayOfConsent | None) -> TokenAnswer | None:
    """What the token endpoint gives; None for a kind that has none."""
    if way is not None:
        return obtain_consent(connection, way)
    authenticator = connection.authenticator
    if isinstance(authenticator, OAuth2ClientCredentials):
        return ask_token_endpoint(connection, authenticator.token_form(""))
    return None


@contextmanager
def _kept(
    chosen: ChosenConnection, settings: ConnectionSettings, answer: TokenAnswer | None
) -> Generator[None]:
    """Keep the grant's tokens, for the block and later; not if the block fails."""
    if answer is None or chosen.authentication.type is not AuthenticationType.OAUTH2:
        yield
        return
    with _opened(chosen, settings) as connection:
        keep_tokens(connection, answer)
        try:
            yield
        except BaseException:
            forget_tokens(connection)
            raise


def _chosen_endpoint(chosen: ChosenConnection, settings: ConnectionSettings) -> str:
    """The endpoint that somebody chooses among those that the account may use (contract A9)."""
    step = chosen.authentication.post_setup[0]
    with _opened(chosen, settings) as connection:
        environment = call_environment(chosen.resource, connection)
        options = chosen.resource.runtime().endpoint_options(step, environment)
        if not options:
            raise ConnectError(
                "The account may use none of the service's sites: the pack lists no endpoint for "
                "it. Nothing was saved."
            )
        number = 1
        if len(options) > 1:
            say(step.description or "Choose which one is to be synced:")
            for at, option in enumerate(options, 1):
                say(f"  {at}. {option.display}")
            number = _number(len(options))
        return checked_endpoint(connection, str(options[number - 1].value))


def _number(most: int) -> int:
    while True:
        typed = ask_text(f"Number (1 to {most}): ").strip()
        if typed.isdecimal() and 1 <= int(typed) <= most:
            return int(typed)


def _refreshed(connection: Connection, answer: TokenAnswer | None) -> Refreshed | None:
    """What a refresh gives; None for a kind that has no tokens to be refreshed."""
    if answer is None or connection.authentication.type is not AuthenticationType.OAUTH2:
        return None
    if not answer.tokens.refresh_token:
        return Refreshed(tokens=answer.tokens)
    return refresh_once(connection, answer.tokens)


@contextmanager
def _opened(chosen: ChosenConnection, settings: ConnectionSettings) -> Generator[Connection]:
    """A connection; what goes wrong with it is told without its secrets (contract A4)."""
    with chosen.open(settings) as connection:
        try:
            yield connection
        except FetchError as error:
            connection.redactor.redact_message(error)
            raise error.with_traceback(None)  # noqa: B904 - the same error; frames hold secrets
        except PackError as error:
            connection.redactor.redact_message(error)
            raise


def _with(
    settings: ConnectionSettings, credentials: Mapping[str, str], endpoint: str | None
) -> ConnectionSettings:
    return settings.model_copy(
        update={
            "credentials": {**settings.credentials, **credentials},
            "endpoint": settings.endpoint or endpoint,
        }
    )


def _tell(
    chosen: ChosenConnection,
    account: Account,
    before: Account | None,
    verified: Verified,
    refreshed: Refreshed | None,
) -> None:
    whose = f" as {account.name}" if account.name else ""
    say(f"Connected {chosen.pack} {chosen.name}{whose}.")
    if verified.problem:
        say(f"Warning: whether it works is not known: {verified.problem}")
    else:
        say(f"Verified by {verified.how}.")
    asked = chosen.authentication.scopes
    if account.scopes is not None:
        say(f"Scopes granted: {', '.join(account.scopes)}")
    if missing := lacking(asked, account.scopes):
        say(f"Warning: scopes not granted: {', '.join(missing)}")
    for sentence in what_ends(refreshed) if refreshed else ():
        say(f"Warning: {sentence}")
    if before and before.name and account.name and before.name != account.name:
        say(
            f"Warning: before it was {before.name}. Rows of that account stay until the next full "
            f"sync: `packsync backfill {chosen.pack}`."
        )
    named = [v for key, v in chosen.settings.variables.items() if key in account.credentials]
    if named:
        say(
            f"Warning: {chosen.where} names {', '.join(sorted(named))} for credentials, which must "
            "be set then. Take these lines out, so that the connected account is used."
        )
    say(f"Kept in {chosen.store}")
