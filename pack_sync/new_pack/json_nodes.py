"""Reading JSON of which nothing is certain."""

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

Node: TypeAlias = Mapping[str, Any]
EMPTY: Node = {}


def mapping(value: object) -> Node:
    """The object that it is; an empty one for anything else."""
    return cast("Node", value) if isinstance(value, dict) else EMPTY


def listed(value: object) -> list[Any]:
    """The list that it is; an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def properties_of(schema: object) -> Mapping[str, Node]:
    """The schemas of an object's properties, those that are none left out."""
    found = mapping(mapping(schema).get("properties"))
    return {str(name): mapping(each) for name, each in found.items()}
