"""Opening the browser for a consent, without anything secret going to it."""

import os
import subprocess
import sys

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


def open_browser(url: str) -> None:
    """Have a page opened, whose address all users of this machine can see.

    By a process of its own, since some browsers are waited for until they are closed. It gets the
    variables that a desktop needs, and none with a credential.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _OF_THE_DESKTOP or name.startswith(("XDG_", "LC_"))
    }
    subprocess.Popen(  # noqa: S603 - Python's own module
        [sys.executable, "-I", "-m", "webbrowser", url],
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C at the terminal is not for the browser
    )
