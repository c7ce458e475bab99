"""Small checks, by the names of the original SDK."""

from typing import TypeVar

from pack_sdk.errors import UserVisibleError

T = TypeVar("T")


def ensure_exists(value: T | None, message: str = "") -> T:
    """The value, which is not None. Raises `UserVisibleError(message)`, else `ValueError`."""
    if value is None:
        raise _error(message, "a value is None that must not be")
    return value


def ensure_non_empty_string(value: object, message: str = "") -> str:
    """The value, a text that is not empty. Raises as `ensure_exists` does."""
    if not isinstance(value, str) or not value:
        raise _error(message, f"{value!r} must be a text that is not empty")
    return value


def assert_condition(condition: object, message: str = "") -> None:
    """Do nothing if the condition holds. Raises as `ensure_exists` does."""
    if not condition:
        raise _error(message, "a condition does not hold")


def _error(message: str, otherwise: str) -> Exception:
    return UserVisibleError(message) if message else ValueError(otherwise)
