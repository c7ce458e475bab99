"""How fast a TypeScript pack's rows come, next to Node running the same bundle.

    python -m benchmarks.typescript_packs --rows 500000

Both make the same rows without network and hand them to this process as lines of JSON: the one
from a child without permissions, through messages and `Page`s, the other from a bare `node`
through a pipe. Their bytes are compared. Then how long a child takes from nothing to its first
page, and the memory it holds when it has nothing to do. `--pack` names the folder of another
built pack for these two, such as one with the SDK and all that it imports in it.
"""

import hashlib
import io
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from pack_sdk import SyncState
from pack_sdk.logger import SilentLogger
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.bundle import BuiltPack
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.messages import Message, MessageKind
from pack_sync.runtimes.typescript.node_modules import node
from pack_sync.runtimes.typescript.process import Limits, PackProcess
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime

FOLDER = Path(__file__).parent / "typescript"
_CHUNK = 1024 * 1024


def main(
    rows: Annotated[int, typer.Option(help="Rows of the table.", min=1)] = 500_000,
    repeat: Annotated[int, typer.Option(help="Runs of each.", min=1)] = 5,
    pack: Annotated[Path, typer.Option(help="The pack that is started.")] = FOLDER,
) -> None:
    """Measure rows per second, the start, and idle memory."""
    console = Console()
    built, started = build_pack(FOLDER, console.print), build_pack(pack, console.print)
    table = Table("", "TypeScript runtime", "Node", "ratio", title=f"Medians of {repeat} runs")
    ours, theirs = _side_by_side(lambda: _child(built, rows), lambda: _node(rows), repeat)
    speeds = (f"{rows / ours:,.0f}", f"{rows / theirs:,.0f}")
    table.add_row("rows per second", *speeds, f"{theirs / ours:.2f}")
    first, bare = _side_by_side(lambda: _start(started), _start_node, repeat)
    starts = (f"{first * 1000:.0f}", f"{bare * 1000:.0f}")
    table.add_row("ms to the first answer", *starts, f"{first / bare:.2f}")
    table.add_row("MB when idle", f"{_idle(started):.0f}", f"{_idle_node():.0f}", "")
    console.print(table)


def _side_by_side(
    one: Callable[[], tuple[float, str]], other: Callable[[], tuple[float, str]], repeat: int
) -> tuple[float, float]:
    """The median seconds of both, run in turns; what they made must be the same."""
    seconds: list[tuple[float, float]] = []
    for _ in range(repeat):
        (ours, made), (theirs, expected) = one(), other()
        if expected and made and made != expected:
            raise RuntimeError("the two made different rows")
        seconds.append((ours, theirs))
    ours, theirs = zip(*seconds, strict=True)
    return median(ours), median(theirs)


def _open(built: BuiltPack) -> PackSession:
    pack = read_manifest(built.manifest)
    connection = Connection(
        ConnectionSettings(name="none", credentials_folder=""), pack.authentication, []
    )
    environment = CallEnvironment(
        fetcher=SyncFetcher(connection),
        logger=SilentLogger(),
        endpoint=None,
        page_timeout_seconds=60,
    )
    return TypeScriptRuntime(pack, built.bundle).open(next(iter(pack.sync_tables)), environment)


def _child(built: BuiltPack, rows: int) -> tuple[float, str]:
    session = _open(built)
    digest, seconds = hashlib.sha256(), 0.0
    for page, took in _pages(session, rows):
        digest.update(page)
        seconds += took
    session.close()
    return seconds, digest.hexdigest()


def _pages(session: PackSession, rows: int) -> Iterator[tuple[bytes, float]]:
    continuation = None
    while True:
        began = time.perf_counter()
        page = session.execute([rows], SyncState(continuation=continuation))
        yield page.rows, time.perf_counter() - began
        continuation = page.continuation
        if continuation is None:
            return


def _node(rows: int) -> tuple[float, str]:
    """As `_child`: from when it has started, which its first rows tell."""
    with _started_node(rows) as process:
        output = cast("io.BufferedReader", process.stdout)
        data = output.read1(_CHUNK)
        began = time.perf_counter()
        digest, lines = hashlib.sha256(data), data.count(b"\n")
        while lines < rows and (data := output.read1(_CHUNK)):
            digest.update(data)
            lines += data.count(b"\n")
        seconds = time.perf_counter() - began
        process.kill()
    return seconds, digest.hexdigest()


def _start_node() -> tuple[float, str]:
    began = time.perf_counter()
    with _started_node(1) as process:
        cast("io.BufferedReader", process.stdout).readline()
        seconds = time.perf_counter() - began
        process.kill()
    return seconds, ""


def _started_node(rows: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [node(), FOLDER / "node.js", FOLDER / "bundle.js", str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _start(built: BuiltPack) -> tuple[float, str]:
    """From nothing to the answer to a first call, here to the manifest: it needs no network."""
    began = time.perf_counter()
    process = PackProcess(Limits())
    process.load(built.bundle.code(), built.bundle.name)
    _ask_manifest(process)
    seconds = time.perf_counter() - began
    process.close()
    return seconds, ""


def _ask_manifest(process: PackProcess) -> None:
    context: dict[str, Any] = {"sync": {}}
    head = {"call": 1, "function": "manifest", "context": context, "maxLogLines": 0}
    process.call(Message(kind=MessageKind.CALL, head=head), 60, "loading", lambda _: None)


def _idle(built: BuiltPack) -> float:
    process = PackProcess(Limits())
    process.load(built.bundle.code(), built.bundle.name)
    _ask_manifest(process)
    megabytes = _resident(process.pid)
    process.close()
    return megabytes


def _idle_node() -> float:
    with _started_node(1) as process:
        cast("io.BufferedReader", process.stdout).readline()
        megabytes = _resident(process.pid)
        process.kill()
    return megabytes


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if "VmRSS" in line) / 1024


if __name__ == "__main__":
    typer.run(main)
