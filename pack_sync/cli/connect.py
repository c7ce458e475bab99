"""`packsync connect`: from nothing to a verified account."""

from typing import Annotated

import typer

from pack_sync.cli.chosen_connection import chosen_connection
from pack_sync.cli.connect_account import ConnectOptions, connect_account
from pack_sync.cli.connected_accounts import check_accounts, revoke_account
from pack_sync.cli.context import choose_pack
from pack_sync.cli.terminal import fail, plain_errors


def connect(
    pack: Annotated[str | None, typer.Argument(help="The pack.")] = None,
    connection: Annotated[str | None, typer.Argument(help="One of its connections.")] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Look at all connected accounts, or at those given: whose, and until when.",
        ),
    ] = False,
    reconnect: Annotated[
        bool, typer.Option("--reconnect", help="Replace the account that is connected.")
    ] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Have the service end the consent; forget the account.")
    ] = False,
    from_env: Annotated[
        bool,
        typer.Option(
            "--from-env", help="Read the credentials from environment variables instead of asking."
        ),
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(help="The API's base URL, where the pack needs one.")
    ] = None,
    no_browser: Annotated[
        bool,
        typer.Option(
            "--no-browser", help="Show the link, and ask for the address that it leads back to."
        ),
    ] = False,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code, to be typed on another device.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="The redirect address's port; a free one if it is 0."),
    ] = 0,
    redirect: Annotated[
        str | None,
        typer.Option(help="Another redirect address, such as an https one; implies --no-browser."),
    ] = None,
) -> None:
    """Connect an account of a service, verify it, and keep its credentials for syncs.

    Asks for what the pack's authentication needs; with OAuth2, a browser then asks for your
    consent. No secret is ever an option: it is typed, not shown, or read from variables.
    """
    with plain_errors():
        if check + reconnect + revoke > 1:
            fail("take one of --check, --reconnect and --revoke")
        if check:
            check_accounts(pack, connection)
            return
        if pack is None:
            fail("which pack? `packsync connect PACK`; `packsync list` shows them")
        configured = choose_pack(pack, complete=False, variables=False)
        with chosen_connection(configured, connection or "default") as chosen:
            if revoke:
                revoke_account(chosen)
                return
            options = ConnectOptions(
                reconnect=reconnect,
                from_env=from_env,
                endpoint=endpoint,
                no_browser=no_browser,
                device=device,
                port=port,
                redirect=redirect,
            )
            connect_account(chosen, options)
