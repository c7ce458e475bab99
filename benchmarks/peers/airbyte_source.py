"""A minimal source of the Airbyte protocol for the benchmark's server.

    python -m benchmarks.peers.airbyte_source spec|check|discover|read --config FILE

Messages are written as JSON lines with orjson, without Airbyte's framework for sources, which
is slower (https://docs.airbyte.com/understanding-airbyte/airbyte-protocol).
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson

from benchmarks.shapes import SHAPES

_TYPES: Mapping[str, dict[str, Any]] = {
    "BIGINT": {"type": ["null", "integer"]},
    "DOUBLE": {"type": ["null", "number"]},
    "BOOLEAN": {"type": ["null", "boolean"]},
    "VARCHAR": {"type": ["null", "string"]},
    "TIMESTAMP WITH TIME ZONE": {
        "type": ["null", "string"],
        "format": "date-time",
        "airbyte_type": "timestamp_with_timezone",
    },
}


def messages(command: str, config: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What the program answers to a command."""
    match command:
        case "spec":
            specification = {"type": "object", "properties": {"url": {"type": "string"}}}
            yield {"type": "SPEC", "spec": {"connectionSpecification": specification}}
        case "check":
            yield {"type": "CONNECTION_STATUS", "connectionStatus": {"status": "SUCCEEDED"}}
        case "discover":
            yield {"type": "CATALOG", "catalog": {"streams": [_stream(config["shape"])]}}
        case _:
            for row in _rows(config["url"]):
                record = {"stream": "items", "data": row, "emitted_at": 0}
                yield {"type": "RECORD", "record": record}


def _stream(shape: str) -> dict[str, Any]:
    properties = {
        name: _TYPES.get(kind) or _nested(kind) for name, kind in SHAPES[shape].types.items()
    }
    return {
        "name": "items",
        "json_schema": {"type": "object", "properties": properties},
        "supported_sync_modes": ["full_refresh"],
        "source_defined_primary_key": [["id"]],
    }


def _nested(kind: str) -> dict[str, Any]:
    return {"type": ["null", "array" if kind.endswith("[]") else "object"]}


def _rows(url: str) -> Iterator[dict[str, Any]]:
    path: str | None = "/rows/0"
    with httpx.Client(base_url=url) as client:
        while path:
            page = orjson.loads(client.get(path).content)
            yield from page["rows"]
            path = page["next"]


def main(arguments: list[str]) -> None:
    """Answer one command."""
    config: dict[str, str] = {}
    if "--config" in arguments:
        config = orjson.loads(Path(arguments[arguments.index("--config") + 1]).read_bytes())
    for message in messages(arguments[0], config):
        sys.stdout.buffer.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
