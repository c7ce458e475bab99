"""A process that has everything imported, and forks a child for each job.

Importing takes longer than a sync. The server starts no thread, so that forking it is safe;
the children are processes of their own, and what they are killed with is reported.

Run as `python -m tests.crash.fork_server`: jobs come on standard input, a line each; for each
the child's exit status is written, as `os.waitstatus_to_exitcode` gives it.
"""

import os
import subprocess
import sys
import traceback
from types import TracebackType
from typing import Self

from tests.crash.child import Job, job_line, run_job


class ForkServer:
    """Runs jobs in children of a server. Use as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 a command of our own
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(self, job: Job) -> int:
        """Run a job to its end; the exit status, negative for a signal."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(job_line(job))
        stdin.flush()
        return int(stdout.readline())


def serve() -> None:
    """Fork for each line until there are no more."""
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _be_the_child(line)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _be_the_child(line: bytes) -> None:
    """Do the job and end, without going back into the server's code."""
    try:
        run_job(line)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    serve()
