"""Type errors of a pack, found by the TypeScript compiler that we bundle with."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pack_sync.runtimes.typescript.node_modules import node

_OPTIONS = (
    "--target", "es2020", "--module", "commonjs", "--moduleResolution", "node",
    "--esModuleInterop", "--resolveJsonModule", "--allowJs", "--lib", "es2020,dom",
)  # fmt: skip
"""For a pack without a tsconfig.json; not strict, as packs are written.

`dom` brings console, URL and timers.
"""


def type_errors(entry: Path, tools: Path) -> Sequence[str]:
    """What is wrong with the types of a pack that is built, as `file:line:column: message`.

    They keep no pack from running: its original build takes no notice of types, either. `tools` is
    the folder of `tools_folder`.
    """
    entry = entry.resolve()
    compiler = tools / "node_modules" / "typescript" / "bin" / "tsc"
    own = (entry.parent / "tsconfig.json").is_file()
    options = ("--project", "tsconfig.json") if own else (*_OPTIONS, str(entry))
    ended = subprocess.run(  # noqa: S603
        [node(), compiler, *options, "--noEmit", "--skipLibCheck", "--pretty", "false"],
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
