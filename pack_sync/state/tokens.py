"""Tokens that were obtained at run time, and where they are kept (contract A3).

They are kept by a hash of what the configuration, or the connected account, gives: a new refresh
token there begins anew, and connections that were given the same one share theirs, and the lock.
"""

import hashlib
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields

from pack_sync.state.secret_store import SecretStores


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a token endpoint gave; all times are in seconds since 1970.

    `expires_at` is when the access token is to be renewed, `refresh_expires_at` when the refresh
    token ends, where the service says so; `obtained_at` when the endpoint gave them.
    """

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: float | None = None
    refresh_expires_at: float | None = None
    obtained_at: float | None = None

    @property
    def end_at(self) -> float | None:
        """When a person has to connect the account again; None if nothing says so."""
        return self.refresh_expires_at if self.refresh_token else self.expires_at


_FIELDS = {each.name for each in fields(Tokens)}


class TokenStore:
    """The tokens of one grant; `identity` is what tells it from others, secrets included."""

    def __init__(self, stores: SecretStores, identity: Sequence[str]) -> None:
        self._store = stores(f"oauth2-{grant_name(identity)}")

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Be the only process, and the only thread, that obtains tokens for this grant.

        Raises `AuthenticationFailedError` if that takes longer than `seconds`, or if tokens
        cannot be kept here.
        """
        with self._store.locked(seconds):
            yield

    def load(self) -> Tokens | None:
        """The tokens saved last, None if there are none."""
        saved = self._store.load()
        if saved is None:
            return None
        return Tokens(**{key: saved[key] for key in _FIELDS & saved.keys()})

    def save(self, tokens: Tokens) -> None:
        """Keep the tokens, for good when this returns; called while it is locked."""
        self._store.save(asdict(tokens))

    def remove(self) -> None:
        """Forget the tokens; called while it is locked."""
        self._store.remove()


def grant_name(identity: Sequence[str]) -> str:
    """A name of a grant that shows nothing of it."""
    return hashlib.sha256(json.dumps(list(identity)).encode()).hexdigest()[:32]
