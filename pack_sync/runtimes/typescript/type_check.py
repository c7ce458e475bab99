"""Type errors of a pack, found by the TypeScript that comes with its SDK."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pack_sdk.errors import PackDefinitionError
from pack_sync.runtimes.typescript.node_modules import node

_OPTIONS = (
    "--target", "es2020", "--module", "commonjs", "--moduleResolution", "node",
    "--esModuleInterop", "--resolveJsonModule", "--allowJs", "--lib", "es2020,dom",
)  # fmt: skip
"""For a pack without a tsconfig.json; not strict, as packs are written.

`dom` brings console, URL and timers.
"""

_FIND_COMPILER = """
const { createRequire } = require("node:module");
const fromSdk = createRequire(createRequire(process.argv[1]).resolve("@codahq/packs-sdk"));
process.stdout.write(fromSdk.resolve("typescript/bin/tsc"));
"""


def type_errors(entry: Path) -> Sequence[str]:
    """What is wrong with the types of a `pack.ts` that is built, as `file:line:column: message`.

    They keep no pack from running: its original build takes no notice of types, either.
    Raises `PackDefinitionError` if the compiler cannot be run.
    """
    entry = entry.resolve()
    found = subprocess.run(  # noqa: S603
        [node(), "-e", _FIND_COMPILER, str(entry)], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise PackDefinitionError(f"{entry}: no TypeScript compiler: {found.stderr[-1000:]}")
    own = (entry.parent / "tsconfig.json").is_file()
    options = ("--project", "tsconfig.json") if own else (*_OPTIONS, str(entry))
    ended = subprocess.run(  # noqa: S603
        [node(), found.stdout, *options, "--noEmit", "--skipLibCheck", "--pretty", "false"],
        cwd=entry.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return [_shown(line) for line in ended.stdout.splitlines() if "error TS" in line]


def _shown(line: str) -> str:
    """`pack.ts(3,5): error TS1: text` as `pack.ts:3:5: error TS1: text`."""
    place, separator, text = line.partition("): ")
    if not separator:
        return line
    file, _, position = place.rpartition("(")
    return f"{file}:{position.replace(',', ':')}: {text}"
