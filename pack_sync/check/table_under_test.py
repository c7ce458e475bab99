"""One table of a pack that is being checked, and what is known of it so far."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, cast

from pack_sdk.choices import simple_autocomplete
from pack_sdk.crawl import crawl_of
from pack_sdk.pack import Pack
from pack_sdk.parameters import Parameter
from pack_sdk.row_values import value_at
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import SyncTable
from pack_sdk.testing import FakeService
from pack_sync.check.blind_spots import BlindSpots
from pack_sync.check.findings import RULES, CannotCheckError, Evidence, Finding, Kind
from pack_sync.check.lab import Happening, Lab, open_lab
from pack_sync.check.source import Part, Source
from pack_sync.check.table_state import changed_properties, row_id, stored
from pack_sync.check.traces import Trace
from pack_sync.runtimes.runtime import PackRuntime

_FULL_SYNCS = (
    "paging-forgotten", "continuation-counts-as-none", "sync-needs-memory", "page-needs-memory",
    "replayed-page-differs", "id-not-unique", "id-changes", "cap-unnoticed", "rows-left-out",
)  # fmt: skip

_ANSWERS = 10
"""After so many answers of a sync something happens, and then now and then."""


@dataclass(frozen=True, kw_only=True)
class FirstSyncs:
    """Two full syncs, an hour apart, from a service in which nothing changes.

    `volatile` are properties that differ between them: they say nothing of the service's rows.
    """

    first: Trace
    second: Trace
    schema: Schema
    log: list[str]
    service: FakeService
    volatile: frozenset[str] = frozenset()

    @property
    def ids(self) -> list[str]:
        """The ids of the first sync's rows, in their order."""
        return [key for row in self.first.rows if (key := row_id(row, self.schema)) is not None]


@dataclass(kw_only=True)
class PackUnderTest:
    """A pack, its code, its source, and how a made-up service for it is made, given a seed.

    `load_afresh` loads the pack's code once more, without anything that it remembers.
    """

    name: str
    pack: Pack
    runtime: PackRuntime
    load_afresh: Callable[[], PackRuntime]
    source: Source
    make_fake: Callable[[int], FakeService]
    is_python: bool
    blind_spots: BlindSpots = field(default_factory=dict[str, Mapping[Kind, str]])

    def table(self, name: str) -> "TableUnderTest":
        """One of its tables."""
        return TableUnderTest(pack=self, declared=self.pack.sync_tables[name])


