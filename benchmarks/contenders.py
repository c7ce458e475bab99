"""Who is compared: the engine, the floor, and the tools that a user would pick instead."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.util import find_spec

from benchmarks.measurement import Content, Measurement, measure, require_same
from benchmarks.source_server import Source, running_source


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way to do the same work.

    One that is `slow` is measured on fewer rows, and its time per row then taken for the rest.
    `why_not_compared` says why the values of some columns could not be had back, `needs` is a
    package that it imports.
    """

    name: str
    module: str
    arguments: Sequence[str] = ()
    slow: bool = False
    why_not_compared: str = ""
    needs: str = ""

    @property
    def missing(self) -> str:
        """Why it cannot run here; nothing if it can, as far as can be seen without trying."""
        missing = self.needs and find_spec(self.needs) is None
        return f"{self.needs} is not installed" if missing else ""

    def load(self, url: str, shape: str) -> Measurement:
        """A full load of the source into a database of its own, in a process of its own."""
        with tempfile.TemporaryDirectory(prefix="sync-benchmark-") as folder:
            return measure(self.module, url, folder, "--shape", shape, *self.arguments)


ENGINE = Contender(name="Pack Sync", module="benchmarks.engine_run")
FLOOR = Contender(name="the floor", module="benchmarks.floor_run")
_DLT = "benchmarks.peers.dlt_run"
DLT_ARROW = Contender(
    name="dlt, Arrow tables", module=_DLT, arguments=["--how", "arrow"], needs="dlt"
)
DLT_TUNED = Contender(
    name="dlt, tuned", module=_DLT, arguments=["--how", "tuned"], needs="dlt", slow=True
)
DLT_DEFAULT = Contender(
    name="dlt, default",
    module=_DLT,
    arguments=["--how", "default"],
    needs="dlt",
    slow=True,
    why_not_compared="it keeps lists of objects as further tables",
)
SINGER = Contender(
    name="Singer tap, target-duckdb",
    module="benchmarks.peers.singer_run",
    needs="singer_sdk",
    slow=True,
)
AIRBYTE = Contender(
    name="PyAirbyte",
    module="benchmarks.peers.airbyte_run",
    slow=True,
    why_not_compared="it keeps numbers as DECIMAL(38,9)",
)
PEERS = (DLT_ARROW, DLT_TUNED, DLT_DEFAULT, SINGER, AIRBYTE)


@dataclass(kw_only=True)
class Standing:
    """How a contender did: its runs, the seconds that each stands for, or why there are none."""

    contender: Contender
    runs: list[Measurement] = field(default_factory=list[Measurement])
    seconds: list[float] = field(default_factory=list[float])
    not_compared: Sequence[str] = ()
    why_not: str = ""


def standings_of(*contenders: Contender) -> dict[str, Standing]:
    """How they do before they have done anything, by name."""
    return {c.name: Standing(contender=c, why_not=c.missing) for c in contenders}


@dataclass(frozen=True, kw_only=True)
class Race:
    """A full sync of the same rows by everybody, in turns.

    The slow ones load `slow_rows` and stand for all `rows`: where these are more, the time of a
    load of very few, which is what starting costs them, is taken off, and the rest grows with the
    rows.
    """

    rows: int
    slow_rows: int
    shape: str = "plain"
    repeat: int = 3
    slow_repeat: int = 3
    peers: Sequence[Contender] = PEERS
    _starts: dict[str, float] = field(default_factory=dict[str, float], init=False)

    def run(self) -> dict[str, Standing]:
        """How each did, by name. Raises what the engine or the floor raises, and `ContentError`."""
        standings = standings_of(ENGINE, FLOOR, *self.peers)
        sizes = [self.rows, self.slow_rows, self._few]
        with ExitStack() as stack:
            url, slow_url, few_url = (
                stack.enter_context(running_source(Source(rows=rows, shape=self.shape)))
                for rows in sizes
            )
            expected = FLOOR.load(slow_url, self.shape).content
            for turn in range(self.repeat):
                for standing in standings.values():
                    if standing.why_not or (standing.contender.slow and turn >= self.slow_repeat):
                        continue
                    if standing.contender.slow:
                        self._load_some(standing, slow_url, few_url, expected)
                    else:
                        first = standings[ENGINE.name].runs
                        self._load_all(standing, url, first[0].content if first else None)
        return standings

    def _load_all(self, standing: Standing, url: str, expected: Content | None) -> None:
        run = self._loaded(standing, url, expected)
        if run:
            standing.seconds.append(run.total_seconds)

    def _load_some(
        self, standing: Standing, url: str, few_url: str, expected: Content | None
    ) -> None:
        run = self._loaded(standing, url, expected)
        if run and run.rows >= self.rows:
            standing.seconds.append(run.total_seconds)
        elif run:
            name, few = standing.contender.name, self._few
            if name not in self._starts:
                self._starts[name] = standing.contender.load(few_url, self.shape).total_seconds
            each = max(0, run.total_seconds - self._starts[name]) / max(1, run.rows - few)
            standing.seconds.append(run.total_seconds + each * (self.rows - run.rows))

    @property
    def _few(self) -> int:
        return max(1, min(1_000, self.slow_rows // 10))

    def _loaded(self, standing: Standing, url: str, expected: Content | None) -> Measurement | None:
        contender = standing.contender
        try:
            run = contender.load(url, self.shape)
        except RuntimeError as error:
            if contender in (ENGINE, FLOOR):
                raise
            standing.why_not = str(error)
            return None
        if expected and run.content:
            require_same(contender.name, run.content, expected)
            standing.not_compared = sorted(set(expected.columns) - set(run.content.columns))
        standing.runs.append(run)
        return run
