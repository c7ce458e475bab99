"""Turns to write: what a process has while it writes, and others do not."""

from collections.abc import Callable

StillOurs = Callable[[], None]
"""Called before a commit: raises a `StorageError` if the turn to write has been lost meanwhile."""


def always_ours() -> None:
    """A turn that cannot be lost but with the file that it is for."""
