"""Two packs of one name: each would write into the other's tables, so neither is synced."""

from collections.abc import Iterable
from typing import Protocol


class NamedPack(Protocol):
    """A configured pack, as far as its name goes."""

    @property
    def shown_name(self) -> str:
        """The pack's name."""
        ...

    @property
    def where(self) -> str:
        """The file that configures it."""
        ...

    def refuse(self, reason: str, *, quietly: bool) -> None:
        """Let it not be synced; `quietly` where another pack says why."""
        ...


def refuse_shared_names(packs: Iterable[NamedPack]) -> None:
    """Refuse all packs that share a name; the first of each name says so for the others.

    DuckDB compares the names of schemas without case.
    """
    by_name: dict[str, list[NamedPack]] = {}
    for pack in packs:
        by_name.setdefault(pack.shown_name.casefold(), []).append(pack)
    for same in by_name.values():
        for pack in same[: len(same) if len(same) > 1 else 0]:
            pack.refuse(_reason(same), quietly=pack is not same[0])


def _reason(packs: list[NamedPack]) -> str:
    name = packs[0].shown_name
    files = list(dict.fromkeys(pack.where for pack in packs))
    how = f"all configure a pack named {name!r}"
    if len(files) == 1:
        how = f"configures {len(packs)} packs named {name!r}"
    elif len(files) == 2:
        how = f"both configure a pack named {name!r}"
    return (
        f"{' and '.join(files)} {how}, which is also the DuckDB schema of its tables; give each "
        "another `name` in its `attributes`, such as one for each account"
    )
