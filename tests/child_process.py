"""A Python process beside the tests, killed when it is no longer needed."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def python_child(code: str, *arguments: str) -> Generator[None]:
    """Run code in a process of its own, from the moment it prints "ready" to the end of the block.

    It is then killed with SIGKILL, and gone when the block is left.
    """
    with subprocess.Popen(  # noqa: S603 a command of our own
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()
