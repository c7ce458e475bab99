"""The tutorial, done as it is written: its files made, its commands typed, in their order."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
BLOCK = re.compile(r"(?:^`([\w/.]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.M | re.S)
PATHS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
ENVIRONMENT = {**os.environ, "PATH": PATHS, "PYTHONPATH": str(ROOT), "DAGSTER_HOME": ""}


def type_in(folder: Path, commands: str) -> str:
    """Type commands into a shell; each of them must succeed."""
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-e", "-u", "-c", commands],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def wait_until_it_answers() -> None:
    """Return once somebody listens at the port of the tutorial's API."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", 8899)):
            return
        time.sleep(0.05)
    pytest.fail("the tutorial's API does not answer")


@pytest.fixture
def api() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Where the API's process goes, to be ended."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path, api: list[subprocess.Popen[bytes]]) -> None:
    """Each step shows what the page says of it."""
    type_in(tmp_path, "packsync init notebook")
    folder = tmp_path / "notebook"
    said: list[str] = []  # by each block of commands, in the page's order
    for path, language, text in BLOCK.findall(PAGE):
        if path:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            if path == "packs/notes/pack.py":
                (file.parent / "__init__.py").touch()
            if path == "api.py":
                api.append(subprocess.Popen([sys.executable, path], cwd=folder))  # noqa: S603
                wait_until_it_answers()
        elif language == "sh":
            said.append(type_in(folder, text))
    assert "Jupiter" in said[0]
    assert "Return the books" in said[1]
    assert re.search(r"Notes +incr\. +\d+ +1 +1 ", said[2])
    assert "notes_full_refresh" in said[3]
    assert "notes.Notes: 1 rejected" in said[4]
    assert "Buy a ladder" in said[5]
    assert "high" in said[5]
    assert "held, as it should be" in said[6]
    assert " 4 " in said[6]
    assert "2 passed" in said[7]