@dataclass(kw_only=True, eq=False)
class TableUnderTest:
    """A table, with the labs to try it in; rules may look at what others have found before."""

    pack: PackUnderTest
    declared: SyncTable
    found: list[Finding] = field(default_factory=list[Finding])
    excused: list[Finding] = field(default_factory=list[Finding])
    """Findings of what the pack declares as a blind spot of its service."""
    given: FirstSyncs | None = None
    """Full syncs of a real service, where it is one."""

    @property
    def name(self) -> str:
        """The table's name."""
        return self.declared.name

    @property
    def blind_spots(self) -> Mapping[Kind, str]:
        """What the pack says that the service does not tell of this table."""
        return self.pack.blind_spots.get(self.name, {})

    def take(self, findings: Iterable[Finding]) -> None:
        """Note what a rule found, apart from what the pack declares."""
        for finding in findings:
            declared = finding.kind is not None and finding.kind in self.blind_spots
            (self.excused if declared else self.found).append(finding)

    def broke(self, *codes: str) -> bool:
        """Whether it has broken one of these rules, be it by what the pack declares."""
        return any(finding.code in codes for finding in (*self.found, *self.excused))

    @property
    def broke_basic(self) -> bool:
        """Whether it has broken a basic rule: none but these are looked at then."""
        return any(RULES[finding.code].basic for finding in self.found)

    @property
    def found_errors(self) -> bool:
        """Whether it has broken any rule that is more than advice."""
        return any(finding.level == "error" for finding in self.found)

    def evidence(
        self,
        says: str,
        part: Part,
        detail: str = "",
        *,
        column: str | None = None,
        kind: Kind | None = None,
    ) -> Evidence:
        """What a rule saw, at the line of a part of this table (see `Part`)."""
        place = self.pack.source.find(self.name, part, detail)
        return Evidence(says=says, place=place, column=column, kind=kind)

    def evidence_of_property(self, says: str, name: str) -> Evidence:
        """What a rule saw of a property's values, at the line that declares it."""
        return self.evidence(says, "property", name, column=name)

    def evidence_of_error(self, says: str, error: BaseException | None) -> Evidence:
        """An error that a rule saw, at the line that raised it, or else at the function."""
        place = self.pack.source.raised_at(error) if error else None
        return Evidence(says=says, place=place) if place else self.evidence(says, "execute")

    @contextmanager
    def lab(
        self, seed: int = 0, change: Callable[[FakeService], object] | None = None
    ) -> Generator[Lab]:
        """A made-up service of this seed, and the table; `change` is given the service first.

        The same seed gives the same service again. Raises `CannotCheckError` where a parameter has
        no value.
        """
        values = self._parameters(seed)
        service = self.pack.make_fake(seed)
        if change is not None:
            change(service)
        pack = self.pack
        with open_lab(pack.pack, self.declared, pack.runtime, service, values) as lab:
            yield lab

    @cached_property
    def still(self) -> FirstSyncs:
        """Full syncs from a service in which nothing changes, or those that were given."""
        if self.given is not None:
            return self.given
        with self.lab() as lab:
            first = lab.sync()
            lab.advance(hours=1)
            second = lab.sync() if first.ended else first
            schema = lab.table.schema
            return FirstSyncs(
                first=first,
                second=second,
                schema=schema,
                log=lab.log.lines,
                service=lab.service,
                volatile=_volatile(first, second, schema),
            )

    def now_and_then(self, happen: Happening) -> Happening:
        """What happens after each answer of a sync; if there are many, after each of the first ten.

        Else a made-up service would grow as fast as a pack asks for its rows one by one.
        """
        every = max(1, len(self.still.first.exchanges) // _ANSWERS)
        answers = count(1)

        def sometimes() -> None:
            number = next(answers)
            if number <= _ANSWERS or number % every == 0:
                happen()

        return sometimes

    @property
    def full_is_right(self) -> bool:
        """Whether full syncs bring all rows, each by its id: what else is looked at rests on it."""
        return not self.broke(*_FULL_SYNCS)

    @property
    def is_incremental(self) -> bool:
        """Whether its full sync is right and leaves a cursor."""
        return self.full_is_right and self.still.first.next_cursor is not None

    def _parameters(self, seed: int) -> Mapping[str, Any]:
        """Values for the table's parameters: the fake's, a parent's row, or a choice."""
        if not self.declared.parameters:
            return {}
        given = dict(self.pack.make_fake(seed).parameters.get(self.name, {}))
        crawled = crawl_of(self.declared)
        if crawled is not None and not set(crawled.properties) <= set(given):
            given = {**self._of_parent(crawled.parent_table, crawled.properties, seed), **given}
        for parameter in self.declared.parameters:
            if parameter.name not in given and not (parameter.optional or parameter.has_default):
                given[parameter.name] = _choice(self.name, parameter)
        return given

    def _of_parent(
        self, parent: str, properties: Mapping[str, str], seed: int
    ) -> Mapping[str, Any]:
        with self.pack.table(parent).lab(seed) as lab:
            rows = lab.sync().rows
            schema = lab.table.schema
        if not rows:
            raise CannotCheckError(f"its parent table {parent} has no rows")
        return {name: value_at(rows[0], schema.field_of(key)) for name, key in properties.items()}


def _choice(table: str, parameter: Parameter) -> Any:
    options: Any = parameter.autocomplete
    if isinstance(options, list | tuple) and options:
        return simple_autocomplete("", cast("Sequence[Any]", options))[0].value
    raise CannotCheckError(
        f"its parameter {parameter.name!r} needs a value: in the fake, write "
        f'`service.parameters["{table}"] = {{"{parameter.name}": …}}`'
    )


def _volatile(first: Trace, second: Trace, schema: Schema) -> frozenset[str]:
    rows = {row_id(row, schema): stored(row, schema) for row in first.rows}
    return frozenset(
        name
        for row in second.rows
        if (before := rows.get(row_id(row, schema))) is not None
        for name in changed_properties(before, stored(row, schema), frozenset())
    )
