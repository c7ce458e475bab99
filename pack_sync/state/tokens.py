"""Tokens of OAuth2 that were obtained at run time, and where they are kept (contract A3)."""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a token endpoint gave. `expires_at` is in seconds since 1970."""

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: float | None = None


class TokenStore(Protocol):
    """The tokens of one grant, shared by all who were given the same one."""

    def locked(self, seconds: float) -> AbstractContextManager[None]:
        """Be the only process, and the only thread, that obtains tokens for this grant.

        Raises `AuthenticationFailedError` if that takes longer than `seconds`, or if tokens
        cannot be kept here.
        """
        ...

    def load(self) -> Tokens | None:
        """The tokens saved last, None if there are none; called while it is locked."""
        ...

    def save(self, tokens: Tokens) -> None:
        """Keep the tokens, for good when this returns; called while it is locked."""
        ...


TokenStores: TypeAlias = Callable[[Sequence[str]], TokenStore]
"""Where the tokens of a grant are, by what tells it from others, secrets included."""


def grant_name(identity: Sequence[str]) -> str:
    """A name of a grant that shows nothing of it."""
    return hashlib.sha256(json.dumps(list(identity)).encode()).hexdigest()[:32]
