"""Encryption of what is kept in a database that others can read: by keys of the environment."""

import importlib
import os
from importlib.util import find_spec
from typing import Any

from pack_sdk.errors import AuthenticationFailedError

VARIABLE = "PACK_SYNC_STATE_KEY"
"""The environment variable with the keys: the first encrypts, each may decrypt."""

_MAKE_ONE = (
    'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
)


class Cipher:
    """Encrypts and decrypts by the keys that the environment has now.

    Raises `AuthenticationFailedError` when there is none, or one that is no key.
    """

    def __init__(self) -> None:
        given = [each.strip() for each in os.environ.get(VARIABLE, "").split(",")]
        keys = [each for each in given if each]
        if not keys:
            raise AuthenticationFailedError(
                f"Credentials of this connection are kept in the lake's Postgres, encrypted, and "
                f"the environment has no {VARIABLE}. Make a key with\n  {_MAKE_ONE}\nand set "
                f"{VARIABLE} to it wherever syncs run, the same everywhere."
            )
        fernet = _fernet()
        try:
            self._keys = fernet.MultiFernet([fernet.Fernet(key) for key in keys])
        except ValueError:  # whose message is not shown, nor its cause: a key may be in it
            raise AuthenticationFailedError(
                f"{VARIABLE} holds something that is no key. It is one key, or several with "
                f"commas between them, each made by\n  {_MAKE_ONE}"
            ) from None

    def encrypt(self, plain: bytes) -> str:
        """What only a key of ours makes readable again."""
        return self._keys.encrypt(plain).decode()

    def decrypt(self, text: str) -> bytes | None:
        """What was encrypted; None if it was by none of the keys."""
        try:
            return self._keys.decrypt(text.encode())
        except _fernet().InvalidToken:
            return None


def _fernet() -> Any:
    if find_spec("cryptography") is None:
        raise AuthenticationFailedError(
            "Credentials of this connection are kept encrypted, for which cryptography is needed, "
            'and it is not installed: pip install "pack-sync[lake]"'
        )
    return importlib.import_module("cryptography.fernet")
