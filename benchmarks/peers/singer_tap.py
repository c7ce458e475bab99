"""A minimal Singer tap of the benchmark's source, as an author writes one with the Singer SDK.

    python -m benchmarks.peers.singer_tap --config config.json

The configuration has the source's `url` and the data's `shape`. Times are written without their
zone, which is UTC: of times with one, `target-duckdb` 0.8 loses the first row of each batch,
because DuckDB takes it for the heading of the CSV file that the target writes.
"""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import httpx
import orjson

from benchmarks.shapes import SHAPES

# Imported so because it is not in the environment that the types are checked in.
singer_sdk: Any = importlib.import_module("singer_sdk")

_TYPES: Mapping[str, dict[str, Any]] = {
    # Without the maximum the target makes it a HUGEINT.
    "BIGINT": {"type": ["integer", "null"], "maximum": 9223372036854775807},
    "DOUBLE": {"type": ["number", "null"]},
    "BOOLEAN": {"type": ["boolean", "null"]},
    "VARCHAR": {"type": ["string", "null"]},
    "TIMESTAMP WITH TIME ZONE": {"type": ["string", "null"], "format": "date-time"},
}


def json_schema(types: Mapping[str, str]) -> dict[str, Any]:
    """The JSON schema of a table; the target keeps what is nested as JSON."""
    return {
        "type": "object",
        "properties": {name: _TYPES.get(kind) or _nested(kind) for name, kind in types.items()},
    }


def _nested(kind: str) -> dict[str, Any]:
    return {"type": ["array" if kind.endswith("[]") else "object", "null"]}


class ItemStream(singer_sdk.Stream):
    """The pages of all rows."""

    name = "items"
    primary_keys: ClassVar[list[str]] = ["id"]

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Each row of each page."""
        del context
        path: str | None = "/rows/0"
        types = SHAPES[self.config["shape"]].types
        moments = [name for name, kind in types.items() if kind == "TIMESTAMP WITH TIME ZONE"]
        with httpx.Client(base_url=self.config["url"]) as client:
            while path:
                page = orjson.loads(client.get(path).content)
                for row in page["rows"]:
                    for name in moments:
                        row[name] = row[name].removesuffix("+00:00")
                    yield row
                path = page["next"]


class BenchmarkTap(singer_sdk.Tap):
    """The tap of one stream."""

    name = "tap-benchmark"
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "properties": {"url": {"type": "string"}, "shape": {"type": "string"}}
    }

    def discover_streams(self) -> list[ItemStream]:
        """The stream of items."""
        return [ItemStream(self, schema=json_schema(SHAPES[self.config["shape"]].types))]


if __name__ == "__main__":
    BenchmarkTap.cli()
