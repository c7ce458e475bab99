"""Schemas of a specification without references, variants and cycles, as deep as they are used."""

from collections.abc import Iterator, Mapping
from typing import cast

from pack_sdk.testing.list_endpoint import Path
from pack_sync.new_pack.draft import Json
from pack_sync.new_pack.json_nodes import Node
from pack_sync.new_pack.specification import Specification

_DEEPEST = 4
_KEPT = ("type", "format", "description", "nullable", "enum", "default", "example", "maximum")


def flat(specification: Specification, node: Json, depth: int = 0) -> dict[str, Json]:
    """What a schema says, with what its references, `allOf`, `oneOf` and `anyOf` say.

    Of variants, all properties are taken. What is too deep, or contains itself, is an object or
    array of unknown contents.
    """
    merged = _merged(specification, node, 0)
    kind = _type_of(merged)
    found = {key: merged[key] for key in _KEPT if key in merged}
    if kind:
        found["type"] = kind
    types: Json = merged.get("type")
    if isinstance(types, list) and "null" in types:
        found["nullable"] = True
    if kind in ("array", "object"):
        found.pop("enum", None)
    if depth >= _DEEPEST:
        return found
    if kind == "object" and isinstance(merged.get("properties"), dict):
        properties = cast("Mapping[str, Json]", merged["properties"])
        found["properties"] = {
            str(name): flat(specification, each, depth + 1) for name, each in properties.items()
        }
        found["required"] = merged.get("required") or []
    if kind == "array":
        found["items"] = flat(specification, merged.get("items"), depth + 1)
    return found


def with_example(schema: Node, example: Node) -> dict[str, Json]:
    """The schema, with what the schema of an example has and it lacks."""
    found = {**example, **schema} if not schema.get("type") else dict(schema)
    if found.get("type") != example.get("type"):
        return found
    if found.get("type") == "object":
        properties = dict(_properties(found))
        for name, each in _properties(example).items():
            properties[name] = with_example(properties.get(name) or {}, each)
        found["properties"] = properties
    if found.get("type") == "array":
        found["items"] = with_example(found.get("items") or {}, example.get("items") or {})
    return found


def _merged(specification: Specification, node: Json, depth: int) -> dict[str, Json]:
    schema = dict(specification.resolve(node))
    if depth > _DEEPEST:
        return schema
    properties: dict[str, Json] = {}
    own: Json = schema.get("properties")
    for key in ("allOf", "oneOf", "anyOf"):
        variants: Json = schema.get(key)
        for variant in cast("list[Json]", variants) if isinstance(variants, list) else []:
            other = _merged(specification, variant, depth + 1)
            if other.get("type") == "null":
                schema["nullable"] = True
                continue
            for name, each in _properties(other).items():
                properties.setdefault(name, each)
            for name, value in other.items():
                schema.setdefault(name, value)
    if properties:
        schema["properties"] = {**properties, **(own if isinstance(own, dict) else {})}
    return schema


def _properties(schema: Node) -> Mapping[str, Json]:
    found: Json = schema.get("properties")
    return cast("Mapping[str, Json]", found) if isinstance(found, dict) else {}


def _type_of(schema: Node) -> str:
    kind: Json = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in cast("list[Json]", kind) if each != "null"), None)
    if isinstance(kind, str):
        return kind
    if isinstance(schema.get("properties"), dict):
        return "object"
    return "array" if "items" in schema else ""


def values_beside_rows(schema: Node, rows: Path, prefix: Path = ()) -> Iterator[tuple[Path, Node]]:
    """The values of an answer that are not in its list: what may tell of further pages."""
    for name, each in _properties(schema).items():
        path = (*prefix, name)
        if path == rows or len(path) > 4:
            continue
        if each.get("type") == "object" and _properties(each):
            yield from values_beside_rows(each, rows, path)
        elif each.get("type") != "array":
            yield path, each
