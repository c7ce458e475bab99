"""Azure's blob storage on loopback: Microsoft's own emulator Azurite, from the npm registry."""

import base64
import os
import socket
import subprocess
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import tenacity
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from tests.npm_packages import npm_package

ADDRESS = "az://lake/files"
"""That of a folder in a container."""

ACCOUNT = "acme"
KEY = base64.b64encode(b"hunter2").decode()


class AzureStore:
    """A store with one container, which can be away for a while: close it after use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port: int = free.getsockname()[1]
        self.connection_string = (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
            f"BlobEndpoint=http://127.0.0.1:{self.port}/{ACCOUNT}"
        )
        self.come_back()
        service: Any = BlobServiceClient.from_connection_string(self.connection_string)
        with service, suppress(ResourceExistsError):
            service.create_container("lake")

    def come_back(self) -> None:
        """Answer, with what was in it."""
        folder = npm_package("azurite", "3.37.0")
        program = str(folder / "node_modules" / ".bin" / "azurite-blob")
        options = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        place = ["--blobPort", str(self.port), "--location", str(self._folder)]
        self._process = subprocess.Popen(  # noqa: S603 - the emulator
            [program, *options, *place],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
            stdout=subprocess.DEVNULL,
        )
        self._wait()

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(OSError),
        wait=tenacity.wait_fixed(0.1),
        stop=tenacity.stop_after_delay(300),
        reraise=True,
    )
    def _wait(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()

    def close(self) -> None:
        """Answer nobody any more."""
        self._process.kill()
        self._process.wait()


@contextmanager
def azure_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[AzureStore]:
    """A store whose files are in the folder and which the environment names; needs npm."""
    with closing(AzureStore(folder)) as store:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", store.connection_string)
        yield store
