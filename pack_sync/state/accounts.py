"""Connected accounts: the credentials that `packsync connect` obtained (contract A5)."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from pack_sdk.errors import AuthenticationFailedError
from pack_sync.state.secret_store import SecretStores

_LONGEST_WAIT = 30.0
"""Seconds to wait for another process that saves the same account: it takes moments."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One connected account of a service.

    `credentials` are by the names that the pack's authentication gives them. `name` is whose
    account it is, as the pack or the service says; `scopes` what was granted, None where nobody
    knows. `connected_at` is in seconds since 1970. `redirect` is the redirect address of the
    consent, None for an account without one.
    """

    credentials: Mapping[str, str] = field(repr=False)
    endpoint: str | None = None
    name: str = ""
    scopes: tuple[str, ...] | None = None
    connected_at: float = field(default_factory=time.time)
    redirect: str | None = None


_FIELDS = {each.name for each in fields(Account)}


class AccountStore:
    """Where the account of one connection of a pack is kept; as text, the place."""

    def __init__(self, stores: SecretStores, pack: str, connection: str) -> None:
        self._store = stores(account_document(pack, connection))

    def __str__(self) -> str:
        return str(self._store)

    def load(self) -> Account | None:
        """The account, None if none is connected. Raises `AuthenticationFailedError`."""
        saved = self._store.load()
        if saved is None:
            return None
        known = {key: saved[key] for key in _FIELDS & saved.keys()}
        scopes = known.pop("scopes", None)
        return Account(**known, scopes=None if scopes is None else tuple(scopes))

    def check(self) -> None:
        """See that something can be kept here, before anybody is asked for anything.

        Raises `AuthenticationFailedError` or `ConnectionFailedError`.
        """
        with self._store.locked(_LONGEST_WAIT):
            self._store.load()

    def replace(self, before: Account | None, account: Account | None) -> None:
        """Keep the account in place of the one that was there `before`; None removes it.

        Raises `AuthenticationFailedError` where another process has replaced it meanwhile.
        """
        with self._store.locked(_LONGEST_WAIT):
            if self.load() != before:
                raise AuthenticationFailedError(
                    "Another process has changed this account meanwhile; its account is kept, and "
                    "nothing was saved now. See it with `packsync connect --check`."
                )
            if account is None:
                self._store.remove()
            else:
                self._store.save(asdict(account))


def account_document(pack: str, connection: str) -> str:
    """The name of the document of an account; a hash tells apart what is spelled alike.

    >>> account_document("tracker", "default")
    'account-tracker-default-b1e8ddd2'
    """
    digest = hashlib.sha256(f"{pack}\n{connection}".encode()).hexdigest()[:8]
    return f"account-{re.sub(r'[^A-Za-z0-9_-]', '_', f'{pack}-{connection}')}-{digest}"
