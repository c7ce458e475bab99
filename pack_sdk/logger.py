"""`context.logger`: lines that a pack writes."""

from abc import ABC, abstractmethod
from typing import Literal, Protocol, TypeAlias

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]


class Logger(Protocol):
    """What `context.logger` can do; the lines appear in the run's log.

    As in Python's `logging`, further arguments go into the message: `info("%s rows", 5)`.
    """

    def debug(self, message: str, /, *args: object) -> None:
        """Log a line for somebody hunting a fault."""
        ...

    def info(self, message: str, /, *args: object) -> None:
        """Log a line for anybody."""
        ...

    def warning(self, message: str, /, *args: object) -> None:
        """Log a line that somebody should look at."""
        ...

    def error(self, message: str, /, *args: object) -> None:
        """Log a line that somebody must look at."""
        ...


class LineLogger(ABC):
    """A `Logger` whose lines all go through `write`.

    A line that cannot be formatted is written as it is, its arguments behind it: a slip in a
    message must not fail a sync. `trace` and `warn` are the original SDK's names.
    """

    @abstractmethod
    def write(self, level: LogLevel, line: str) -> None:
        """Write one line."""

    def debug(self, message: object, /, *args: object) -> None:
        """Write a line for somebody hunting a fault."""
        self.write("debug", _line(message, args))

    def info(self, message: object, /, *args: object) -> None:
        """Write a line for anybody."""
        self.write("info", _line(message, args))

    def warning(self, message: object, /, *args: object) -> None:
        """Write a line that somebody should look at."""
        self.write("warning", _line(message, args))

    def error(self, message: object, /, *args: object) -> None:
        """Write a line that somebody must look at."""
        self.write("error", _line(message, args))

    trace, warn = debug, warning


class SilentLogger(LineLogger):
    """A logger that keeps nothing."""

    def write(self, level: LogLevel, line: str) -> None:
        """Do nothing."""


def _line(message: object, args: tuple[object, ...]) -> str:
    text = str(message)
    if not args:
        return text
    try:
        return text % args
    except (TypeError, ValueError):
        return " ".join([text, *map(str, args)])
