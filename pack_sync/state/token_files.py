"""Tokens of OAuth2 in files, kept between runs (contract A3).

A file for each grant, that only its owner may read, outside the warehouse. The file is
named by a hash of what the configuration gives, so that a new refresh token there begins a
new file, and connections that were given the same one share theirs, and its lock.
"""

import json
import os
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout

from pack_sdk.errors import AuthenticationFailedError
from pack_sync.state.tokens import Tokens, grant_name


class TokenFile:
    """The file of one grant. `identity` is what tells it from others, secrets included."""

    def __init__(self, folder: Path, identity: Sequence[str]) -> None:
        self.path = folder / f"oauth2-{grant_name(identity)}.json"

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Be the only process, and the only thread, that obtains tokens for this grant.

        Raises `AuthenticationFailedError` if that takes longer than `seconds`, or if the
        folder cannot be written.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(f"{self.path}.lock", timeout=seconds, mode=0o600)
            lock.acquire()
        except Timeout:
            raise AuthenticationFailedError(
                f"Another process has been obtaining an access token for {seconds:g} s. Its lock "
                f"is {self.path}.lock; try again when that process is done."
            ) from None
        except OSError as error:
            raise self._unusable("written", error) from None
        try:
            yield
        finally:
            lock.release()

    def load(self) -> Tokens | None:
        """The tokens saved last, None if there are none."""
        try:
            return Tokens(**json.loads(self.path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", error) from None
        except (ValueError, TypeError):
            raise AuthenticationFailedError(
                f"The file of tokens {self.path} is damaged. Delete it; if the token endpoint then "
                "refuses the refresh token of the configuration, connect the account again."
            ) from None

    def save(self, tokens: Tokens) -> None:
        """Keep the tokens: on disk, whole, when this returns."""
        try:
            # Only its owner may read what `mkstemp` makes.
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, suffix=".tmp")
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(asdict(tokens), file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self.path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            _sync_folder(self.path.parent)
        except OSError as error:
            raise self._unusable("written", error) from None

    def _unusable(self, how: str, error: OSError) -> AuthenticationFailedError:
        return AuthenticationFailedError(
            f"The file of tokens {self.path} cannot be {how} ({error.strerror}). Make it so, "
            "or set `credentials_folder` of the connection to a folder that can be written and is "
            "kept."
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
