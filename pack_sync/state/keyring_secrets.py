"""Secret documents in the system's keyring (extra `keyring`)."""

import importlib
import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pack_sdk.errors import AuthenticationFailedError
from pack_sync.state.locked_secrets import take_lock

SERVICE = "pack-sync"
"""What the keyring shows as the program that the secrets are of."""


class KeyringSecret:
    """The entry of one document; `project` tells those of several projects apart.

    Keyrings have no locks: that is a file in the folder `locks`, with nothing in it.
    """

    def __init__(self, name: str, project: Path, locks: Path) -> None:
        self._entry = f"{project}: {name}"
        self._lock = locks / f"{name}.keyring.lock"

    def __str__(self) -> str:
        return f"the system's keyring, entry {self._entry!r} of {SERVICE!r}"

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Have the lock file."""
        lock = take_lock(self._lock, seconds)
        try:
            yield
        finally:
            lock.release()

    def load(self) -> Mapping[str, Any] | None:
        """What the entry holds."""
        text = self._asked("get_password")
        return None if text is None else json.loads(text)

    def save(self, document: Mapping[str, Any]) -> None:
        """Replace the entry."""
        self._asked("set_password", json.dumps(dict(document)))

    def remove(self) -> None:
        """Delete the entry."""
        if self.load() is not None:
            self._asked("delete_password")

    def _asked(self, function: str, *more: str) -> Any:
        if find_spec("keyring") is None:
            raise AuthenticationFailedError(
                "The connection has `use_keyring: true`, for which keyring is needed, and it is "
                'not installed: pip install "pack-sync[keyring]"'
            )
        keyring: Any = importlib.import_module("keyring")
        call: Callable[..., Any] = getattr(keyring, function)
        with suppress(keyring.errors.KeyringError):  # whose text may be the secret's
            return call(SERVICE, self._entry, *more)
        raise AuthenticationFailedError(
            f"The system's keyring ({type(keyring.get_keyring()).__module__}) cannot be used, or "
            "is locked. Unlock it, or leave out `use_keyring` of the connection: then a file that "
            "only its owner may read is used."
        )
