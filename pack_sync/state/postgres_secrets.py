"""Secret documents in the Postgres of a lake: a row for each, encrypted, for all machines.

Who obtains tokens has the row's lock, so no refresh token is used twice.
"""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import orjson

from pack_sdk.errors import AuthenticationFailedError, ConnectionFailedError
from pack_sync.state.encryption import VARIABLE, Cipher
from pack_sync.state.postgres import SCHEMA, connect, shared_postgres
from pack_sync.state.secret_store import SecretStores
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.postgres_catalogue import PostgresCatalogue, close
from pack_sync.warehouse.storage_errors import CatalogueError

_SAVE_FOR_SECONDS = 60.0
"""How long saving is tried: tokens that are not saved may be the last ones of the account."""

_TABLE = f"{SCHEMA}.credentials"
_LOCK_NOT_AVAILABLE = "55P03"


def shared_stores(database: Database) -> SecretStores | None:
    """Where those who sync into this database share secrets; None if each keeps its own."""
    catalogue = shared_postgres(database)
    return None if catalogue is None else partial(PostgresSecret, catalogue)


class PostgresSecret:
    """The row of one document."""

    def __init__(self, catalogue: PostgresCatalogue, name: str) -> None:
        self._catalogue = catalogue
        self._name = name.removeprefix("oauth2-")  # as the rows of tokens have always been named
        self._cipher: Cipher | None = None
        self._postgres: Any = None
        self._loaded: str | None = None

    def __str__(self) -> str:
        return f"{_TABLE} of {self._catalogue}, encrypted"

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Have the row's lock, in a transaction on a connection of its own."""
        self._cipher = Cipher()  # before anything is obtained that could not be kept
        with _explained():
            self._postgres = connect(self._catalogue, seconds)
        try:
            with _explained(), self._catalogue.explained_failures():
                self._lock(seconds)
            yield
        finally:
            close(self._postgres)
            self._postgres = None

    def load(self) -> Mapping[str, Any] | None:
        """What was saved last; while it is not locked, what others have saved is seen as well."""
        text = self._loaded if self._postgres is not None else self._read()
        if text is None:
            return None
        plain = (self._cipher or Cipher()).decrypt(text)
        if plain is None:
            raise AuthenticationFailedError(
                f"The credentials of this connection were encrypted with another key than those "
                f"of {VARIABLE}. Put the earlier key behind the new one, with a comma between "
                f"them. If it is lost, connect the account again: with another refresh token in "
                f"its configuration, or with `packsync connect --reconnect`."
            )
        return cast("Mapping[str, Any]", orjson.loads(plain))

    def save(self, document: Mapping[str, Any]) -> None:
        """Keep the document: committed, when this returns, which ends the lock.

        Should the connection have been lost meanwhile, it is saved all the same once Postgres
        answers, unless somebody else has saved another.
        """
        if self._cipher is None:
            raise AssertionError("a secret is saved while it is locked")
        self._write(self._cipher.encrypt(orjson.dumps(dict(document))))

    def remove(self) -> None:
        """Forget the document: committed, when this returns, which ends the lock."""
        self._write(None)

    def _write(self, text: str | None) -> None:
        patience = 0.0
        while True:
            try:
                with self._catalogue.explained_failures():
                    if self._postgres is None:
                        self._postgres = connect(self._catalogue)
                    self._commit(text)
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

    def _read(self) -> str | None:
        with _explained():
            postgres = connect(self._catalogue)
        try:
            with _explained(), self._catalogue.explained_failures():
                select = f"SELECT tokens FROM {_TABLE} WHERE grant_name = %s"
                row = postgres.execute(select, [self._name]).fetchone()
                return row[0] if row else None
        finally:
            close(postgres)

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
                f"Another process has been obtaining an access token, or saving an account, for "
                f"{seconds:g} s; try again when it is done."
            ) from None

    def _commit(self, text: str | None) -> None:
        """Commit the text in place of the one that was loaded."""
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
        raise ConnectionFailedError(f"Credentials cannot be read: {error}") from error
