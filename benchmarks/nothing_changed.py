"""Row 7 of the targets: from `packsync sync` with nothing changed to its end.

    python -m benchmarks --only nothing-changed

In a copy of the project, so that the runs of the project itself stay as they are, with the demo
pack and its API, whose data stands still. Beside it `python -c "import dagster"`, in turns. The
requests' time is the ledger's, from asking for a page to having it in the spool. Dagster keeps the
run's events in its own storage, as by default, or in ours.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import yaml

from benchmarks.findings import Finding, Section, markdown_table, spread
from benchmarks.many_tables import STORAGES
from benchmarks.sizes import Sizes
from benchmarks.source_server import PROJECT

_COPIED = ("pack_sdk", "packs", "resources", "sync_assets")
_IMPORT = [sys.executable, "-c", "import dagster"]
_SYNC = [sys.executable, "-c", "from pack_sync.cli.app import app; app()", "sync", "demo"]


def nothing_changed(sizes: Sizes) -> Section:
    """Both commands, in turns, after a first sync of everything; with either of Dagster's logs."""
    imports = list[float]()
    syncs, ratios = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    with ExitStack() as stack:
        url = stack.enter_context(_demo_api())
        folders = {name: stack.enter_context(project_copy(name)) for name in STORAGES}
        for folder in folders.values():
            _seconds(_IMPORT, folder, url)
            _seconds(_SYNC, folder, url)
        for _ in range(sizes.nothing_repeat):
            for name, folder in folders.items():
                imports.append(_seconds(_IMPORT, folder, url))
                began = time.time()
                syncs[name].append(_seconds(_SYNC, folder, url))
                requests = _fetching(folder / "warehouse.duckdb", began)
                ratios[name].append((syncs[name][-1] - requests) / imports[-1])
    findings = [
        Finding(
            row=7,
            what=f'`packsync sync` less its requests, {name}, times `python -c "import dagster"`',
            target=1.5,
            values=values,
        )
        for name, values in ratios.items()
    ]
    rows = [
        *(
            [f"`packsync sync demo`, nothing changed, {name}", spread(s)]
            for name, s in syncs.items()
        ),
        ['`python -c "import dagster"`', spread(imports)],
    ]
    text = markdown_table(["", "seconds"], rows)
    return Section(title="A sync of nothing", findings=findings, text=text)


@contextmanager
def project_copy(storage: str = next(iter(STORAGES))) -> Generator[Path]:
    """A copy of what a sync needs of the project, with one of the `STORAGES` for Dagster's log."""
    with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as name:
        folder = Path(name)
        for package in _COPIED:
            ignored = shutil.ignore_patterns("tests", "node_modules")
            shutil.copytree(PROJECT / package, folder / package, ignore=ignored)
        settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
        changed = yaml.safe_dump(settings | {"storage": STORAGES[storage]})
        (folder / "dagster.yaml").write_text(changed)
        shutil.copy(PROJECT / "pyproject.toml", folder)
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


def _seconds(command: Sequence[str], folder: Path, url: str) -> float:
    environment = os.environ | {
        "DAGSTER_HOME": str(folder),
        "DEMO_API_URL": url,
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("PACK_SYNC_WAREHOUSE", None)
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
