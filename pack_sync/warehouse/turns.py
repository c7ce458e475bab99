"""The turn to write, which one process at a time has: what its holder is given."""

from collections.abc import Callable

StillOurs = Callable[[], None]
"""Called before a commit: raises a `StorageError` if the turn to write has been lost meanwhile."""


def always_ours() -> None:
    """A turn that cannot be lost but with the file that it is for."""
