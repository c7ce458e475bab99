"""Attributes in the original SDK's spelling (contract C16)."""

from typing import TYPE_CHECKING, Any

from pack_sdk.json_values import snake_case


class CamelCaseAttributes:
    """Lets `sync.previousCompletion` stand for `sync.previous_completion`.

    Packs carried over from TypeScript keep their spelling; ours is snake_case.
    """

    if not TYPE_CHECKING:  # a type checker knows the snake_case names only

        def __getattr__(self, name: str) -> Any:
            python_name = snake_case(name)
            if python_name == name or name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            return getattr(self, python_name)
