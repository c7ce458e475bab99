"""Trials: a sync is killed, perhaps more than once, and then run to its end."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from pack_sync.engine.full_or_incremental import RequestedMode
from tests.crash.checks import NO_CALL, next_call, violations
from tests.crash.child import CALLS, REPORT, Job, engine_of
from tests.crash.fork_server import ForkServer
from tests.crash.killing import HALVES, HOWS, SIGNALS, Kill
from tests.crash.world import World
from tests.warehouses import KIND, copy_folder, remove_folder

if TYPE_CHECKING:  # what it needs takes long to import
    from tests.crash.own_postgres import OwnPostgres

LONGEST_TIMER = 30_000 if KIND == "file" else 300_000
"""In microseconds: longer than any statement here takes on an idle machine."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is killed: a sync at version `now`, of a table that was synced at `before`, if at all.

    Cursors older than `oldest` have expired then (contract C8).
    """

    name: str
    now: int
    before: int | None = None
    oldest: int = 0
    mode: RequestedMode = "auto"


SCENARIOS = (
    Scenario(name="first full sync", now=1),
    Scenario(name="full sync", before=1, now=3, mode="full"),
    Scenario(name="incremental sync", before=1, now=4),
    Scenario(name="full sync after an expired cursor", before=1, now=4, oldest=3),
)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A scenario with its kills, each of a process of its own; then one runs to the end.

    If the world `moves`, it is a version further on after each kill.
    """

    scenario: Scenario
    kills: Sequence[Kill]
    moves: bool = False

    def __str__(self) -> str:
        moving = ", while the world moves" if self.moves else ""
        return f"{self.scenario.name}, killed {' then '.join(map(str, self.kills))}{moving}"


