"""Secret documents in files, outside the warehouse, that only their owner may read."""

import json
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pack_sdk.errors import AuthenticationFailedError
from pack_sync.state.locked_secrets import take_lock, unusable


class SecretFile:
    """The file of one document."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / f"{name}.json"

    def __str__(self) -> str:
        return str(self.path)

    @contextmanager
    def locked(self, seconds: float) -> Generator[None]:
        """Have the lock file beside it."""
        lock = take_lock(Path(f"{self.path}.lock"), seconds)
        try:
            for left in self.path.parent.glob(f"{self._prefix}*.tmp"):
                left.unlink(missing_ok=True)  # of a process that was killed while it wrote
            yield
        finally:
            lock.release()

    def load(self) -> Mapping[str, Any] | None:
        """What the file holds."""
        try:
            document = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise unusable(self.path, "read", error) from None
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise AuthenticationFailedError(
                f"The file {self.path} is damaged. Delete it; if the service then refuses the "
                "credentials that are left, connect the account again."
            )
        return cast("Mapping[str, Any]", document)

    def save(self, document: Mapping[str, Any]) -> None:
        """Replace the file: on disk, whole, when this returns."""
        try:
            # Only its owner may read what `mkstemp` makes.
            descriptor, temporary = tempfile.mkstemp(
                dir=self.path.parent, prefix=self._prefix, suffix=".tmp"
            )
            try:
                with os.fdopen(descriptor, "w") as file:
                    json.dump(dict(document), file)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(self.path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            _sync_folder(self.path.parent)
        except OSError as error:
            raise unusable(self.path, "written", error) from None

    def remove(self) -> None:
        """Delete the file."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(self.path, "deleted", error) from None

    @property
    def _prefix(self) -> str:
        return f"{self.path.stem}."


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
