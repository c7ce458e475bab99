"""`packsync connect --check` and `--revoke`: how connected accounts are, and the end of one."""

from collections.abc import Iterator

import typer

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import PackError
from pack_sync.cli.chosen_connection import ChosenConnection, chosen_connection
from pack_sync.cli.connect_consent import say
from pack_sync.cli.connect_verifying import verify
from pack_sync.cli.context import choose_pack, configured_packs
from pack_sync.cli.terminal import fail
from pack_sync.connect.connected import what_is_missing, with_account
from pack_sync.connect.lifetime import ends_soon, lacking, moment
from pack_sync.connect.obtained import forget_tokens, kept_tokens
from pack_sync.connect.revoking import revoke
from pack_sync.dagster.configuration import not_connected
from pack_sync.http.connection import Connection
from pack_sync.state.accounts import Account


def check_accounts(pack: str | None, connection: str | None) -> None:
    """Print how each connection is; the services are asked. Exits with 1 if one has a problem."""
    if pack is None:
        known = list(configured_packs(complete=False).known.values())
    else:
        known = [choose_pack(pack, complete=False, variables=False)]
    fine = True
    for configured in known:
        component, definition = configured
        if definition.pack.authentication.type is AuthenticationType.NONE:
            say(f"{component.shown_name}: needs no account")
            continue
        for name in [connection] if connection else component.connection_names:
            with chosen_connection(configured, name) as chosen:
                fine = _check(chosen) and fine
    if not known:
        say("No pack is switched on.")
    if not fine:
        raise typer.Exit(1)


def _check(chosen: ChosenConnection) -> bool:
    """Print how one connection is; whether it works."""
    title = f"{chosen.pack} {chosen.name}"
    try:
        account = chosen.store.load()
        settings = with_account(chosen.settings, chosen.authentication, chosen.shared)
        if missing := what_is_missing(settings, chosen.authentication):
            say(f"{title}: {not_connected(chosen.pack, chosen.name, missing)}")
            return False
        with chosen.open(settings) as connection:
            verified = verify(chosen, connection)
            works = verified.name or verified.how
            say(f"{title}: {verified.name or ('works' if works else 'does not work')}")
            if verified.problem:
                say(f"  problem: {verified.problem}")
            for line in _facts(chosen, connection, account):
                say(f"  {line}")
            return bool(works)
    except PackError as error:
        say(f"{title}: {error}")
        return False


def _facts(
    chosen: ChosenConnection, connection: Connection, account: Account | None
) -> Iterator[str]:
    given = [chosen.settings.variables[key] for key in sorted(chosen.settings.credentials)]
    if given:
        yield f"from the environment: {', '.join(given)}"
    if account is not None:
        yield f"connected: {moment(account.connected_at)}, kept in {chosen.store}"
        if account.scopes is not None:
            missing = lacking(chosen.authentication.scopes, account.scopes)
            lacks = f"; not granted: {', '.join(missing)}" if missing else ""
            yield f"scopes granted: {', '.join(account.scopes)}{lacks}"
    tokens = kept_tokens(connection)
    if tokens is None:
        return
    if tokens.obtained_at is not None:
        yield f"last refresh: {moment(tokens.obtained_at)}"
    if tokens.expires_at is not None and tokens.refresh_token:
        yield f"access token: until {moment(tokens.expires_at)}, then renewed by itself"
    if tokens.end_at is None:
        yield "consent: the service does not say when it ends"
    else:
        soon = "; connect again with --reconnect" if ends_soon(tokens.end_at) else ""
        yield f"consent: ends {moment(tokens.end_at)}{soon}"


def revoke_account(chosen: ChosenConnection) -> None:
    """Have the service end the consent, and forget the account. Exits with what is wrong."""
    account = chosen.store.load()
    if account is None:
        fail(f"no account is connected for {chosen.pack} {chosen.name}")
    settings = with_account(chosen.settings, chosen.authentication, chosen.shared)
    with chosen.open(settings) as connection:
        left = ""
        if chosen.authentication.type is AuthenticationType.OAUTH2:
            left = revoke(connection)
        chosen.store.replace(account, None)
        forget_tokens(connection)
    say(f"{chosen.pack} {chosen.name} is not connected any more; its credentials are deleted.")
    if left:
        say(f"Warning: {left}")
    elif chosen.authentication.type is not AuthenticationType.OAUTH2:
        say("The service still accepts them: delete the key, or change the password, there.")
