"""How faithful a ready pack is, as it was measured: `make fidelity` writes what is read here."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "fidelity.json"
"""In the folder of a pack."""


@dataclass(frozen=True, kw_only=True)
class TableFidelity:
    """What one table held that it should not after each of so many steps, and did not hold.

    After each step: rows `missed`, rows with `stale` values, and rows that were gone and
    `undeleted`, beyond the blind spots that the pack's page names. `syncs` is how many there were.
    """

    steps: int
    syncs: int
    missed: int
    stale: int
    undeleted: int


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """The figures of a pack's tables, by name."""

    tables: Mapping[str, TableFidelity]


def measured(pack: str) -> Fidelity | None:
    """What was measured of a ready pack; None if nothing was."""
    file = Path(__file__).with_name(pack) / FILE
    if not file.is_file():
        return None
    found: dict[str, dict[str, int]] = json.loads(file.read_text())
    return Fidelity(tables={name: TableFidelity(**figures) for name, figures in found.items()})


def blind_spots(pack: str) -> Mapping[str, Mapping[str, str]]:
    """What the service of a ready pack does not tell: by table and kind of row, in a sentence.

    The kinds are missed, stale and undeleted: what is counted in the figures goes beyond these.
    """
    return importlib.import_module(f"pack_sync.packs.{pack}.pack").BLIND_SPOTS


def keep(pack: str, fidelity: Fidelity) -> None:
    """Write what was measured, for `measured`."""
    figures = {name: vars(table) for name, table in sorted(fidelity.tables.items())}
    file = Path(__file__).with_name(pack) / FILE
    file.write_text(json.dumps(figures, indent=2) + "\n")
