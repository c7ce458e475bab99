"""Opening the browser for a consent, without anything secret going to it."""

import os
import sys
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager

_OF_THE_DESKTOP = (
    "BROWSER", "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "DISPLAY", "HOME", "LANG", "LOGNAME",
    "PATH", "SHELL", "SYSTEMROOT", "TEMP", "TERM", "TMPDIR", "USER", "WAYLAND_DISPLAY",
    "XAUTHORITY",
)  # fmt: skip


def can_open_browser() -> bool:
    """Whether there is a browser for the person at this terminal: not over ssh."""
    if os.environ.get("BROWSER"):
        return True
    if os.environ.get("SSH_CONNECTION"):
        return False
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(desktop) or sys.platform in ("darwin", "win32")


def open_browser(url: str) -> bool:
    """Open a page, whose address is seen by all users of the machine; whether that worked."""
    with _without_secrets():
        try:
            return webbrowser.open(url)
        except webbrowser.Error:
            return False


@contextmanager
def _without_secrets() -> Generator[None]:
    """The browser inherits what a desktop needs, and no variable with a credential."""
    before = dict(os.environ)
    for name in before:
        if name.upper() not in _OF_THE_DESKTOP and not name.startswith(("XDG_", "LC_")):
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(before)
