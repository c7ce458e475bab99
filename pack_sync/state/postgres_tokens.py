"""Tokens of OAuth2 in the Postgres of a lake: one row for each grant, for all machines.

Who obtains tokens has the row's lock, so no refresh token is used twice. They are encrypted. The
row is named by a hash of what the configuration gives, as the files of `token_files` are.
"""

import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import orjson

from pack_sdk.errors import AuthenticationFailedError, ConnectionFailedError
from pack_sync.state.encryption import VARIABLE, Cipher
from pack_sync.state.postgres import SCHEMA, close, connect, shared_postgres
from pack_sync.state.tokens import Tokens, TokenStores, grant_name
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue
from pack_sync.warehouse.storage_errors import CatalogueError

_SAVE_FOR_SECONDS = 60.0
"""How long saving is tried: tokens that are not saved may be the last ones of the account."""

_TABLE = f"{SCHEMA}.credentials"
_LOCK_NOT_AVAILABLE = "55P03"


def token_stores(database: Database) -> TokenStores | None:
    """Where those who sync into this database share tokens; None if each keeps files."""
    catalogue = shared_postgres(database)
    return None if catalogue is None else partial(PostgresTokens, catalogue)


class PostgresTokens:
    """The row of one grant."""

    def __init__(self, catalogue: PostgresCatalogue, identity: Sequence[str]) -> None:
        self._catalogue = catalogue
        self._name = grant_name(identity)
        self._cipher: Cipher | None = None
        self._postgres: Any = None
        self._loaded: str | None = None

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Have the row's lock, in a transaction on a connection of its own."""
        self._cipher = Cipher()  # before anything is obtained that could not be kept
        with _explained():
            self._postgres = connect(self._catalogue)
        try:
            with _explained(), self._catalogue.explained_failures():
                self._lock(seconds)
            yield
        finally:
            close(self._postgres)
            self._postgres = None

    def load(self) -> Tokens | None:
        """The tokens saved last, None if there are none."""
        if self._loaded is None or self._cipher is None:
            return None
        plain = self._cipher.decrypt(self._loaded)
        if plain is None:
            raise AuthenticationFailedError(
                f"The tokens of this connection were encrypted with another key than those of "
                f"{VARIABLE}. Put the earlier key behind the new one, with a comma between them. "
                f"If it is lost, connect the account again: with another refresh token in its "
                f"configuration it begins anew."
            )
        return Tokens(**orjson.loads(plain))

    def save(self, tokens: Tokens) -> None:
        """Keep the tokens: committed, when this returns, which ends the lock.

        Should the connection have been lost meanwhile, they are saved all the same once Postgres
        answers, unless somebody else has saved others.
        """
        if self._cipher is None:
            raise AssertionError("tokens are saved while they are locked")
        text, patience = self._cipher.encrypt(orjson.dumps(asdict(tokens))), 0.0
        while True:
            try:
                with self._catalogue.explained_failures():
                    if self._postgres is None:
                        self._postgres = connect(self._catalogue)
                    self._write(text)
                return
            except CatalogueError as error:
                close(self._postgres)
                self._postgres = None
                patience = patience or time.monotonic() + _SAVE_FOR_SECONDS
                if time.monotonic() >= patience:
                    raise ConnectionFailedError(
                        f"New tokens of this connection could not be saved: {error}. If the "
                        "service has made the earlier ones invalid, connect the account again."
                    ) from error
                time.sleep(0.5)

    def _lock(self, seconds: float) -> None:
        postgres = self._postgres
        insert = f"INSERT INTO {_TABLE} (grant_name) VALUES (%s) ON CONFLICT DO NOTHING"
        postgres.execute(insert, [self._name])
        postgres.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        postgres.execute(f"SET LOCAL lock_timeout = {max(1, int(seconds * 1000))}")
        select = f"SELECT tokens FROM {_TABLE} WHERE grant_name = %s FOR UPDATE"
        try:
            ((self._loaded,),) = postgres.execute(select, [self._name]).fetchall()
        except Exception as error:
            if getattr(error, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise AuthenticationFailedError(
                f"Another process has been obtaining an access token for {seconds:g} s; try again "
                "when it is done."
            ) from None

    def _write(self, text: str) -> None:
        """Commit the tokens in place of those that were loaded."""
        self._postgres.execute(
            f"UPDATE {_TABLE} SET tokens = %s, saved_at = now() "
            "WHERE grant_name = %s AND tokens IS NOT DISTINCT FROM %s",
            [text, self._name, self._loaded],
        )
        self._postgres.execute("COMMIT")  # a warning, where the connection is a new one


@contextmanager
def _explained() -> Generator[None]:
    """What fails to reach Postgres passes: the sync is tried again."""
    try:
        yield
    except CatalogueError as error:
        raise ConnectionFailedError(f"Tokens cannot be read: {error}") from error
