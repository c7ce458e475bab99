"""What commands write, and how they end: what they need before anything else of the library."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from pack_sdk.errors import PackError
from pack_sync.project import ConfigurationError, NoProjectError
from pack_sync.warehouse.storage_errors import StorageError

console = Console()
errors = Console(stderr=True)

left_aside: dict[str, str] = {}
"""Why packs could not be used that the running command has met; told of at its end."""


@contextmanager
def plain_errors() -> Generator[None]:
    """Show an expected error as one sentence and exit with 1, without a traceback.

    Packs that the command left aside because they cannot be synced are named at the end.
    """
    left_aside.clear()
    try:
        yield
    except (ConfigurationError, NoProjectError, PackError, StorageError) as error:
        fail(str(error))
    except Exception as error:  # Dagster wraps what a component raises, perhaps several times
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ConfigurationError):
            cause = cause.__cause__
        if cause is None:
            raise
        fail(str(cause))
    finally:
        for each in left_aside.values():
            errors.print(f"[red]{escape(each)}[/red]", highlight=False, soft_wrap=True)
        left_aside.clear()


def fail(message: str) -> NoReturn:
    """Print an error and exit with 1."""
    errors.print(f"[red]error:[/red] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)