class Laboratory:
    """Runs trials in folders below `folder`, of a world made from `seed`.

    `killed` counts the processes that were killed, as they were meant to be. With a `postgres`,
    that is killed in their stead; `told` are then the errors of the syncs that it failed.
    """

    def __init__(
        self, folder: Path, server: ForkServer, seed: int, postgres: "OwnPostgres | None" = None
    ) -> None:
        self.folder = folder
        self.world = World(seed)
        self.killed = 0
        self.postgres = postgres
        self.told: list[str] = []
        self._server = server
        self._trials = 0

    @cached_property
    def steps(self) -> dict[str, list[str]]:
        """The steps of each scenario's sync when nothing goes wrong."""
        return {scenario.name: self.steps_of(scenario) for scenario in SCENARIOS}

    def steps_of(self, scenario: Scenario, defect: str | None = None) -> list[str]:
        """The steps of a sync that is not killed, and that must then be as it should."""
        folder = self._begin(scenario)
        job = replace(self._job(scenario, folder), defect=defect)
        problems = [*self._run_and_check(job), *self._problems_at_end(job)]
        if problems:
            raise AssertionError(f"{scenario.name}, never killed: {problems}")
        return _report(folder)["steps"]

    def every_kill(self) -> Iterator[Trial]:
        """Each scenario killed once, before, after and in the middle of each step."""
        for scenario in SCENARIOS:
            for step, what in enumerate(self.steps[scenario.name]):
                for how in HOWS if what.startswith(HALVES) else ("before", "after"):
                    kill = Kill(step=step, how=how, postgres=self.postgres is not None)
                    yield Trial(scenario=scenario, kills=[kill])

    def some_trials(self, count: int, chance: random.Random) -> list[Trial]:
        """Half of them from `every_kill`, and half random."""
        every = list(self.every_kill())
        single = chance.sample(every, min(count // 2, len(every)))
        return single + [self.random_trial(chance) for _ in range(count - len(single))]

    def random_trial(self, chance: random.Random) -> Trial:
        """One to three kills at any moment, also in the middle of a statement, or of the commit."""
        scenario = chance.choice(SCENARIOS)
        steps = self.steps[scenario.name]
        commits = [number for number, what in enumerate(steps) if what == "COMMIT"]
        kills = [
            Kill(
                step=chance.choice((chance.randrange(len(steps)), *commits[-1:])),
                how=chance.choice((*HOWS, "timer", "timer", "timer")),
                microseconds=int(LONGEST_TIMER ** chance.random()),
                postgres=self.postgres is not None,
            )
            for _ in range(chance.choice((1, 1, 2, 3)))
        ]
        return Trial(scenario=scenario, kills=kills, moves=chance.random() < 0.5)

    def run(self, trial: Trial, defect: str | None = None) -> list[str]:
        """Run a trial; what was violated, none if all is well."""
        folder = self._begin(trial.scenario)
        job = replace(self._job(trial.scenario, folder), defect=defect)
        problems: list[str] = []
        for kill in trial.kills:
            problems += self._run_and_check(replace(job, kill=kill))
            if trial.moves:
                job = replace(job, now=min(job.now + 1, self.world.versions))
        problems += self._run_and_check(job)
        problems += self._problems_at_end(job)
        remove_folder(folder)
        return problems

    def _run_and_check(self, job: Job) -> list[str]:
        """Run a job, and check what holds afterwards, and that it went on where it had to."""
        folder = Path(job.folder)
        engine = engine_of(job)
        expected = next_call(engine)
        ended = self._run(job)
        calls = [orjson.loads(line) for line in _lines(folder / CALLS)]
        problems = [f"{job.kill or 'to the end'}: {problem}" for problem in ended]
        if expected is NO_CALL and calls:
            problems.append(f"all pages were there, but it asked for {calls[0]}")
        elif expected is not NO_CALL and calls and calls[0] != expected:
            problems.append(f"it had to continue from {expected}, but asked for {calls[0]}")
        return problems + violations(engine, self.world)

    def _problems_at_end(self, job: Job) -> list[str]:
        """What does not hold after a sync that ended, beside what must hold at every moment."""
        engine = engine_of(job)
        if _report(Path(job.folder))["error"]:
            return [f"the sync failed: {_report(Path(job.folder))['error']}"]
        final = {"version": job.now}
        problems: list[str] = []
        if engine.position().cursor != final:  # a listing that went on keeps to its version
            self._run(job)
            problems = violations(engine, self.world)
        if engine.position().cursor != final:
            problems.append(f"it never came to version {job.now}")
        if engine.ledger()[-1]["unconfirmed"]:  # the next sync is a full one, and decides
            self._run(replace(job, mode="auto"))
            if engine.ledger()[-1]["unconfirmed"]:
                problems.append("rows stay unconfirmed after a full sync that nothing interrupted")
            problems += violations(engine, self.world)
        if left := list(engine.spools.rglob("spool-*")):
            problems.append(f"pages are left behind: {left}")
        return problems

    def _run(self, job: Job) -> list[str]:
        """Run a job in a child; what is wrong with how it ended."""
        for name in (REPORT, CALLS):
            (Path(job.folder) / name).unlink(missing_ok=True)
        status = self._server.run(job)
        if self.postgres is not None and job.kill is not None:
            self.killed += 1
            self.postgres.wait()
            self.told += filter(None, [_report(Path(job.folder))["error"]])
            return []
        if status == 0:  # also where the step to be killed at never came
            error = _report(Path(job.folder))["error"]
            return [f"the sync failed: {error}"] if error else []
        if job.kill and -status in SIGNALS:
            self.killed += 1
            return []
        return [f"the process ended with status {status}"]

    def _begin(self, scenario: Scenario) -> Path:
        """A folder of its own for a trial, with the table as it is before."""
        self._trials += 1
        folder = self.folder / f"trial-{self._trials}"
        if scenario.before is None:
            folder.mkdir()
            return folder
        prepared = self.folder / f"before-{scenario.before}"
        if not prepared.exists():
            prepared.mkdir()
            self._run(Job(folder=str(prepared), seed=self.world.seed, now=scenario.before))
        copy_folder(prepared, folder)
        return folder

    def _job(self, scenario: Scenario, folder: Path) -> Job:
        return Job(
            folder=str(folder),
            seed=self.world.seed,
            now=scenario.now,
            oldest=scenario.oldest,
            mode=scenario.mode,
        )


def _report(folder: Path) -> dict[str, Any]:
    """What the last process said when it ended."""
    return orjson.loads((folder / REPORT).read_bytes())


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []
