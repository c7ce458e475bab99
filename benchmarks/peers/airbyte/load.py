"""A load by PyAirbyte into its DuckDB cache; runs in the environment of this folder.

    python load.py JOB.json

The job names the source's `url`, the `source` program, the `database` and a `cache` folder.
Prints the seconds of the read.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

# Imported so because they are not in the environment that the types are checked in.
ab: Any = importlib.import_module("airbyte")
caches: Any = importlib.import_module("airbyte.caches")


def main() -> None:
    """Read everything once."""
    job: dict[str, str] = json.loads(Path(sys.argv[1]).read_text())
    began = time.monotonic()
    cache = caches.DuckDBCache(db_path=job["database"], cache_dir=job["cache"], schema_name="bench")
    source = ab.get_source("source-benchmark", config=job, local_executable=job["source"])
    source.select_all_streams()
    source.read(cache=cache, force_full_refresh=True)
    print(f"\n{time.monotonic() - began}")


if __name__ == "__main__":
    main()
