"""What is tried with the cluster, and what must hold."""

import time
from dataclasses import dataclass

from tests.scale.cluster import Cluster, wait_for
from tests.scale.lake import open_lake, rows_of
from tests.scale.runs import RunReport, finished, launch, run
from tests.scale.service import Service

AT_ONCE = 2
"""How many ops a worker has at once."""


@dataclass(frozen=True)
class Killed:
    """A run during which a worker was killed."""

    report: RunReport
    killed_at: float
    problems: list[str]

    def __str__(self) -> str:
        lost = self.report.tried_again
        took = max((self.report.begun_at[op] for op in lost), default=self.killed_at)
        ways = sorted({" then ".join(workers) for workers in lost.values()})
        return (
            f"{self.report.succeeded} ops in {self.report.seconds:.0f} s; worker2 was killed, and "
            f"{len(lost)} ops were begun again ({', '.join(ways)}), the last of them "
            f"{took - self.killed_at:.0f} s later"
        )


def kill_a_worker(cluster: Cluster, service: Service) -> Killed:
    """Sync everything with two workers, one of which is killed when it has begun."""
    cluster.start_worker(1, AT_ONCE)
    second = cluster.start_worker(2, AT_ONCE)
    run_id = launch(cluster, "fake_full_refresh")
    some = service.tables * service.pages // 4
    wait_for("a quarter of the pages", lambda: sum(service.fetched.values()) >= some)
    killed_at = time.time()
    second.kill()
    cluster.machines.remove(second)
    report = finished(cluster, run_id, 3600)
    problems = [*problems_of(cluster, service, report), *_unlike_a_kill(report, service)]
    return Killed(report, killed_at, problems)


def _unlike_a_kill(report: RunReport, service: Service) -> list[str]:
    """What would mean that a lost op was not taken over, or that work was done twice."""
    problems: list[str] = []
    if not report.tried_again:
        problems.append("no op was lost: the worker was killed between two of them")
    if elsewhere := [o for o, workers in report.tried_again.items() if workers[-1] != "worker1"]:
        problems.append(f"not taken over by worker1: {elsewhere}")
    # The page that was on its way when the worker died is asked for again.
    twice = sum(service.fetched.values()) - len(service.fetched)
    if twice > AT_ONCE:
        most = [key for key, count in service.fetched.items() if count > 1]
        problems.append(f"{twice} pages were fetched twice, of {AT_ONCE} lost ops: {most[:5]}")
    return problems


def problems_of(cluster: Cluster, service: Service, report: RunReport) -> list[str]:
    """What a run must never leave behind, killed workers or not."""
    problems = [] if report.status == "SUCCESS" else [f"{report.status}: {report.errors[-3:]}"]
    if service.most_at_once["small"] > 1:
        problems.append(f"{service.most_at_once['small']} at once in a pool of one slot")
    with open_lake(cluster) as lake:
        for number in range(service.tables):
            table = f"T{number:03}"
            rows = rows_of(lake, table)
            found, truth = {row[0]: (row[1], row[2]) for row in rows}, service.truth(table)
            if len(rows) != len(truth) or found != truth:
                problems.append(f"{table} has {len(rows)} rows, not the {len(truth)} there are")
    return problems


def rate(cluster: Cluster, service: Service, workers: int) -> tuple[str, list[str]]:
    """How many tables so many workers sync in a second, and what went wrong."""
    cluster.stop_workers()
    for number in range(workers):
        cluster.start_worker(number + 1, AT_ONCE)
    service.round += 1
    everything = [*cluster.machines, *cluster.services.values()]
    took = {machine.name: machine.processor_seconds() for machine in everything}
    began = time.monotonic()
    report = run(cluster, "fake_full_refresh")
    seconds = time.monotonic() - began
    took = {m.name: m.processor_seconds() - took[m.name] for m in everything}
    at_work = sum(spent for name, spent in took.items() if name.startswith("worker"))
    line = (
        f"{workers} workers: {report.succeeded} tables in {seconds:.0f} s, "
        f"{report.succeeded / seconds:.2f} tables and "
        f"{service.rows * report.succeeded / seconds:.0f} rows a second; "
        f"processor seconds a table: {at_work / service.tables:.2f} at the workers, "
        f"{took['coordinator'] / service.tables:.2f} at Dagster's own processes"
    )
    return line, problems_of(cluster, service, report)
