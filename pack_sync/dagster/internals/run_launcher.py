"""`WatchedRunLauncher`, for dagster.yaml: tells run monitoring of runs whose process is gone.

Where this Dagster lacks a private name that it is made of, it is Dagster's default launcher: then
only the ticks of a pack's schedules notice such a run.
"""

import dagster as dg

from pack_sync.dagster.internals.dead_runs import is_dead

try:
    from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
except ImportError:
    WatchedRunLauncher = dg.DefaultRunLauncher  # pyright: ignore[reportAssignmentType]
else:

    class WatchedRunLauncher(dg.DefaultRunLauncher):
        """Dagster's default launcher, which can also tell that a run's process is gone."""

        @property
        def supports_check_run_worker_health(self) -> bool:
            """So that run monitoring asks."""
            return True

        def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
            """Failed if the process is known to be gone; what is not known counts as running."""
            if is_dead(self._instance, run):
                return CheckRunHealthResult(WorkerStatus.FAILED, "its process is gone")
            return CheckRunHealthResult(WorkerStatus.RUNNING)


__all__ = ["WatchedRunLauncher"]
