"""What somebody is to be told: the difference between what they know and what is wrong now."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from pack_sync.notify_settings import Notice


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Something that somebody is told of once, and once when it is over.

    `subject` is a table `pack.Table`, an account `pack (connection)` or a pack. `since` is in UTC.
    `mark` tells two events of one kind and subject apart; an event is not told to be over.
    """

    kind: Notice
    subject: str
    since: datetime
    text: str
    remedy: str
    run_id: str | None = None
    mark: str = ""

    @property
    def key(self) -> str:
        """What is remembered of it when it has been told."""
        return "|".join((self.kind, self.subject, self.mark))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A condition that has been told of and is over."""

    kind: Notice
    subject: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All conditions at one look.

    `subjects` are all that were to be looked at, `unknown` those of them that could not be; of an
    unknown pack all its tables and accounts are.
    """

    conditions: Sequence[Condition]
    subjects: AbstractSet[str]
    unknown: AbstractSet[str] = frozenset()

    def is_unknown(self, subject: str) -> bool:
        """Whether nothing can be said of it now."""
        whole = any(subject.startswith((f"{each}.", f"{each} (")) for each in self.unknown)
        return whole or subject in self.unknown


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What somebody does not know yet, and what they are to remember then: since when, by key."""

    new: Sequence[Condition]
    over: Sequence[Ended]
    remembered: dict[str, str]

    def __bool__(self) -> bool:
        return bool(self.new or self.over)


def changes(told: Mapping[str, str], seen: Seen, about: Sequence[Notice]) -> Changes:
    """Compare what was told with what is seen, as far as it is one of the kinds in `about`.

    What cannot be seen now stays as it was told. Of a subject that is gone from the configuration
    nothing is said.
    """
    present = {each.key: each for each in seen.conditions if each.kind in about}
    remembered = {key: each.since.isoformat() for key, each in present.items()}
    over: list[Ended] = []
    for key, since in told.items():
        kind, subject, mark = key.split("|", 2)
        if key in present or seen.is_unknown(subject):
            remembered[key] = since
        elif subject in seen.subjects and not mark and kind in about:
            began = datetime.fromisoformat(since)
            over.append(Ended(kind=cast("Notice", kind), subject=subject, since=began))
    new = [each for key, each in present.items() if key not in told]
    return Changes(new=new, over=over, remembered=remembered)
