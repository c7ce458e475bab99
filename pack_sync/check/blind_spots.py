"""What a pack declares that its service does not tell: `BLIND_SPOTS` in its module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast, get_args

from pack_sdk.pack import Pack
from pack_sync.check.findings import CannotCheckError, Finding, Kind
from pack_sync.runtimes.loader import constant_of_pack

NAME = "BLIND_SPOTS"

BlindSpots: TypeAlias = Mapping[str, Mapping[Kind, str]]
"""By table and kind, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class BlindSpot:
    """One of a table: `says` what the pack says of it; `seen` are findings that it excuses."""

    kind: Kind
    says: str
    seen: Sequence[Finding]


def read_blind_spots(name: str, pack: Pack) -> BlindSpots:
    """What the pack of that name declares; nothing of one in TypeScript.

    Raises `CannotCheckError` for another form, a table that it has not, or an unknown kind.
    """
    declared = constant_of_pack(name, NAME)
    if declared is None:
        return {}
    spots = _mapping(declared)
    for table, sentences in spots.items():
        if table not in pack.sync_tables:
            choices = ", ".join(pack.sync_tables)
            raise CannotCheckError(
                f"{NAME} of {name} names the table {table!r}, which the pack does not have; choose "
                f"from {choices}"
            )
        for kind, says in _mapping(sentences).items():
            if kind not in get_args(Kind) or not isinstance(says, str) or not says:
                raise CannotCheckError(
                    f"{NAME} of {name} has {{{kind!r}: {says!r}}} for {table}: write a sentence "
                    f"for each of {', '.join(get_args(Kind))} that applies"
                )
    return cast("BlindSpots", spots)


def seen_of(declared: Mapping[Kind, str], excused: Sequence[Finding]) -> Sequence[BlindSpot]:
    """The blind spots of a table, with the findings of their kind: the first by each rule."""
    first = {(each.kind, each.code): each for each in reversed(excused)}
    seen = [each for each in excused if each is first[each.kind, each.code]]
    return [
        BlindSpot(kind=kind, says=says, seen=[each for each in seen if each.kind == kind])
        for kind, says in declared.items()
    ]


def _mapping(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise CannotCheckError(
            f"{NAME} is a {type(value).__name__}, where a dictionary belongs: write "
            '{"Table": {"undeleted": "Why deleted rows stay."}}'
        )
    return cast("Mapping[Any, Any]", value)
