"""Files that all workers of a lake share, beside those of the lake: in its object store or folder.

Not with the lake's own connection: DuckDB neither appends raw bytes nor removes a file. Their names
do not end as Parquet files' do, so DuckLake does not take them for orphans of its own.
"""

import importlib
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pack_sync.state.postgres import shared_postgres
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.ducklake import DuckLake
from pack_sync.warehouse.object_stores import bucket_options

_FOLDER = "_pack_sync"
_CLIENT = {"timeout": "60s", "allow_http": True}


class SharedFilesError(Exception):
    """A shared file could not be read or written; the message says why."""


class SharedFiles:
    """Files by name, each written and read as a whole. All raise `SharedFilesError`."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def put(self, name: str, content: bytes) -> None:
        """Write a file; it is there, whole, when this returns."""
        self._done(self._store.put, name, content)

    def get(self, name: str) -> bytes:
        """What a file holds."""
        return bytes(self._done(self._store.get, name).bytes())

    def names(self, folder: str) -> list[str]:
        """The names of all files in a folder and below."""
        batches = self._done(lambda: list(self._store.list(f"{folder}/")))
        return sorted(each["path"] for batch in batches for each in batch)

    def remove(self, names: Sequence[str]) -> None:
        """Remove files; those that are gone already do not matter."""
        for name in names:
            try:
                self._store.delete(name)
            except FileNotFoundError:
                continue
            except Exception as error:
                raise _explained(error) from error

    def _done(self, work: Any, *given: Any) -> Any:
        try:
            return work(*given)
        except Exception as error:
            raise _explained(error) from error


def shared_files(database: Database) -> SharedFiles | None:
    """The files that those who sync into this database share; None if each keeps its own."""
    if shared_postgres(database) is None or not isinstance(database, DuckLake):
        return None
    path = database.data_path
    if path is None or find_spec("obstore") is None:
        return None
    stores: Any = importlib.import_module("obstore.store")
    address = urlsplit(path)
    if not address.scheme:
        return SharedFiles(stores.LocalStore(prefix=f"{path}/{_FOLDER}", mkdir=True))
    prefix = "/".join(filter(None, [address.path.strip("/"), _FOLDER]))
    options = bucket_options(address.scheme, os.environ)
    return SharedFiles(
        stores.S3Store(address.netloc, prefix=prefix, client_options=_CLIENT, **options)
    )


def _explained(error: Exception) -> SharedFilesError:
    return SharedFilesError(" ".join(str(error).split())[:300])
