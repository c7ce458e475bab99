"""The properties of a pack's schema, of the JSON Schema of its rows."""

from collections.abc import Mapping

from pack_sdk.json_values import is_storable_name
from pack_sdk.testing.list_endpoint import Path
from pack_sync.new_pack.code_text import WIDTH, Code, Noted, one_line, quoted
from pack_sync.new_pack.draft import Json
from pack_sync.new_pack.json_nodes import Node, listed, mapping, properties_of

HINTS = {
    "date-time": "datetime", "datetime": "datetime", "date": "date", "time": "time",
    "duration": "duration", "email": "email", "uri": "url", "url": "url",
}  # fmt: skip
"""What formats of JSON Schema are called as hints."""
_MOST_NESTED = 10
_LARGEST = 2**63
_LARGEST_DECIMAL = 10**29
JSON = Code("JSON")
"""An object of many or unknown properties, which is kept as it is: a constant of the pack."""
JSON_ARGUMENTS: Mapping[str, Json] = {
    "type": "object",
    "properties": {},
    "include_unknown_properties": True,
}
"""What that constant is, as arguments of `make_schema`."""
_ROOM_FOR_KEY = 12
"""Of a line, what a property's name, brackets and indentation take."""


def property_definitions(schema: Node, id_key: Path) -> dict[str, Json]:
    """The properties of a row, each with its type and what is to be said of it; the id first."""
    found: dict[str, Json] = {}
    taken: dict[str, str] = {}
    properties = dict(properties_of(schema))
    first = ".".join(id_key)
    if len(id_key) > 1:
        inner = properties_of(properties[id_key[0]])
        properties = {first: inner[id_key[1]], **properties}
    for key in sorted(properties, key=lambda key: key != first):
        if not key or not is_storable_name(key):
            continue  # which no column can have as its name
        name = _free("_".join(id_key) if key == first else key, taken)
        taken[name.casefold()] = name
        value: Json = _typed(properties[key], is_id=key == first)
        if name != key:
            value = _named_json(key) if value is JSON else {"from_key": key, **value}
        said = str(properties[key].get("description") or "").strip().partition("\n")[0]
        if not isinstance(value, Code) and said and said.isprintable():
            described = {**value, "description": said}
            fits = len(name + one_line(described)) + _ROOM_FOR_KEY < WIDTH
            value = described if fits else value
        found[name] = Noted(value, _remark(properties[key], name, key))
    return found


def _named_json(key: str) -> Code:
    return Code(f"make_schema(JSON, from_key={quoted(key)})")


def _free(key: str, taken: Mapping[str, str]) -> str:
    """A name for a column that no other has, in any case."""
    name, number = key, 2
    while name.casefold() in taken:
        name, number = f"{key}_{number}", number + 1
    return name


def _typed(schema: Node, *, is_id: bool = False) -> Json:
    kind = schema.get("type")
    if kind == "boolean":
        return {"type": "boolean"}
    if kind in ("integer", "number"):
        return _number(schema, str(kind), is_id=is_id)
    if kind == "string" and not is_id:
        hint = HINTS.get(str(schema.get("format") or "").lower())
        return {"type": "string", "hint": hint} if hint else {"type": "string"}
    if kind == "array":
        return {"type": "array", "items": _typed(mapping(schema.get("items")))}
    if kind == "object":
        return _struct(schema) if is_struct(schema) else JSON
    return {"type": "string"}  # which takes anything, as its JSON text


def _number(schema: Node, kind: str, *, is_id: bool) -> dict[str, Json]:
    if schema.get("x-unit") == "seconds" and not is_id:
        return {"type": "number", "hint": "datetime"}
    if kind == "number" and not is_id:
        return {"type": "number"}
    if abs(int(schema.get("x-widest") or 0)) >= _LARGEST_DECIMAL:
        return {"type": "string"}
    return {"type": "number", "precision": 0}


def _struct(schema: Node) -> dict[str, Json]:
    inner = {key: _typed(each) for key, each in properties_of(schema).items()}
    return {"type": "object", "properties": inner}


def is_struct(schema: Node) -> bool:
    """Whether an object has so few values that it becomes a STRUCT; others are kept as JSON."""
    return _leaves(schema) <= _MOST_NESTED


def _leaves(schema: Node) -> int:
    """How many values an object has, also inside those it has; many if that is not known."""
    properties = properties_of(schema)
    names = {key.casefold() for key in properties if key and is_storable_name(key)}
    if not properties or len(names) < len(properties):
        return _MOST_NESTED + 1
    return sum(_leaves_of(each) for each in properties.values())


def _leaves_of(schema: Node) -> int:
    kind = schema.get("type")
    if kind == "object":
        return _leaves(schema)
    return _leaves_of(mapping(schema.get("items"))) if kind == "array" else int(bool(kind)) or 99


def _remark(schema: Node, name: str, key: str) -> str:
    said: list[str] = []
    seen, rows = schema.get("x-seen"), schema.get("x-rows")
    if isinstance(seen, int) and isinstance(rows, int) and seen < rows:
        said.append(f"in {seen:,} of {rows:,} rows" if seen else "null in every row seen")
    if types := listed(schema.get("x-types")):
        said.append(f"{' or '.join(types)}: kept as text")
    if schema.get("x-unit") == "milliseconds":
        said.append("QUESTION: a moment, in milliseconds since 1970?")
    if schema.get("x-unit") == "seconds":
        said.append("seconds since 1970, by its name and size")
    if abs(int(schema.get("x-widest") or 0)) >= _LARGEST:
        said.append("more than 64 bits")
    if name.casefold() != key.casefold() and "." not in key:
        said.append(f"columns have no case, so {key!r} needs another name")
    return "; ".join(said)
