"""What a check says: findings of rules, each at a place in the pack's source."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pack_sync.check.table_under_test import TableUnderTest


class CannotCheckError(Exception):
    """A table cannot be checked, by no fault of the pack; the message says what is lacking."""


Level: TypeAlias = Literal["error", "advice"]
"""An error loses or falsifies rows, or lets a secret out; advice costs time, or is of deleted rows
that wait for a full sync."""


Kind: TypeAlias = Literal["missed", "stale", "undeleted"]
"""What is wrong with rows after increments: some are missing, as they were before, or are gone."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A line of the pack's source; `file` is as the user would open it, lines begin at 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a rule saw: `says` what happened in this pack, with values; `place` where it comes from.

    `column` is the property that it is about, where it is about one; `kind` says what is wrong with
    rows where the service may be to blame, which a pack can declare as a blind spot.
    """

    says: str
    place: Place
    column: str | None = None
    kind: Kind | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Evidence against a table of a pack, by the rule that it breaks."""

    code: str
    level: Level
    table: str
    rule: str
    says: str
    remedy: str
    place: Place
    column: str | None = None
    kind: Kind | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.code}: {self.says}. {self.remedy}"


Look: TypeAlias = "Callable[[TableUnderTest], Iterable[Evidence]]"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: `says` what is right, in one sentence, `remedy` what an author does who broke it.

    `basic` rules come first: a table that breaks one is not looked at by the others, which rest on
    it. `live` ones need no made-up service.
    """

    code: str
    says: str
    remedy: str
    look: Look = field(repr=False)
    level: Level = "error"
    basic: bool = False
    live: bool = False

    def findings(self, table: "TableUnderTest") -> Iterator[Finding]:
        """What a table has against it by this rule."""
        for evidence in self.look(table):
            yield Finding(
                code=self.code,
                level=self.level,
                table=table.name,
                rule=self.says,
                says=evidence.says,
                remedy=self.remedy,
                place=evidence.place,
                column=evidence.column,
                kind=evidence.kind,
            )


RULES: dict[str, Rule] = {}
"""All rules by their code; `pack_sync.check.rules` fills it."""


def rule(
    code: str,
    *,
    says: str,
    remedy: str,
    level: Level = "error",
    basic: bool = False,
    live: bool = False,
) -> Callable[[Look], Look]:
    """Register a function as the rule of that code."""

    def register(look: Look) -> Look:
        if code in RULES:
            raise ValueError(f"there are two rules {code!r}")
        RULES[code] = Rule(
            code=code,
            says=says,
            remedy=remedy,
            look=look,
            level=level,
            basic=basic,
            live=live,
        )
        return look

    return register
