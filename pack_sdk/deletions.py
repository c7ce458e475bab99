"""What `deletedRowIds` may hold: ids, and properties that say which rows are deleted (C9)."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pack_sdk.errors import InvalidResultError
from pack_sdk.json_values import find_unserialisable
from pack_sdk.row_ids import composite_id, is_composite_id
from pack_sdk.schemas import Schema, ValueType

_TELLING = (ValueType.STRING, ValueType.NUMBER, ValueType.BOOLEAN)
_LARGEST = 2**63


def checked_deletions(deleted: Sequence[Any], schema: Schema | None) -> list[Any]:
    """The deleted ids, each checked; an id of several properties as its text.

    An object without the id stands for all rows that have its values: it is returned with the
    names of properties, also where it was written with their `fromKey`. Without a schema it is
    an error. Raises `InvalidResultError` that names the place, the property and the remedy.
    """
    return [_checked(each, f"deletedRowIds[{n}]", schema) for n, each in enumerate(deleted)]


def deletes_row(properties: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether properties of `deletedRowIds` are those of a row with these `values`, by property.

    Values are compared by their texts, as the JSON of a row is read: 7 and "7" are one.

    >>> deletes_row({"projectId": "7"}, {"id": "a", "projectId": 7})
    True
    """
    return all(
        values.get(name) is not None and _text(values[name]) == _text(value)
        for name, value in properties.items()
    )


def _checked(given: object, where: str, schema: Schema | None) -> Any:
    ids = schema.id_properties if schema else ()
    if schema is not None and isinstance(given, Mapping):
        properties = _properties(cast("Mapping[Any, Any]", given), where, schema)
        if not ids or set(properties) != set(ids):
            return {name: _value(value, f"{where}.{name}") for name, value in properties.items()}
        given = properties
    if ids:
        return _composite(given, where, ids)
    if isinstance(given, list | tuple | Mapping):
        what = "an object" if isinstance(given, Mapping) else "a list"
        raise InvalidResultError(
            f"{where} is {what}, {repr(cast('object', given))[:200]}; return the id alone, as in "
            '["a", "b"]'
        )
    # Ids may be whole numbers of any size: they are compared as the text of their digits.
    if problem := find_unserialisable(0 if type(given) is int else given, where):
        raise InvalidResultError(problem)
    return given


def _composite(given: object, where: str, ids: Sequence[str]) -> Any:
    """The text of an id that is of several properties."""
    try:
        found = composite_id(given, ids)
    except ValueError as error:
        raise InvalidResultError(f"{where} is {given!r:.200}; {error}") from None
    if is_composite_id(found, len(ids)):
        return found
    raise InvalidResultError(
        f"{where} is {given!r:.200}, and the id is of several properties: return the values of "
        f"{', '.join(ids)}, in this order, as a list, or by their names as an object"
    )


def _properties(given: Mapping[Any, Any], where: str, schema: Schema) -> dict[str, Any]:
    """The values by the names of their properties."""
    shown = f"{where} is an object, {dict(given)!r:.200}"
    if not given:
        raise InvalidResultError(
            f"{where} is an object without properties; say which the deleted rows have, as in "
            '{"projectId": 7}, or return the id alone'
        )
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = _named(key, shown, schema)
        if name in found:
            raise InvalidResultError(
                f"{shown}; two of its keys mean the property {name!r}: keep one of them"
            )
        found[name] = value
    ids = schema.id_properties
    if ids and set(ids) < set(found):
        raise InvalidResultError(
            f"{shown}; {', '.join(ids)} already say which row it is: leave the other properties out"
        )
    if schema.id_property in found:
        raise InvalidResultError(
            f"{shown}; {schema.id_property} already says which row it is: return the id alone, "
            f"{found[schema.id_property]!r:.200}"
        )
    return found


def _named(key: object, shown: str, schema: Schema) -> str:
    """The property that a key means: by its name, or else by its `fromKey`."""
    names = [key] if key in schema.properties else _with_field(key, schema)
    for name in map(str, names):
        if schema.properties[name].type in _TELLING:
            return name
    if names:
        kind = schema.properties[str(names[0])].type.value
        raise InvalidResultError(
            f"{shown}; the property {names[0]!r} is of the type {kind!r}, and only texts, numbers "
            "and booleans say which rows are deleted"
        )
    known = [*schema.properties, *map(schema.field_of, schema.properties)]
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(schema.properties)}"
    raise InvalidResultError(f"{shown}; {key!r} is no property of the table's schema: {hint}")


def _with_field(key: object, schema: Schema) -> list[str]:
    return [name for name in schema.properties if schema.field_of(name) == key]


def _value(value: object, where: str) -> Any:
    if value is None or isinstance(value, list | tuple | Mapping):
        what = "null" if value is None else f"{cast('object', value)!r:.200}"
        raise InvalidResultError(
            f"{where} is {what}; give the text, number or boolean that the deleted rows have"
        )
    if type(value) is int and not -_LARGEST <= value < _LARGEST:
        return str(value)
    if problem := find_unserialisable(value, where):
        raise InvalidResultError(problem)
    return value


def _text(value: object) -> str:
    """A value as the text that the JSON of a row has for it; numbers by their value."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)
