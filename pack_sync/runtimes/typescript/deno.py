"""Starts Deno children: without permissions, environment, files, and with bounded memory."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

from pack_sdk.errors import PackError
from pack_sync.project import current_project

_PARTS = ("primordials", "pipes", "log", "requests", "page", "pack", "realm", "main")
# Deno keeps in its folder whatever a pack imports, `import("data:…")` included. Below what is no
# folder it cannot be made, and Deno's caches are in the child's memory, which is bounded.
_ENVIRONMENT = {"DENO_DIR": "/dev/null/deno", "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
_DENIALS = ("read", "write", "net", "env", "sys", "run", "ffi", "import")


class RuntimeMissingError(PackError):
    """Deno, which runs packs in TypeScript, is not installed."""


def state_folder() -> Path:
    """Where the project keeps bundles, and the scripts of the child."""
    return current_project().state_folder / "typescript"


@cache
def deno_path() -> str:
    """Deno's program. Raises `RuntimeMissingError` that names the extra to install."""
    try:
        import deno
    except ImportError:
        raise RuntimeMissingError(
            "packs in TypeScript run in Deno, which is not installed; install the extra "
            '`typescript`: pip install "pack-sync[typescript]", or `uv sync --extra typescript`'
        ) from None
    return deno.find_deno_bin()


def child_source() -> str:
    """The code that runs in a child: one script, since a pack could import a module's exports."""
    folder = Path(__file__).parent / "child"
    return "".join((folder / f"{part}.js").read_text() for part in _PARTS)


def command(heap_megabytes: int, script: Path | None = None) -> Sequence[str]:
    """The command line of a child; tests may give it another `script`."""
    return [
        deno_path(),
        "run",
        "--quiet",
        "--no-prompt",
        *(f"--deny-{permission}" for permission in _DENIALS),
        "--no-config",
        "--no-lock",
        "--no-npm",
        "--no-remote",
        "--cached-only",
        "--unstable-unsafe-proto",  # bundles set __proto__, which Deno leaves out by default
        f"--import-map={_import_map()}",
        f"--v8-flags=--max-old-space-size={heap_megabytes},--stack-size=800",
        str(script or _child_script()),
    ]


def start(arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a child with three pipes, an empty folder and nothing of our environment."""
    empty = state_folder() / "empty"
    empty.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(  # noqa: S603 - Deno, and our own script
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=empty,
        env=_ENVIRONMENT,
        bufsize=0,
        start_new_session=True,  # a Ctrl-C in the terminal is for us to handle
        restore_signals=False,  # SIGXFSZ stays ignored: see forbid_writing
    )


def limit_memory(process: "subprocess.Popen[bytes]", megabytes: int) -> None:
    """Let the child take `megabytes` more than it has now, outside of the heap as well.

    The kernel refuses more, so that no watcher can come too late. Only Linux can limit
    another process; elsewhere the heap alone is bounded.
    """
    if sys.platform != "linux":
        return
    status = Path(f"/proc/{process.pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if "VmData" in line)
    limit = kilobytes * 1024 + megabytes * 1024 * 1024
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (limit, limit))
    resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))


def forbid_writing(process: "subprocess.Popen[bytes]") -> None:
    """Let no file grow any more by the child, which has no permission to write. Linux only."""
    if sys.platform == "linux":
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))


def limit_processor_time(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let the child compute for `seconds` more, with a good margin, and be ended after that.

    Whoever calls gives up earlier. But if the calling process is killed meanwhile, nobody else
    would end a pack that computes for ever.
    """
    if sys.platform != "linux":
        return
    # After the program's name in brackets, which may hold blanks: fields 3, 4, and so on.
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    limit = int(used + 4 * seconds + 10)
    _, hard = resource.prlimit(process.pid, resource.RLIMIT_CPU)
    resource.prlimit(process.pid, resource.RLIMIT_CPU, (limit, hard))


@cache
def _child_script() -> Path:
    source = child_source()
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    return _kept(f"child-{digest}.js", lambda: source)


@cache
def _import_map() -> Path:
    """A file that keeps `import("node:…")` from giving the pack Deno's copies of Node's modules.

    They need no permission to write on the child's own pipes.
    """
    return _kept(f"import-map-{version('deno')}.json", _import_map_source)


def _import_map_source() -> str:
    blocked = "data:text/javascript,throw new Error('a pack cannot import modules of Node')"
    names = sorted({name.removeprefix("node:") for name in _node_modules()})
    return json.dumps({"imports": {f"node:{name}": blocked for name in names}})


def _kept(name: str, make: Callable[[], str]) -> Path:
    """A file of our state, made if it is not there; other processes see all of it or nothing."""
    file = state_folder() / name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as temporary:
            temporary.write(make())
        Path(temporary.name).replace(file)
    return file


def _node_modules() -> Sequence[str]:
    """The names of the modules that this Deno knows."""
    code = (
        'import { builtinModules } from "node:module"; console.log(JSON.stringify(builtinModules))'
    )
    answer = subprocess.run(  # noqa: S603
        [deno_path(), "eval", "--no-config", code],
        capture_output=True,
        check=True,
        timeout=60,
        env=_ENVIRONMENT,
    )
    return json.loads(answer.stdout)
