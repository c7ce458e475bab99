"""Several machines with folders of their own, and one lake in Postgres that all sync into."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest

from pack_sync.state.shared_files import SharedFiles, shared_files
from pack_sync.warehouse.warehouse import Warehouse
from tests.engine.sync_harness import Engine
from tests.warehouses import KIND, postgres_database

in_a_shared_lake = [
    pytest.mark.slow,
    pytest.mark.skipif(KIND != "postgres-lake", reason="about a lake in Postgres"),
    pytest.mark.skipif(importlib.util.find_spec("obstore") is None, reason="needs obstore"),
]
"""Marks of a module whose tests are about what machines share."""


def lake_of(folder: Path, data_path: str, name: str = "lake") -> Warehouse:
    """The lake of that name in a folder."""
    address = f"ducklake:postgres:{postgres_database(folder / name)}"
    return Warehouse.at(address, data_path=data_path)


def shared_in(warehouse: Warehouse) -> SharedFiles:
    """What the machines share that sync into a lake."""
    found = shared_files(warehouse.database)
    assert found is not None
    return found


@dataclass(kw_only=True)
class Machine(Engine):
    """One of several machines with folders of their own, and one lake."""

    name: str
    data_path: str

    @property
    def warehouse(self) -> Warehouse:
        """The lake."""
        return lake_of(self.folder, self.data_path)

    @property
    def spools(self) -> Path:
        """The machine's own folder."""
        return self.folder / self.name

    @property
    def shared(self) -> SharedFiles:
        """What the machines share."""
        return shared_in(self.warehouse)
