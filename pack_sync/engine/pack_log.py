"""`context.logger`: lines that a pack writes, without secrets, in the run's log."""

from pack_sdk.logger import LineLogger, LogLevel
from pack_sync.engine.sync_job import SyncJob


class PackLogger(LineLogger):
    """A logger whose lines name the table (contract A4: redacted)."""

    def __init__(self, sync: SyncJob) -> None:
        self._sync = sync

    def write(self, level: LogLevel, line: str) -> None:
        """Write a line to the run's log."""
        self._sync.log(level, f"{self._sync.key}: {self._sync.connection.redactor.redact(line)}")
