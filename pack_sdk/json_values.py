"""JSON as packs hand it over: what survives a round trip, and what JavaScript calls true."""

import difflib
import math
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

_REMEDIES = {
    "bytes": "encode it as base64 text",
    "date": "use .isoformat()",
    "datetime": "use .isoformat()",
    "Decimal": "use str() or float()",
    "UUID": "use str()",
    "set": "use sorted()",
    "tuple": "use a list",
}


def is_truthy_in_javascript(value: object) -> bool:
    """Whether JavaScript would take `value` as true (contract C3).

    `{}` and `[]` are true; `None`, `False`, `""`, `0` and NaN are not.
    """
    if value is None:
        return False
    if isinstance(value, str):
        return value != ""
    if isinstance(value, int | float):
        return not (value == 0 or math.isnan(value))
    return True


def find_unserialisable(value: object, path: str) -> str | None:
    """Where `value` would not survive a JSON round trip unchanged (contract C4).

    Returns a sentence that names the path (starting from `path`) and the remedy, or None
    when the value is sound.
    """
    try:
        return _find_unserialisable(value, path)
    except RecursionError:
        return f"{path} is nested too deeply, or contains itself"


def _find_unserialisable(value: object, path: str) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"{path} has half a surrogate pair, which UTF-8 cannot write; remove it"
        return None
    if isinstance(value, int):
        sound = -(2**63) <= value < 2**64
        return None if sound else f"{path} is {value}, more than 64 bits; use a string"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} is {value}, which JSON does not have"
    if isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if type(key) is not str:  # orjson takes no subclass, such as a StrEnum, as a key
                return f"{path} has the key {key!r}; JSON keys are strings"
            if problem := _find_unserialisable(item, f"{path}.{key}"):
                return problem
        return None
    if isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            if problem := _find_unserialisable(item, f"{path}[{index}]"):
                return problem
        return None
    name = type(value).__name__
    remedy = _REMEDIES.get(name, "use plain dicts, lists, strings, numbers and booleans")
    return f"{path} is a {name}; {remedy}"


def merged(
    definition: Mapping[str, Any] | None, fields: Mapping[str, Any], what: str
) -> dict[str, Any]:
    """A definition with further fields. Raises `ValueError`, naming `what`, if it is no mapping."""
    if definition is None or isinstance(cast("object", definition), Mapping):
        return {**(definition or {}), **fields}
    raise ValueError(f"{what} is {definition!r}; write keywords, or one mapping of them")


@lru_cache(maxsize=256)  # each page has the same few keys
def snake_case(name: str) -> str:
    """`deletedRowIds` → `deleted_row_ids`; a snake_case name is returned as it is."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def unknown_key(what: str, key: object, allowed: Iterable[str]) -> str:
    """The sentence that refuses a key: it names the nearest of those allowed, and all of them."""
    choices = sorted(allowed)
    nearest = difflib.get_close_matches(snake_case(str(key)), choices, n=1)
    meant = f"; did you mean {nearest[0]!r}? It" if nearest else "; it"
    return f"{what} has the unknown key {key!r}{meant} may have {', '.join(choices)}"


def with_snake_case_keys(
    mapping: Mapping[str, Any],
    allowed: Collection[str],
    what: str,
    ignored: Collection[str] = (),
) -> dict[str, Any]:
    """The mapping with its keys in snake_case, each of which must be in `allowed`.

    Keys that are `ignored`, in either spelling, are left out. Raises `ValueError` that names
    a key which is unknown or given in both spellings.
    """
    result: dict[str, Any] = {}
    for key, value in mapping.items():
        name = snake_case(str(key))
        if name in ignored:
            continue
        if name not in allowed:
            raise ValueError(unknown_key(what, key, allowed))
        if name in result:
            raise ValueError(f"{what} has {name!r} in both spellings; keep one")
        result[name] = value
    return result


def is_storable_name(name: str) -> bool:
    """Whether a database can hold the name: not with a NUL, nor with half a character."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)
