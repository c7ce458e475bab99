"""A log for people at a terminal: plain lines instead of Dagster's event stream."""

import logging
from typing import Any, TextIO

import dagster as dg

TERMINAL = "terminal"
"""The logger's name in a run's config: `loggers: {terminal: {}}`."""


_LOGGER = "pack_sync.terminal"


class _TerminalFormatter(logging.Formatter):
    """Only what a person wants to read: our own lines and errors, without Dagster's frame."""

    def format(self, record: logging.LogRecord) -> str:
        meta: dict[str, Any] = getattr(record, "dagster_meta", {})
        message = str(meta.get("orig_message") or record.getMessage())
        stamp = self.formatTime(record, "%H:%M:%S")
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        return f"{stamp} {level}{message}"


class _TerminalHandler(logging.StreamHandler[TextIO]):
    """Our handler, to tell it from those that others put on the logger."""


def _is_for_people(record: logging.LogRecord) -> bool:
    """Whether a line is ours: Dagster's own events carry an event, ours do not."""
    meta: dict[str, Any] = getattr(record, "dagster_meta", {})
    return not meta.get("dagster_event")


def _terminal_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.getLogger(_LOGGER)
    logger.setLevel(context.logger_config["log_level"])
    logger.propagate = False
    for earlier in [h for h in logger.handlers if isinstance(h, _TerminalHandler)]:
        logger.removeHandler(earlier)  # of an earlier run; stderr may be another one by now
    handler = _TerminalHandler()
    handler.setFormatter(_TerminalFormatter())
    handler.addFilter(_is_for_people)
    logger.addHandler(handler)
    return logger


def terminal_line(text: str) -> None:
    """Write a line as the running job's terminal logger does."""
    logging.getLogger(_LOGGER).info(text)


terminal_logger = dg.LoggerDefinition(
    _terminal_logger,
    description="Plain lines for people at a terminal.",
    config_schema={"log_level": dg.Field(str, default_value="INFO")},
)
"""The logger of `packsync sync` and the demo."""
