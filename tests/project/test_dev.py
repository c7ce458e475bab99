"""`make dev`, in a copy of the project: Dagster's UI with the demo API behind it."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.dagster.dagster_project import ProjectCopy, copy_project

PATIENCE = 120.0
"""Seconds for Dagster to come up, or to go, on a slow machine."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def status_of(port: int, path: str) -> int:
    """The HTTP status of a page; 0 if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def processes_in(folder: Path) -> set[int]:
    """The processes whose working directory is in the folder."""
    found: set[int] = set()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink().is_relative_to(folder):
                found.add(int(process.name))
        except OSError:  # it has ended, or is another user's
            continue
    return found


def addresses_of(port: int) -> set[str]:
    """The addresses on which somebody listens at this port, as Linux writes them."""
    lines = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    ends = [words[1].split(":") for words in lines if words[3] == "0A"]
    return {address for address, hex_port in ends if int(hex_port, 16) == port}


@contextmanager
def running_dev(copy: ProjectCopy, *options: str) -> Generator[subprocess.Popen[bytes]]:
    """`make dev`'s command; whatever a failing test leaves behind is killed."""
    process = subprocess.Popen(  # noqa: S603 - our own environment's python
        copy.command("python", "-m", "sync_assets.dev", *options),
        cwd=copy.folder,
        env=copy.all_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for number in processes_in(copy.folder):
            os.kill(number, signal.SIGKILL)
        process.wait()


def wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait for Dagster's UI to answer."""
    deadline = time.monotonic() + PATIENCE
    while status_of(port, "/server_info") != 200:
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < deadline, "Dagster's UI did not come up"
        time.sleep(0.1)


def test_it_serves_until_it_is_interrupted_and_leaves_no_process(tmp_path: Path) -> None:
    """Both ports answer; Ctrl-C ends it, and with it all of Dagster's processes."""
    copy = copy_project(tmp_path)
    port, demo_port = free_port(), free_port()
    options = ("--port", str(port), "--demo-port", str(demo_port))
    with running_dev(copy, *options) as process:
        wait_until_up(process, port)
        assert status_of(demo_port, "/projects") == 200
        # Nobody but this machine reaches them: there is no login.
        assert addresses_of(port) == addresses_of(demo_port) == {"0100007F"}
        assert len(processes_in(copy.folder)) > 2, "Dagster has processes of its own"
        assert not list(copy.folder.glob(".tmp_dagster_home*")), "its home is the project"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert processes_in(copy.folder) == set()
        assert status_of(port, "/server_info") == status_of(demo_port, "/projects") == 0
