"""Where tokens obtained at run time are kept (contract A3, A4)."""

import os
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.errors import AuthenticationFailedError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.connection import Connection
from pack_sync.state.secret_files import SecretFile
from pack_sync.state.secret_store import SecretStores
from pack_sync.state.tokens import Tokens, TokenStore
from tests.conftest import Connect, impatient
from tests.http.oauth_service import FIRST_REFRESH_TOKEN, OAuthService, oauth_credentials
from tests.http_server import HttpServer, SeenRequest

TOKENS = Tokens(access_token="a", refresh_token="r", expires_at=12.5)


GRANT = ["https://a.example/token", "client", "refresh"]


def files_in(folder: Path) -> SecretStores:
    return lambda name: SecretFile(folder, name)


def store_in(folder: Path) -> TokenStore:
    return TokenStore(files_in(folder), GRANT)


def connection_to(
    service: OAuthService, connect: Connect, folder: Path, given: str = FIRST_REFRESH_TOKEN
) -> Connection:
    return connect(
        service.authentication,
        credentials=oauth_credentials(given),
        credentials_folder=str(folder),
    )


def fetch(connection: Connection, service: OAuthService) -> Any:
    return impatient(connection).send(FetchRequest(url=f"{service.server.url}/api")).body


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All of it, by another store of the same grant; other grants know nothing of it (A3)."""
    store_in(tmp_path).save(TOKENS)
    assert store_in(tmp_path).load() == TOKENS
    assert TokenStore(files_in(tmp_path), [*GRANT[:2], "other"]).load() is None


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """Folder 0700, files 0600, whatever the umask; and no secret in a file's name (A4)."""
    before = os.umask(0)
    try:
        store = store_in(tmp_path / "credentials")
        with store.locked(5):
            store.save(TOKENS)
            store.save(TOKENS)
    finally:
        os.umask(before)
    assert (tmp_path / "credentials").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "credentials").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert {file.suffix for file in files} <= {".json", ".lock"}
    assert "refresh" not in str(files)


def test_a_failed_save_leaves_the_file_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced whole or not at all, after it has reached the disk (A3)."""
    store = store_in(tmp_path)
    store.save(TOKENS)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuthenticationFailedError, match=r"cannot be written \(No space left"):
        store.save(Tokens(refresh_token="new"))
    assert store.load() == TOKENS
    assert len(list(tmp_path.iterdir())) == 1


def test_a_lock_that_is_held_too_long(tmp_path: Path) -> None:
    """Waiting for another process ends with an error that names the lock (A3)."""
    with (
        store_in(tmp_path).locked(5),
        pytest.raises(AuthenticationFailedError, match=r"Another process .* Its lock is .*\.lock"),
        store_in(tmp_path).locked(0.05),
    ):
        pass
    with store_in(tmp_path).locked(5):
        pass


def test_a_folder_that_cannot_be_used_is_noticed_before_the_refresh(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """A token that could not be saved is not asked for: the old one would be lost (A3)."""
    (tmp_path / "file").touch()
    service = OAuthService(server=server)
    connection = connection_to(service, connect, tmp_path / "file" / "credentials")
    with pytest.raises(AuthenticationFailedError, match=r"cannot be written .*credentials_folder"):
        fetch(connection, service)
    assert server.requests == []


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    """It is named, with what to do; its content is not shown (A3, A4)."""
    store = store_in(tmp_path)
    store.save(TOKENS)
    [file] = tmp_path.iterdir()
    file.write_text("secret-half-of-a-file")
    with pytest.raises(AuthenticationFailedError, match=r"is damaged\. Delete it") as caught:
        store.load()
    assert "secret-half" not in str(caught.value)


def test_the_rotated_token_outlives_the_process(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """The environment's refresh token is only the first one; the saved one follows it (A3)."""
    service = OAuthService(server=server)
    fetch(connection_to(service, connect, tmp_path), service)
    assert fetch(connection_to(service, connect, tmp_path), service) == {"ok": True}
    service.expire()
    assert fetch(connection_to(service, connect, tmp_path), service) == {"ok": True}
    assert [b"refresh-token-0" in seen.body for seen in service.token_requests] == [True, False]


def test_a_new_refresh_token_in_the_configuration_starts_again(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """Reconnecting is putting another token into the variable; what was saved is forgotten (A3)."""
    service = OAuthService(server=server)
    fetch(connection_to(service, connect, tmp_path), service)
    service.revoked = True
    with pytest.raises(AuthenticationFailedError):
        fetch(connection_to(service, connect, tmp_path), service)
    service.revoked, service.refresh_token = False, "reconnected"
    assert fetch(connection_to(service, connect, tmp_path, "reconnected"), service) == {"ok": True}
    assert b"reconnected" in service.token_requests[-1].body


def test_the_token_is_saved_before_it_is_used(
    server: HttpServer, connect: Connect, tmp_path: Path
) -> None:
    """When the API sees the new access token, the new refresh token is on disk (A3)."""
    service = OAuthService(server=server)
    saved: list[bool] = []

    def answer(seen: SeenRequest) -> Any:
        if seen.path == "/api":
            files = [file.read_text() for file in tmp_path.glob("*.json")]
            saved.append(any(service.refresh_token in text for text in files))
        return service.answer(seen)

    server.answer = answer
    fetch(connection_to(service, connect, tmp_path), service)
    assert saved == [True]
