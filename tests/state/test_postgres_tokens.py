"""Tokens of OAuth2 in the Postgres of a lake (contract A3, A4)."""

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from pack_sdk.errors import AuthenticationFailedError, ConnectionFailedError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.connection import Connection
from pack_sync.state.accounts import Account, AccountStore
from pack_sync.state.encryption import VARIABLE
from pack_sync.state.postgres_secrets import shared_stores
from pack_sync.state.secret_store import SecretStores
from pack_sync.state.tokens import Tokens, TokenStore
from pack_sync.warehouse.database import database_at
from tests.conftest import impatient
from tests.engine.sync_harness import local_connection
from tests.http.oauth_service import OAuthService, oauth_credentials
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.warehouses import postgres_database

TOKENS = Tokens(access_token="plain-a", refresh_token="plain-r", expires_at=12.5)
GRANT = ["https://a.example/token", "client", "refresh"]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in the environment."""
    made = Fernet.generate_key().decode()
    monkeypatch.setenv(VARIABLE, made)
    return made


@pytest.fixture
def stores(tmp_path: Path) -> SecretStores:
    found = shared_stores(database_at(f"ducklake:postgres:{postgres_database(tmp_path)}", tmp_path))
    assert found is not None
    return found


def query(folder: Path, text: str) -> list[tuple[Any, ...]]:
    """What the lake's Postgres answers."""
    with psycopg.connect(postgres_database(folder), autocommit=True) as postgres:
        done = postgres.execute(text.encode())
        return done.fetchall() if done.description else []


def saved(store: TokenStore, tokens: Tokens = TOKENS) -> None:
    """Save tokens."""
    with store.locked(5):
        store.save(tokens)


def loaded(store: TokenStore) -> Tokens | None:
    """The tokens saved last."""
    with store.locked(5):
        return store.load()


def test_what_is_saved_is_loaded(stores: SecretStores, tmp_path: Path) -> None:
    """By another store of the same grant; the database shows neither tokens nor grant (A3, A4)."""
    assert loaded(TokenStore(stores, GRANT)) is None
    saved(TokenStore(stores, GRANT))
    assert loaded(TokenStore(stores, GRANT)) == TOKENS
    assert loaded(TokenStore(stores, [*GRANT[:2], "other"])) is None
    shown = str(query(tmp_path, "SELECT * FROM pack_sync.credentials"))
    assert not any(secret in shown for secret in ("plain", "refresh", "client"))


ACCOUNT = Account(
    credentials={"client_id": "plain-c", "refresh_token": "plain-r"}, name="Ada", scopes=("read",)
)


def test_an_account_is_every_machines(stores: SecretStores, tmp_path: Path) -> None:
    """Connected on one, used by all; the database shows nothing of it (A4, A5)."""
    AccountStore(stores, "acme", "default").replace(None, ACCOUNT)
    assert AccountStore(stores, "acme", "default").load() == ACCOUNT
    assert AccountStore(stores, "acme", "other").load() is None
    assert "plain" not in str(query(tmp_path, "SELECT * FROM pack_sync.credentials"))
    AccountStore(stores, "acme", "default").replace(ACCOUNT, None)
    assert AccountStore(stores, "acme", "default").load() is None


def test_an_account_that_another_machine_replaced_is_kept(stores: SecretStores) -> None:
    """Two that connect at once do not overwrite each other unseen (A5)."""
    AccountStore(stores, "acme", "default").replace(None, ACCOUNT)
    with pytest.raises(AuthenticationFailedError, match="changed this account meanwhile"):
        AccountStore(stores, "acme", "default").replace(None, Account(credentials={"token": "t"}))
    assert AccountStore(stores, "acme", "default").load() == ACCOUNT


