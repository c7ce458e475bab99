"""How messages write choices and counts."""

from collections.abc import Iterable


def choose_from(names: Iterable[str]) -> str:
    """What there is to choose from, as the end of a sentence."""
    choices = ", ".join(names)
    return f"choose from {choices}" if choices else "there are none to choose from"


def counted(count: int, one: str, several: str) -> str:
    """The count with what it counts, as a singular or a plural: `1 row was`, `2 rows were`."""
    return f"{count:,} {one if count == 1 else several}"
