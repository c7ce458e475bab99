"""`packsync connect` at a terminal: what is typed, and what shows of it (contract A4, A6)."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.connect.authorization_server import CLIENT_ID, CLIENT_SECRET, AuthorizationServer
from tests.connect.real_project import RealProject, real_project
from tests.connect.test_processes import FOLLOW, browser
from tests.http_server import HttpServer


@pytest.fixture
def shop(server: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealProject:
    """A project, and a browser that follows."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    service = AuthorizationServer(server=server)
    return real_project(tmp_path / "project", service, browser(tmp_path, FOLLOW))


# What a script starts in the background ignores Ctrl-C, and so would all that it starts.
_WITH_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A terminal with a program in it: what shows, and a person who types."""

    def __init__(self, shop: RealProject, *words: str) -> None:
        self._end, other = pty.openpty()
        self.shown = ""
        self._process = subprocess.Popen(  # noqa: S603 - a program of our own environment
            [
                sys.executable,
                "-c",
                _WITH_CTRL_C,
                Path(sys.executable).with_name(words[0]),
                *words[1:],
            ],
            cwd=shop.folder,
            env={**shop.inherited(), "BROWSER": shop.environment["BROWSER"], "TERM": "xterm"},
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)

    def until(self, text: str) -> None:
        """Read until that is shown."""
        while text not in self.shown:
            piece = self._read()
            assert piece, f"{text!r} was not shown: {self.shown}"
            self.shown += piece

    def type(self, line: str, *, hidden: bool) -> None:
        """Type a line; the program has switched the echo off before, if it is `hidden`."""
        patience = time.monotonic() + 60
        while bool(termios.tcgetattr(self._end)[3] & termios.ECHO) is hidden:
            assert time.monotonic() < patience, f"the echo is not as it should be: {self.shown}"
            os.sched_yield()
        os.write(self._end, f"{line}\n".encode())

    def interrupt(self) -> None:
        """What Ctrl-C does, until it shows; the pty is no controlling terminal.

        One that comes between the question and the reading of the answer has no effect: Python
        looks at it when the reading is interrupted.
        """
        for _ in range(60):
            self._process.send_signal(signal.SIGINT)
            if select.select([self._end], [], [], 5)[0]:
                return
        raise AssertionError(f"Ctrl-C has no effect: {self.shown}")

    def ended(self) -> int:
        """Read all, and how the program ended."""
        while piece := self._read():
            self.shown += piece
        os.close(self._end)
        return self._process.wait(60)

    def _read(self) -> str:
        assert select.select([self._end], [], [], 300)[0], f"nothing more is shown: {self.shown}"
        try:
            return os.read(self._end, 65_536).decode()
        except OSError:  # the program has ended
            return ""


def test_what_is_secret_does_not_show(shop: RealProject) -> None:
    """The client id shows while it is typed, the secret does not."""
    terminal = Terminal(shop, "packsync", "connect", "acme")
    terminal.until("client id: ")
    terminal.type(CLIENT_ID, hidden=False)
    terminal.until("client secret, not shown: ")
    terminal.type(CLIENT_SECRET, hidden=True)
    assert terminal.ended() == 0, terminal.shown
    assert CLIENT_ID in terminal.shown
    assert "PLANTED" not in terminal.shown
    assert "Connected acme default as Ada Lovelace." in terminal.shown


def test_a_line_that_the_terminal_cuts(shop: RealProject) -> None:
    """Half of a token is not sent; the way around is named."""
    terminal = Terminal(shop, "packsync", "connect", "acme")
    terminal.until("client id: ")
    terminal.type(CLIENT_ID, hidden=False)
    terminal.until("client secret, not shown: ")
    terminal.type("PLANTED" * 800, hidden=True)
    assert terminal.ended() == 1
    assert "a terminal cuts lines after 4,095 characters" in terminal.shown
    assert "PLANTED" not in terminal.shown


def test_ctrl_c_stops(shop: RealProject) -> None:
    """At a question, with one line and nothing saved."""
    terminal = Terminal(shop, "packsync", "connect", "acme")
    terminal.until("client id: ")
    terminal.interrupt()
    assert terminal.ended() == 1
    assert "stopped; nothing was saved" in terminal.shown
    assert "Traceback" not in terminal.shown
    assert shop.accounts == []
