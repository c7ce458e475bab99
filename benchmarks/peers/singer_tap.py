"""A minimal Singer tap of the benchmark's source, as an author writes one with the Singer SDK.

    python -m benchmarks.peers.singer_tap --config config.json

The configuration has the source's `url` and the data's `shape`. Times are written without their
zone, which is UTC: of times with one, `target-duckdb` 0.8 loses the first row of each batch,
because DuckDB takes it for the heading of the CSV file that the target writes.
"""

import importlib
from collections.abc import Iterable
from typing import Any, ClassVar

import httpx

from benchmarks.peers.source import json_schema, pages
from benchmarks.shapes import SHAPES

# Imported so because it is not in the environment that the types are checked in.
singer_sdk: Any = importlib.import_module("singer_sdk")


class ItemStream(singer_sdk.Stream):
    """The pages of all rows."""

    name = "items"
    primary_keys: ClassVar[list[str]] = ["id"]

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Each row of each page."""
        del context
        types = SHAPES[self.config["shape"]].types
        moments = [name for name, kind in types.items() if kind == "TIMESTAMP WITH TIME ZONE"]
        for page in pages(httpx.Client(base_url=self.config["url"])):
            for row in page["rows"]:
                for name in moments:
                    row[name] = row[name].removesuffix("+00:00")
                yield row


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
