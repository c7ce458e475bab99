"""Runs with a connected account instead of environment variables (contract A5)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Pack, SyncExecutionContext
from pack_sync.connection_settings import ConnectionOptions
from pack_sync.state.accounts import Account, AccountStore
from pack_sync.state.secret_store import stores_of
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import items
from tests.http.oauth_service import OAuthService, oauth_credentials
from tests.http_server import HttpServer

project = dagster_project.project


def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
    """All items."""
    context.fetcher.fetch(url="/items")
    return {"result": items(a="1")}


def pack_with(kind: str, **fields: Any) -> Pack:
    """A pack with a table, of that kind of authentication."""
    pack = pack_of(Items=sync_items)
    pack.set_authentication(type=kind, **fields)
    return pack


def connected(account: Account, connection: str = "default", **options: Any) -> AccountStore:
    """Keep the account as `packsync connect` does."""
    store = AccountStore(stores_of(ConnectionOptions(**options), None), "acme", connection)
    store.replace(store.load(), account)
    return store


def switch_on(project: DagsterProject, pack: Pack, endpoint: str | None, **more: Any) -> None:
    """Switch the pack on, without credentials unless given."""
    connection = {"allow_http_localhost": True, **({"endpoint": endpoint} if endpoint else {})}
    project.switch_on_pack("acme", pack, name="acme", connections={"default": connection | more})


class KeyringInMemory:
    """What the functions of keyring do, without a system's keyring."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, entry: str) -> str | None:
        return self.kept.get((service, entry))

    def set_password(self, service: str, entry: str, text: str) -> None:
        self.kept[service, entry] = text

    def delete_password(self, service: str, entry: str) -> None:
        del self.kept[service, entry]


def sent(server: HttpServer) -> list[str | None]:
    """What the requests for items were authorized by."""
    seen = [each for each in server.requests if each.path == "/items"]
    return [each.headers.get("authorization") for each in seen]


def test_a_run_takes_what_the_account_has(project: DagsterProject, server: HttpServer) -> None:
    """Credentials and endpoint; the `defs.yaml` has none (A5)."""
    connected(Account(credentials={"token": "of-the-account"}, endpoint=server.url))
    switch_on(project, pack_with("HeaderBearerToken", requires_endpoint_url=True), None)
    assert synced_tables(project.run()) == {"acme.Items"}
    assert sent(server) == ["Bearer of-the-account"]


def test_environment_and_endpoint_of_the_file_win(
    project: DagsterProject, server: HttpServer
) -> None:
    """What is configured counts, whatever was connected (A5)."""
    connected(Account(credentials={"token": "of-the-account"}, endpoint="https://x.example"))
    project.monkeypatch.setenv("TOKEN_OF_TESTS", "of-the-environment")
    switch_on(
        project,
        pack_with("HeaderBearerToken"),
        server.url,
        credentials={"token": {"env": "TOKEN_OF_TESTS"}},
    )
    assert synced_tables(project.run()) == {"acme.Items"}
    assert sent(server) == ["Bearer of-the-environment"]


def test_two_accounts_are_never_mixed(project: DagsterProject, server: HttpServer) -> None:
    """With the user of one, the password of another is not taken (A5)."""
    connected(Account(credentials={"username": "ada", "password": "of-ada"}))
    project.monkeypatch.setenv("USER_OF_TESTS", "bob")
    pack = pack_with("WebBasic")
    switch_on(project, pack, server.url, credentials={"username": {"env": "USER_OF_TESTS"}})
    result = project.run()
    assert not result.success
    assert "no account is connected: password missing" in project.logged(result)
    assert server.requests == []


@pytest.mark.parametrize("given", [False, True])
def test_the_client_of_the_environment_with_the_token_of_the_account(
    project: DagsterProject, server: HttpServer, given: bool
) -> None:
    """A program is known by the same client whichever account is connected (A5, A3)."""
    service = OAuthService(server=server)
    pack = pack_of(Items=sync_items)
    pack.authentication = service.authentication
    credentials = oauth_credentials()
    variables: dict[str, Any] = {}
    if given:
        for key in ("client_id", "client_secret"):
            project.monkeypatch.setenv(f"{key}_of_tests", credentials.pop(key))
            variables[key] = {"env": f"{key}_of_tests"}
    connected(Account(credentials=credentials))
    switch_on(project, pack, server.url, credentials=variables)
    assert synced_tables(project.run()) == {"acme.Items"}
    assert sent(server) == ["Bearer access-token-1"]


