"""How faithful the ready packs are: `python -m tests.packs.fidelity` measures and keeps it.

Each pack is synced by the real engine from the fake of its service, in which rows are inserted,
updated, deleted and undeleted, also while pages are fetched; tokens expire, requests fail, syncs
break off. What the tables hold then is compared with what a full sync of the service finds that
stands still, and their number of rows with the one that the fake itself names.
"""

import importlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeAlias, cast

import duckdb
import typer

from pack_sdk.pack import Pack
from pack_sdk.testing import FakeService, StatusCode
from pack_sdk.testing.collection import ChangeKind
from pack_sdk.testing.faults import failing
from pack_sync.check.fakes import find_fake
from pack_sync.check.made_up_account import authentication_for_check, settings_for_check
from pack_sync.check.pack_clock import PackClock, in_utc, pack_clock
from pack_sync.check.service_transport import ServiceTransport
from pack_sync.dagster.configuration import TableConfiguration
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.table_entries import REST
from pack_sync.engine.full_or_incremental import ModeRequest, RequestedMode
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableFailed, TableRuns
from pack_sync.http.connection import Connection
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.packs.fidelity import Fidelity, TableFidelity, keep
from pack_sync.runtimes.loader import load_pack, load_runtime, pack_folder, ready_packs
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.identifiers import quote_identifier
from pack_sync.warehouse.warehouse import Warehouse, table_name

Kind: TypeAlias = Literal["missed", "stale", "undeleted"]
Rows: TypeAlias = Mapping[tuple[str, ...], str]

STEPS_BETWEEN_SYNCS = 8
STEPS_FOR_EACH_TABLE = 2
"""More of them between two syncs of packs with many tables, which would take too long."""

SYNCS_BETWEEN_FULL_ONES = 25

KINDS: Sequence[Kind] = ("missed", "stale", "undeleted")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_CHANGES: Sequence[ChangeKind] = (
    "insert", "update", "update", "delete", "delete", "undelete", "late",
)  # fmt: skip
_MOST_GROWTH = 1.5
_ANY_RATE = "100000/s"


class CountedService(Protocol):
    """A fake that knows the truth."""

    def row_counts(self) -> Mapping[str, int]:
        """How many rows each table of the pack should have now."""
        ...


@dataclass
class Measured:
    """What was found of one table; `excused` are differences that the pack declares as blind."""

    syncs: int = 0
    found: Counter[Kind] = field(default_factory=Counter[Kind])
    excused: Counter[Kind] = field(default_factory=Counter[Kind])
    examples: list[str] = field(default_factory=list[str])


