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

from benchmarks.peers.source import json_schema, pages
from benchmarks.shapes import SHAPES


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
            for page in pages(httpx.Client(base_url=config["url"])):
                for row in page["rows"]:
                    record = {"stream": "items", "data": row, "emitted_at": 0}
                    yield {"type": "RECORD", "record": record}


def _stream(shape: str) -> dict[str, Any]:
    return {
        "name": "items",
        "json_schema": json_schema(SHAPES[shape].types),
        "supported_sync_modes": ["full_refresh"],
        "source_defined_primary_key": [["id"]],
    }


def main(arguments: list[str]) -> None:
    """Answer one command."""
    config: dict[str, str] = {}
    if "--config" in arguments:
        config = orjson.loads(Path(arguments[arguments.index("--config") + 1]).read_bytes())
    for message in messages(arguments[0], config):
        sys.stdout.buffer.write(orjson.dumps(message, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1:])
