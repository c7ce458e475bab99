"""What commands cost beyond Python's own start, beside `import dagster`.

    python -m benchmarks.commands

In a copy of the project, whose definitions one look at it has loaded. Processor time (user and
system) of each process, all in turns: wall time tells of a machine that is shared as well.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.nothing_changed import project_copy
from benchmarks.source_server import PROJECT

_PROGRAM = "from pack_sync.cli.app import app; app()"
_NOTHING = "python -c pass"
_DAGSTER = 'python -c "import dagster"'
_COMMANDS = {
    _NOTHING: ["pass"],
    _DAGSTER: ["import dagster"],
    'python -c "import duckdb"': ["import duckdb"],
    **{
        f"packsync {words}": [_PROGRAM, *words.split()]
        for words in (
            "--help",
            "status",
            "held",
            "settings",
            "audit",
            "cursor --help",
            "cursor show demo Events",
        )
    },
}


def main(repeat: Annotated[int, typer.Option(help="Repetitions.", min=1)] = 7) -> None:
    """Print the median of each, beyond Python's start, and the share of `import dagster`."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in _COMMANDS}
    with project_copy() as folder:
        for count in range(repeat + 1):
            for name, words in _COMMANDS.items():
                spent = _spent(words, folder)
                if count:  # the first compiles modules and loads the definitions
                    measured[name].append(spent)
    start = [median(values) for values in zip(*measured[_NOTHING], strict=True)]
    dagster = median(spent for spent, _ in measured[_DAGSTER]) - start[0]
    table = Table("beyond Python's start", title=f"{repeat} runs in turns", title_justify="left")
    for heading in ("processor, ms", "of import dagster", "wall, ms"):
        table.add_column(heading, justify="right")
    for name, values in measured.items():
        cpu = median(spent for spent, _ in values) - start[0]
        wall = median(seconds for _, seconds in values) - start[1]
        table.add_row(name, f"{1000 * cpu:.0f}", f"{cpu / dagster:.0%}", f"{1000 * wall:.0f}")
    Console().print(table)


def _spent(words: list[str], folder: Path) -> tuple[float, float]:
    """Processor seconds and seconds of a process."""
    environment = os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
        "PYTHONWARNINGS": "ignore",
    }
    for name in ("PACK_SYNC_WAREHOUSE", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    command, began = [sys.executable, "-c", *words], time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {output.decode()[-600:]}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began


if __name__ == "__main__":
    typer.run(main)