class Trial:
    """One pack, the fake of its service, the tables that are synced, and those of the truth."""

    def __init__(self, name: str, seed: int, folder: Path, clock: PackClock) -> None:
        self.name = name
        self.pack: Pack = load_pack(name)
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.service: FakeService = find_fake(name, self.pack, pack_folder(name))(seed)
        self.held = Warehouse.at(folder / "held.duckdb")
        self.blind = blind_spots(name)
        chosen = {
            table: TableConfiguration(dynamic_url=url)
            for table, url in self.service.dynamic_urls.items()
        }
        self.definition = PackTables(
            name=name, pack=self.pack, tables={REST: TableConfiguration(), **chosen}
        )
        self.tables = {table: Measured() for table in self.definition.configured_tables}
        self.answers_folder: Path | None = None
        """Where answers with an `ETag` are kept, if they are."""
        self._folder = folder
        self._clock = clock
        self._moving = False
        self._rows_at_first = self._rows_at_the_service()

    def step(self) -> None:
        """One change in each collection, and some time."""
        self._change()
        self.advance(minutes=self.random.randint(1, 30))

    def advance(self, *, minutes: int) -> None:
        """Move the service's clock and the pack's."""
        self.service.world.advance(minutes=minutes)
        self._clock.set(self.service.world.clock.now)

    def sync_in_trouble(self) -> None:
        """An increment while rows change, and something goes wrong or not."""
        requests = len(self.service.requests)
        trouble = self.random.choice(["none", "none", "limited", "error", "broken", "expired"])
        at = requests + self.random.randint(1, 6)
        if trouble == "limited":
            self.service.faults = [failing({at}, StatusCode(429, {}, {"Retry-After": "0"}))]
        elif trouble == "error":
            self.service.faults = [failing({at}, StatusCode(502, "bad gateway"))]
        elif trouble == "broken":  # tried again by the next sync alone, from the pages it has
            self.service.faults = [failing({at}, StatusCode(400, "broken"))]
        elif trouble == "expired":
            self.service.world.expire_tokens()
        self._moving = True
        try:
            self.sync()
        except SyncsFailedError:  # what broke off is finished by the next sync, as of its beginning
            self.service.faults = []
            self.sync()
        self._moving, self.service.faults = False, []
        self.advance(minutes=1)

    def sync(self, mode: RequestedMode = "auto") -> None:
        """Sync all tables. Raises `SyncsFailedError`."""
        self._run(self.held, self._folder / "spool", mode)
        for measured in self.tables.values():
            measured.syncs += 1

    def compare(self, *, after_full: bool) -> None:
        """Compare all tables with those of a service that stands still."""
        for file in self._folder.glob("truth.duckdb*"):
            file.unlink()
        truth = Warehouse.at(self._folder / "truth.duckdb")
        self._run(truth, self._folder / "truth spool", "full")
        counts = self.row_counts()
        for table, measured in self.tables.items():
            held, true = self._rows(self.held, table), self._rows(truth, table)
            if len(true) != counts[table]:
                raise AssertionError(
                    f"{self.name}.{table}: a full sync brings {len(true)} rows of {counts[table]}"
                )
            for kind, keys in differences(held, true).items():
                if not after_full and kind in self.blind.get(table, {}):
                    measured.excused[kind] += len(keys)
                elif keys:
                    measured.found[kind] += len(keys)
                    measured.examples.append(f"{kind}: {sorted(keys)[:3]}")

    def row_counts(self) -> Mapping[str, int]:
        """How many rows each table has at the service, by the fake's own word."""
        return cast("CountedService", self.service).row_counts()

    def _run(self, warehouse: Warehouse, spools: Path, mode: RequestedMode) -> None:
        authentication = authentication_for_check(self.pack)
        runs = TableRuns(max_parallel=1)
        settings = settings_for_check(self.pack, authentication, self.service)
        with Connection(
            settings.model_copy(update={"rate": [_ANY_RATE]}),  # the service limits as it likes
            authentication,
            self.pack.network_domains,
            transport=ServiceTransport(self.service, self._answered),
            rate_limits=self.pack.rate_limits,
        ) as connection:
            jobs = [self._job(table, connection, spools, runs) for table in self.tables]
            events = list(runs.run(jobs, warehouse, ModeRequest(configured=mode)))
        failed = [event.message for event in events if isinstance(event, TableFailed)]
        if failed:
            raise SyncsFailedError("\n".join(failed))

    def _job(
        self,
        table: str,
        connection: Connection,
        spools: Path,
        runs: TableRuns,
    ) -> SyncJob:
        given = self.service.parameters.get(table, {})
        return SyncJob(
            key=SyncKey(pack=self.name, table=table),
            table=self.pack.sync_tables[table],
            runtime=load_runtime(self.name),
            connection=connection,
            parameters={**self.definition.parameters_of(table), **given},
            spool_folder=spools / table,
            answers_folder=self.answers_folder,
            log=runs.log,
            crawl=self.definition.crawl_of(table, "default"),
            dynamic_url=self.service.dynamic_urls.get(table),
            settings=SyncSettings(attempts=1, retry_wait_seconds=0),
            cancelled=runs.cancelled,
            approve_deletes=True,
        )

    def _change(self) -> None:
        """A change in each collection; a deletion where there are too many rows to be quick."""
        kind = self.random.choice(_CHANGES)
        grown = self._rows_at_the_service() > _MOST_GROWTH * self._rows_at_first
        self.service.world.step("delete" if grown else kind)

    def _rows_at_the_service(self) -> int:
        return sum(len(each) for each in self.service.world.collections.values())

    def _answered(self) -> None:
        if self._moving and self.random.random() < 0.1:
            self._change()
        self._clock.set(self.service.world.clock.now)

    def _rows(self, warehouse: Warehouse, table: str) -> Rows:
        """The rows by the sync that owns them and their id, each as text.

        The id of a dynamic table is its first column.
        """
        given: Any = self.pack.sync_tables[table].schema.id_property
        whole = f"(SELECT * EXCLUDE (_changed_at, _run_id) FROM {table_name(self.name, table)})"
        with warehouse.read() as connection:
            try:
                described = connection.execute(f"DESCRIBE SELECT * FROM {whole}").fetchall()
            except duckdb.CatalogException:  # no sync has brought a row yet
                return {}
            first = next(str(name) for name, *_ in described if not name.startswith("_"))
            ids = [given or first] if isinstance(given or first, str) else list(given)
            key = ", ".join(quote_identifier(name) for name in ("_sync", *ids))
            found = connection.execute(
                f"SELECT {key}, CAST(t AS VARCHAR) FROM {whole} AS t"
            ).fetchall()
        return {tuple(map(str, row[:-1])): row[-1] for row in found}


