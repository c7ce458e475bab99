"""How long until Dagster's page shows the assets, with few tables and with many.

    python -m benchmarks.first_sight --tables 10 --tables 200 --tables 2000

A project with one pack of so many tables, beside one of as many plain assets, in turns, each from
nothing: `dagster dev` until its page answers, and from there on until a browser (Debian's package
`chromium`, with playwright) shows the first name in the list of all assets. Then the page is
opened again, as one does all day.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from playwright.sync_api import sync_playwright

from benchmarks.findings import markdown_table, ratios, spread
from benchmarks.nothing_changed import project_copy
from benchmarks.source_server import PROJECT

_PATIENCE_SECONDS = 600.0
_PACK = """
from benchmarks.many_tables_run import make_pack

pack = make_pack({tables})
"""
_PLAIN = """
import dagster as dg


def made(number):
    @dg.asset(name=f"Table{{number:04}}", key_prefix="bench", group_name="bench")
    def table():
        return None
    return table


@dg.definitions
def defs():
    return dg.Definitions([made(number) for number in range({tables})])
"""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Seconds: from starting to an answer, from there to the list of assets, and to it again."""

    started: float
    listed: float
    again: float


def main(
    tables: Annotated[list[int] | None, typer.Option(help="May be repeated.")] = None,
    repeat: Annotated[int, typer.Option(help="Turns.", min=1)] = 3,
) -> None:
    """Print the seconds of each number of tables."""
    rows = list[list[str]]()
    for number in tables or [10, 200, 2_000]:
        ours, plain = list[Sight](), list[Sight]()
        for _ in range(repeat):
            ours.append(_sight(number, _with_pack))
            plain.append(_sight(number, _with_plain_assets))
        for part in ("started", "listed", "again"):
            these, those = ([getattr(one, part) for one in sights] for sights in (ours, plain))
            rows.append([f"{number:,}", part, *map(spread, (these, those, ratios(these, those)))])
    print(markdown_table(["tables", "seconds", "a pack", "plain assets", "ratio"], rows, left=2))


def _with_pack(folder: Path, tables: int) -> None:
    """Exchange the definitions of the project's copy for a pack of so many tables."""
    defs = folder / "sync_assets" / "defs"
    shutil.rmtree(defs)
    (defs / "bench").mkdir(parents=True)
    settings = "type: pack_sync.PackSyncComponent\nattributes:\n  pack: bench\n"
    (defs / "bench" / "defs.yaml").write_text(settings)
    pack = folder / "packs" / "bench"
    pack.mkdir()
    (pack / "__init__.py").touch()
    (pack / "pack.py").write_text(_PACK.format(tables=tables))


def _with_plain_assets(folder: Path, tables: int) -> None:
    """The same project without packs, and with assets that do nothing."""
    (folder / "sync_assets" / "definitions.py").write_text(_PLAIN.format(tables=tables))


def _sight(tables: int, prepare: Any) -> Sight:
    with project_copy() as folder:
        prepare(folder, tables)
        began = time.monotonic()
        with _running_dev(folder) as url:
            started = time.monotonic() - began
            listed, again = _shown(url)
    return Sight(started=started, listed=listed, again=again)


@contextmanager
def _running_dev(folder: Path) -> Generator[str]:
    """`dagster dev` in the folder, from when it answers; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = os.environ | {"DAGSTER_HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    environment |= {
        "PYTHONPATH": f"{folder}{os.pathsep}{PROJECT}",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    dagster = Path(sys.executable).with_name("dagster")
    command = [str(dagster), "dev", "-m", "sync_assets.definitions", "-p", str(port)]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=said, stderr=said, start_new_session=True
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_up(process, url)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"dagster dev ended with exit code {process.returncode}")
        try:
            if httpx.get(f"{url}/server_info", timeout=10).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("dagster dev did not answer")


def _shown(url: str) -> tuple[float, float]:
    """Seconds until the list of assets shows the first name, and until it does anew."""
    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(_PATIENCE_SECONDS * 1_000)
        seconds = list[float]()
        for _ in range(2):
            began = time.monotonic()
            page.goto(f"{url}/assets?view=list&expanded=all")
            page.get_by_text("Table0000").first.wait_for()
            seconds.append(time.monotonic() - began)
        if picture := os.environ.get("PACK_SYNC_SCREENSHOTS"):
            page.screenshot(path=Path(picture, "first_sight.png"))
        browser.close()
    return seconds[0], seconds[1]


if __name__ == "__main__":
    typer.run(main)
