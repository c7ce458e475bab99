"""Runs of the cluster: launched by the web server, watched, and told from their events."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.scale.cluster import Cluster, wait_for

_LAUNCH = """
mutation ($job: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: "scale", repositoryName: "__repository__", jobName: $job}
  }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
_STATUS = """
query ($run: ID!) { runOrError(runId: $run) { ... on Run { status startTime endTime } } }
"""
_EVENTS = """
query ($run: ID!, $after: String) {
  logsForRun(runId: $run, afterCursor: $after, limit: 1000) {
    ... on EventConnection {
      cursor hasMore
      events {
        __typename
        ... on MessageEvent { stepKey message eventType timestamp }
        ... on EngineEvent { metadataEntries { label ... on TextMetadataEntry { text } } }
        ... on RunFailureEvent { error { message } }
      }
    }
  }
}
"""


@dataclass
class RunReport:
    """How a run went."""

    run_id: str
    status: str
    seconds: float
    workers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The workers that began each op, in their order."""
    begun_at: dict[str, float] = field(default_factory=dict[str, float])
    """When each op was begun for the last time, in seconds since the epoch."""
    succeeded: int = 0
    errors: list[str] = field(default_factory=list[str])

    @property
    def tried_again(self) -> dict[str, list[str]]:
        """The ops that were begun more than once."""
        return {op: workers for op, workers in self.workers.items() if len(workers) > 1}


def launch(cluster: Cluster, job: str) -> str:
    """Start a run of the job; returns its id."""
    answer = cluster.ask(_LAUNCH, job=job)["launchRun"]
    if "run" not in answer:
        raise RuntimeError(answer)
    return answer["run"]["runId"]


def status(cluster: Cluster, run_id: str) -> str:
    """Such as STARTED."""
    return cluster.ask(_STATUS, run=run_id)["runOrError"]["status"]


def finished(cluster: Cluster, run_id: str, patience: float) -> RunReport:
    """Wait for its end."""

    def is_over() -> Any:
        cluster.services["coordinator"].check()
        found = cluster.ask(_STATUS, run=run_id)["runOrError"]
        return found if found["status"] in ("SUCCESS", "FAILURE", "CANCELED") else None

    over = wait_for(f"run {run_id}", is_over, patience, pause=1.0)
    report = RunReport(run_id, over["status"], over["endTime"] - over["startTime"])
    began: dict[str, list[str]] = defaultdict(list)
    for event in events(cluster, run_id):
        if event["__typename"] == "EngineEvent" and event["stepKey"]:
            told = {entry["label"]: entry.get("text") for entry in event["metadataEntries"]}
            if worker := told.get("Celery worker"):
                began[event["stepKey"]].append(worker.partition("@")[0])
                report.begun_at[event["stepKey"]] = float(event["timestamp"]) / 1000
        report.succeeded += event["eventType"] == "STEP_SUCCESS"
        if event["eventType"] in ("STEP_FAILURE", "RUN_FAILURE"):
            report.errors.append(event["message"])
    report.workers = dict(began)
    return report


def events(cluster: Cluster, run_id: str) -> list[dict[str, Any]]:
    """All that Dagster has noted of the run."""
    found: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        page = cluster.ask(_EVENTS, run=run_id, after=after)["logsForRun"]
        found += page["events"]
        after, more = page["cursor"], page["hasMore"]
    return found


def run(cluster: Cluster, job: str, patience: float = 1800) -> RunReport:
    """Run the job to its end."""
    return finished(cluster, launch(cluster, job), patience)
