"""`make vulnerabilities`: those of the locked dependencies, told apart from no network."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http_server import Answer, HttpServer, SeenRequest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def database() -> Iterator[HttpServer]:
    """A database of vulnerabilities that knows one of the first package it is asked for."""
    running = HttpServer()

    def answer(request: SeenRequest) -> Answer:
        known = {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z"}
        if not request.path.endswith("querybatch"):
            return Answer(body=json.dumps({**known, "summary": "It leaks"}).encode())
        count = len(json.loads(request.body)["queries"])
        results = [{"vulns": [known]}, *[{}] * (count - 1)]
        return Answer(body=json.dumps({"results": results}).encode())

    running.answer = answer
    yield running
    running.close()


def audit(url: str) -> "subprocess.CompletedProcess[str]":
    """Run the audit against a database; skips where there is no uv."""
    if not (shutil.which("uv") or (ROOT / ".uv" / "bin" / "uv").exists()):
        pytest.skip("needs uv")
    words = [str(ROOT / ".ci" / "vulnerabilities"), "--service-url", url]
    return subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)  # noqa: S603


def test_a_vulnerability_is_reported(database: HttpServer) -> None:
    """With package and number, and the exit code says so."""
    done = audit(database.url)
    assert done.returncode != 0
    assert "has 1 known vulnerability" in done.stdout
    assert "PYSEC-2026-1: It leaks" in done.stdout


def test_without_a_network_it_is_skipped_aloud() -> None:
    """Nothing can be known then, and nothing is claimed."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = audit(f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert done.returncode == 0
    skipped = "vulnerabilities: skipped, the vulnerability database cannot be asked"
    assert done.stdout.startswith(skipped)
