"""What the hand-written parts of all peers share: the source's pages, and its schema as JSON's."""

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import orjson

_TYPES: Mapping[str, dict[str, Any]] = {
    # Without the maximum target-duckdb makes it a HUGEINT.
    "BIGINT": {"type": ["null", "integer"], "maximum": 9223372036854775807},
    "DOUBLE": {"type": ["null", "number"]},
    "BOOLEAN": {"type": ["null", "boolean"]},
    "VARCHAR": {"type": ["null", "string"]},
    "TIMESTAMP WITH TIME ZONE": {
        "type": ["null", "string"],
        "format": "date-time",
        "airbyte_type": "timestamp_with_timezone",
    },
}


def pages(client: httpx.Client, path: str | None = "/rows/0") -> Iterator[dict[str, Any]]:
    """Each page from `path` on, parsed."""
    while path:
        page: dict[str, Any] = orjson.loads(client.get(path).content)
        yield page
        path = page["next"]


def json_schema(types: Mapping[str, str]) -> dict[str, Any]:
    """The JSON schema of a table with these columns; what is in nested values is left open."""
    return {
        "type": "object",
        "properties": {name: _TYPES.get(kind) or _nested(kind) for name, kind in types.items()},
    }


def _nested(kind: str) -> dict[str, Any]:
    return {"type": ["null", "array" if kind.endswith("[]") else "object"]}
