"""Files that all workers of a lake share, beside those of the lake: in its object store or folder.

Not with the lake's own connection: DuckDB neither appends raw bytes nor removes a file. Their names
do not end as Parquet files' do, so DuckLake does not take them for orphans of its own.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pack_sync.state.postgres import shared_postgres
from pack_sync.warehouse.database import Database
from pack_sync.warehouse.ducklake import DuckLake
from pack_sync.warehouse.object_stores import client_of, unreachable_files

_FOLDER = "_pack_sync"
_CLIENT = {"timeout": "60s", "connect_timeout": "5s", "allow_http": True}
_TRIED_AGAIN = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
"""Not for minutes, as is the client's default: who waits has pages to fetch meanwhile."""


class SharedFiles:
    """Files by name, each written and read as a whole. All raise `LakeFilesError`.

    `place` is where they are, for errors.
    """

    def __init__(self, store: Any, place: str) -> None:
        self._store = store
        self._place = place

    @classmethod
    def at(cls, data_path: str, folder: str = _FOLDER) -> Self:
        """Those in a folder beside a lake's files: on disk, or at an address in an object store.

        Raises `StorageError`.
        """
        stores: Any = importlib.import_module("obstore.store")
        address = urlsplit(data_path)
        if not address.scheme:
            place = f"{data_path}/{folder}"
            try:
                return cls(stores.LocalStore(prefix=place, mkdir=True), place)
            except Exception as error:
                raise unreachable_files(place, error) from error
        client, options = client_of(address.scheme, os.environ)
        prefix = "/".join(filter(None, [address.path.strip("/"), folder]))
        given = {"client_options": _CLIENT, "retry_config": _TRIED_AGAIN, **options}
        return cls(getattr(stores, client)(address.netloc, prefix=prefix, **given), data_path)

    def put(self, name: str, content: bytes | Path) -> None:
        """Write a file, of bytes or as a copy; it is there, whole, when this returns."""
        self._done(self._store.put, name, content)

    def get(self, name: str) -> bytes:
        """What a file holds."""
        return bytes(self._done(self._store.get, name).bytes())

    def fetch(self, name: str, to: Path) -> None:
        """Copy a file to this machine, a little at a time. Raises `FileNotFoundError` as well."""
        try:
            with to.open("wb") as file:
                for chunk in self._store.get(name).stream():
                    file.write(chunk)
        except FileNotFoundError:
            raise
        except Exception as error:
            raise unreachable_files(self._place, error) from error

    def ages(self, folder: str) -> Mapping[str, datetime]:
        """All files in a folder and below by name, and when each was written."""
        batches = self._done(lambda: list(self._store.list(f"{folder}/")))
        return {each["path"]: each["last_modified"] for batch in batches for each in batch}

    def names(self, folder: str) -> list[str]:
        """The names of all files in a folder and below."""
        return sorted(self.ages(folder))

    def remove(self, names: Sequence[str]) -> None:
        """Remove files; those that are gone already do not matter."""
        for name in names:
            try:
                self._store.delete(name)
            except FileNotFoundError:
                continue
            except Exception as error:
                raise unreachable_files(self._place, error) from error

    def _done(self, work: Any, *given: Any) -> Any:
        try:
            return work(*given)
        except Exception as error:
            raise unreachable_files(self._place, error) from error


def shared_files(database: Database) -> SharedFiles | None:
    """The files that those who sync into this database share; None if each keeps its own."""
    if shared_postgres(database) is None or not isinstance(database, DuckLake):
        return None
    if database.data_path is None or find_spec("obstore") is None:
        return None
    return SharedFiles.at(database.data_path)
