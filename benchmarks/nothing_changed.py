"""Row 7 of the targets: from `packsync sync` with nothing changed to its end.

    python -m benchmarks --only nothing-changed

In a copy of the project, so that the runs of the project itself stay as they are, with the demo
pack and its API, whose data stands still. Beside it `python -c "import dagster"`, in turns. The
requests' time is the ledger's, from asking for a page to having it in the spool.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks.findings import Finding, Section, markdown_table, spread
from benchmarks.sizes import Sizes
from benchmarks.source_server import PROJECT

_COPIED = ("pack_sdk", "packs", "resources", "sync_assets")
_IMPORT = [sys.executable, "-c", "import dagster"]
_SYNC = [sys.executable, "-c", "from pack_sync.cli.app import app; app()", "sync", "demo"]


def nothing_changed(sizes: Sizes) -> Section:
    """Both commands, in turns, after a first sync of everything."""
    imports, syncs, requests = list[float](), list[float](), list[float]()
    with project_copy() as folder, _demo_api() as url:
        environment = os.environ | {
            "DAGSTER_HOME": str(folder),
            "DEMO_API_URL": url,
            "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
            "PYTHONWARNINGS": "ignore",
        }
        environment.pop("PACK_SYNC_WAREHOUSE", None)
        # Else each process would compile all modules, Dagster's and ours.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _seconds(_IMPORT, folder, environment)
        _seconds(_SYNC, folder, environment)
        for _ in range(sizes.nothing_repeat):
            imports.append(_seconds(_IMPORT, folder, environment))
            began = time.time()
            syncs.append(_seconds(_SYNC, folder, environment))
            requests.append(_fetching(folder / "warehouse.duckdb", began))
    finding = Finding(
        row=7,
        what='`packsync sync` less its requests, times `python -c "import dagster"`',
        target=1.5,
        values=[
            (sync - asked) / least
            for sync, asked, least in zip(syncs, requests, imports, strict=True)
        ],
    )
    rows = [
        ["`packsync sync demo`, nothing changed", spread(syncs)],
        ['`python -c "import dagster"`', spread(imports)],
        ["the requests of all tables", spread(requests)],
    ]
    text = markdown_table(["", "seconds"], rows)
    return Section(title="A sync of nothing", findings=[finding], text=text)


@contextmanager
def project_copy() -> Generator[Path]:
    """A copy of what a sync needs of the project."""
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
        folder = Path(name)
        for package in _COPIED:
            ignored = shutil.ignore_patterns("tests", "node_modules")
            shutil.copytree(PROJECT / package, folder / package, ignore=ignored)
        for file in ("dagster.yaml", "pyproject.toml"):
            shutil.copy(PROJECT / file, folder)
        yield folder


@contextmanager
def _demo_api() -> Generator[str]:
    """The demo pack's API in a process of its own; its URL."""
    command = [sys.executable, "-m", "packs.demo.api", "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1] if process.stdout else ""
        finally:
            process.terminate()


def _seconds(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout[-600:]} {done.stderr[-600:]}")
    return seconds


def _fetching(database: Path, began: float) -> float:
    """How long the tables of the last run were fetching. Raises if anything had changed."""
    with duckdb.connect(database, read_only=True) as connection:
        ((seconds, changed, tables),) = connection.execute(
            "SELECT sum(fetch_seconds), sum(inserted + updated + deleted), count(*) "
            "FROM _sync.runs WHERE started_at >= to_timestamp(?)",
            [began],
        ).fetchall()
    if not tables or changed:
        raise RuntimeError(f"{tables} tables were synced and {changed} rows changed, not none")
    return seconds