def test_no_key_is_needed_where_nothing_is_kept(
    stores: SecretStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pack whose account nobody connected says that, and not that a key is missing (A5)."""
    monkeypatch.delenv(VARIABLE)
    store = AccountStore(stores, "acme", "default")
    assert store.load() is None
    with pytest.raises(AuthenticationFailedError, match="has no PACK_SYNC_STATE_KEY"):
        store.check()


def test_a_key_is_exchanged(
    stores: SecretStores, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new one is set before the old one, until what was saved with that is saved anew (A4)."""
    saved(TokenStore(stores, GRANT))
    new = Fernet.generate_key().decode()
    monkeypatch.setenv(VARIABLE, f"{new}, {key}")
    assert loaded(TokenStore(stores, GRANT)) == TOKENS
    saved(TokenStore(stores, GRANT))
    monkeypatch.setenv(VARIABLE, new)
    assert loaded(TokenStore(stores, GRANT)) == TOKENS
    monkeypatch.setenv(VARIABLE, key)
    with pytest.raises(AuthenticationFailedError, match="encrypted with another key"):
        loaded(TokenStore(stores, GRANT))


@pytest.mark.parametrize(("given", "told"), [("", "has no PACK_SYNC"), ("secret!", "is no key")])
def test_without_a_key_nothing_is_asked_for(
    given: str, told: str, stores: SecretStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the command that makes a key, and does not repeat what was set (A3, A4)."""
    monkeypatch.setenv(VARIABLE, given)
    server = HttpServer()
    service = OAuthService(server=server)
    with connection(service, stores) as opened:
        with pytest.raises(AuthenticationFailedError, match=told) as caught:
            fetch(opened, service)
        assert "Fernet.generate_key()" in str(caught.value)
        assert "secret!" not in str(caught.value)
    assert service.token_requests == []
    server.close()


def connection(service: OAuthService, stores: SecretStores, **settings: Any) -> Connection:
    """A connection whose tokens are there."""
    given = local_connection(credentials=oauth_credentials(), **settings)
    return Connection(given, service.authentication, (), shared=stores)


def fetch(opened: Connection, service: OAuthService) -> Any:
    """What the service answers."""
    return impatient(opened).send(FetchRequest(url=f"{service.server.url}/api")).body


def test_a_folder_that_a_connection_names_is_used(
    server: HttpServer, stores: SecretStores, tmp_path: Path
) -> None:
    """`credentials_folder` is a decision of the user's."""
    service = OAuthService(server=server)
    with connection(service, stores, credentials_folder=str(tmp_path / "own")) as opened:
        assert fetch(opened, service) == {"ok": True}
    assert [file.suffix for file in (tmp_path / "own").glob("*.json")] == [".json"]


def test_postgres_lets_go_while_tokens_are_obtained(
    server: HttpServer, stores: SecretStores, tmp_path: Path
) -> None:
    """What the endpoint gave is saved all the same: it may be all that is left (A3)."""
    service = OAuthService(server=server)

    def answer(seen: SeenRequest) -> Answer:
        if seen.path == "/token":
            query(
                tmp_path,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        return service.answer(seen)

    server.answer = answer
    with connection(service, stores) as opened:
        assert fetch(opened, service) == {"ok": True}
    service.expire()
    with connection(service, stores) as opened:
        assert fetch(opened, service) == {"ok": True}
    assert [b"refresh-token-0" in seen.body for seen in service.token_requests] == [True, False]


def test_another_who_takes_too_long(stores: SecretStores) -> None:
    """Waiting for the row ends, with what to do."""
    with (
        TokenStore(stores, GRANT).locked(5),
        pytest.raises(AuthenticationFailedError, match=r"for 0\.1 s; try again"),
        TokenStore(stores, GRANT).locked(0.1),
    ):
        pass


def test_a_postgres_that_does_not_answer(tmp_path: Path) -> None:
    """It passes, so the sync is tried again; the password is not shown."""
    address = "ducklake:postgres:host=127.0.0.1 port=1 dbname=lake user=sync password=hunter2"
    stores = shared_stores(database_at(address, tmp_path))
    assert stores is not None
    with pytest.raises(ConnectionFailedError, match="cannot be read") as caught:
        loaded(TokenStore(stores, GRANT))
    assert "hunter2" not in str(caught.value)
    assert os.environ[VARIABLE] not in repr(vars(TokenStore(stores, GRANT)))
