"""For pack authors: everything a pack needs to describe a service and sync its tables.

The names are those of `pack_sdk.public_names`, imported when the first of them is used: a command
that only needs an error's type does not wait for the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pack_sdk.public_names import *  # noqa: F403 - they are named there


def __getattr__(name: str) -> Any:
    names = import_module("pack_sdk.public_names")
    if name != "__all__" and name not in names.__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(names, name)


def __dir__() -> list[str]:
    return __getattr__("__all__")
