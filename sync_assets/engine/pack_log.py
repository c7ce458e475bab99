"""`context.logger`: lines that a pack writes, without secrets, in the run's log."""

from sync_assets.engine.table_sync import LogLevel, TableSync


class PackLogger:
    """A `pack_sdk.context.Logger` whose lines name the table (contract A4: redacted)."""

    def __init__(self, sync: TableSync) -> None:
        self._sync = sync

    def debug(self, message: str, /) -> None:
        """Log a line for somebody hunting a fault."""
        self._write("debug", message)

    def info(self, message: str, /) -> None:
        """Log a line for anybody."""
        self._write("info", message)

    def warning(self, message: str, /) -> None:
        """Log a line that somebody should look at."""
        self._write("warning", message)

    def error(self, message: str, /) -> None:
        """Log a line that somebody must look at."""
        self._write("error", message)

    def _write(self, level: LogLevel, message: object) -> None:
        text = self._sync.connection.redactor.redact(str(message))
        self._sync.log(level, f"{self._sync.key}: {text}")