class SyncsFailedError(Exception):
    """Tables that could not be synced, and why."""


def differences(held: Rows, true: Rows) -> dict[Kind, set[tuple[str, ...]]]:
    """What is missing of the truth, what is of another version, and what is too much."""
    return {
        "missed": true.keys() - held.keys(),
        "stale": {key for key in true.keys() & held.keys() if true[key] != held[key]},
        "undeleted": held.keys() - true.keys(),
    }


def blind_spots(name: str) -> Mapping[str, Mapping[Kind, str]]:
    """What a pack says its service does not tell, by table: until the next full sync."""
    module = importlib.import_module(f"pack_sync.packs.{name}.pack")
    spots: Mapping[str, Mapping[Kind, str]] = getattr(module, "BLIND_SPOTS", {})
    return spots


def measure(name: str, *, steps: int, seed: int) -> Mapping[str, Measured]:
    """Let so many steps happen at the service of a pack, with syncs among them."""
    with tempfile.TemporaryDirectory() as folder, in_utc(), pack_clock(_BEGIN) as clock:
        trial = Trial(name, seed, Path(folder), clock)
        clock.set(trial.service.world.clock.now)
        trial.sync()
        trial.compare(after_full=True)
        between = max(STEPS_BETWEEN_SYNCS, STEPS_FOR_EACH_TABLE * len(trial.tables))
        for number in range(1, max(steps // between, 1) + 1):
            for _ in range(between):
                trial.step()
            trial.sync_in_trouble()
            full = number % SYNCS_BETWEEN_FULL_ONES == 0
            trial.sync("full" if full else "auto")
            trial.compare(after_full=full)
        trial.sync("full")
        trial.compare(after_full=True)
        return trial.tables


def fidelity_of(measured: Mapping[str, Measured], steps: int) -> Fidelity:
    """The figures that are kept."""
    return Fidelity(
        tables={
            table: TableFidelity(
                steps=steps,
                syncs=each.syncs,
                missed=each.found["missed"],
                stale=each.found["stale"],
                undeleted=each.found["undeleted"],
            )
            for table, each in measured.items()
        }
    )


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Packs; all ready ones if none.")
    ] = None,
    steps: int = 1_000,
    seed: int = 1,
) -> None:
    """Measure, keep the figures, and print them; exits with 1 where a row is wrong."""
    wrong = False
    for name in names or ready_packs():
        began = time.monotonic()
        measured = measure(name, steps=steps, seed=seed)
        keep(name, fidelity_of(measured, steps))
        typer.echo(f"{name}: {steps:,} steps, seed {seed}, {time.monotonic() - began:.0f} s")
        for table, each in measured.items():
            found = ", ".join(f"{each.found[kind]} {kind}" for kind in KINDS)
            excused = "".join(f", {n} {kind} as declared" for kind, n in each.excused.items())
            typer.echo(f"  {table}: {each.syncs} syncs, {found}{excused}")
            for example in each.examples[:3]:
                typer.echo(f"    {example}")
            wrong = wrong or bool(each.found)
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