def test_an_access_token_without_a_refresh_token(
    project: DagsterProject, server: HttpServer
) -> None:
    """It is used until the service rejects it; then the command to connect again is named (A3)."""
    service = OAuthService(server=server, issued=1)
    pack = pack_of(Items=sync_items)
    pack.authentication = service.authentication
    credentials = {**oauth_credentials(access_token="access-token-1")}
    del credentials["refresh_token"]
    connected(Account(credentials=credentials))
    switch_on(project, pack, server.url)
    assert synced_tables(project.run()) == {"acme.Items"}
    service.expire()
    result = project.run()
    assert not result.success
    assert "`packsync connect` with --reconnect" in project.logged(result)
    assert service.token_requests == []


def test_nothing_connected_and_nothing_configured(
    project: DagsterProject, server: HttpServer
) -> None:
    """Definitions load; the run says what is missing and both remedies, and asks nothing (A5)."""
    switch_on(project, pack_with("HeaderBearerToken"), server.url)
    result = project.run()
    assert not result.success
    logged = project.logged(result)
    assert "no account is connected: token missing" in logged
    assert "packsync connect acme default" in logged
    assert "`credentials: {token: {env: NAME}}`" in logged
    assert server.requests == []


def test_a_refused_grant_of_an_account_names_the_command(
    project: DagsterProject, server: HttpServer
) -> None:
    """No variable is named, for there is none (A3, A5)."""
    service = OAuthService(server=server, revoked=True)
    pack = pack_of(Items=sync_items)
    pack.authentication = service.authentication
    connected(Account(credentials=oauth_credentials()))
    switch_on(project, pack, server.url)
    assert "`packsync connect acme default --reconnect`" in project.logged(project.run())


def test_the_keyring_is_asked_where_the_connection_says_so(
    project: DagsterProject, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `use_keyring`, no file has the account (A5)."""
    keyring = pytest.importorskip("keyring")
    memory = KeyringInMemory()
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(memory, name))
    store = connected(Account(credentials={"token": "of-the-keyring"}), use_keyring=True)
    switch_on(project, pack_with("HeaderBearerToken"), server.url, use_keyring=True)
    assert synced_tables(project.run()) == {"acme.Items"}
    assert sent(server) == ["Bearer of-the-keyring"]
    assert not list(project.folder.rglob("account-*.json"))
    store.replace(store.load(), None)
    assert memory.kept == {}


def test_a_keyring_that_cannot_be_used(project: DagsterProject, server: HttpServer) -> None:
    """The error says what to do; here there is no keyring at all (A5)."""
    pytest.importorskip("keyring")
    project.monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    switch_on(project, pack_with("HeaderBearerToken"), server.url, use_keyring=True)
    result = project.run()
    assert not result.success
    assert "keyring" in project.logged(result)
    assert "leave out `use_keyring`" in project.logged(result)


def test_a_damaged_account_is_named(project: DagsterProject, server: HttpServer) -> None:
    """With the file to delete; nothing of it is shown (A4, A5)."""
    store = connected(Account(credentials={"token": "t"}))
    Path(str(store)).write_text('{"credentials": "half-of-a-sec')
    switch_on(project, pack_with("HeaderBearerToken"), server.url)
    logged = project.logged(project.run())
    assert "is damaged. Delete it" in logged
    assert "half-of-a-sec" not in logged


def test_the_keys_owner_alone_reads_the_account(project: DagsterProject) -> None:
    """File 0600 in a folder 0700, written whole; a file of a killed process goes (A4, A5)."""
    store = connected(Account(credentials={"token": "t"}, scopes=("a", "b"), name="Ada"))
    file = Path(str(store))
    left = file.with_name(f"{file.stem}.left.tmp")
    left.write_text("of a killed process")
    account = store.load()
    assert account == Account(
        credentials={"token": "t"}, scopes=("a", "b"), name="Ada",
        connected_at=account.connected_at if account else 0,
    )  # fmt: skip
    store.replace(account, Account(credentials={"token": "u"}))
    assert {each.stat().st_mode & 0o777 for each in file.parent.iterdir()} == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert not left.exists()
    assert project.folder in file.parents
