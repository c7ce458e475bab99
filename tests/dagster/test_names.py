"""Names that packs and configurations choose, where Dagster and DuckDB have their own rules."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Pack, PackDefinitionError, make_object_schema
from pack_sync.dagster.assets import build_pack_assets
from pack_sync.dagster.configuration import SyncConfiguration, TableConfiguration
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.project import ConfigurationError
from pack_sync.warehouse.identifiers import quote_identifier
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import last_page

project = dagster_project.project

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

SCHEMA = make_object_schema(
    properties={"id": {"type": "string"}}, id_property="id", display_property="id"
)


def pack_with(table: str) -> Pack:
    """A pack with one table of that name."""
    pack = Pack()
    pack.add_sync_table(name=table, identity_name="Row", schema=SCHEMA, execute=lambda *_: {})
    return pack


@pytest.mark.parametrize("table", ["Müller", '";DROP', "a/b", "Tasks-1.x"])
def test_any_table_name_makes_an_asset(table: str) -> None:
    """What Dagster does not allow in an asset key becomes `_`; the DuckDB table keeps its name."""
    (assets,) = build_pack_assets(PackTables(name="acme", pack=pack_with(table)))
    (key,) = assets.keys
    assert key.path[0] == "acme"
    assert "/" not in key.path[1]


@pytest.mark.parametrize("table", ["../../../../escaped", "..", "/escaped", '";DROP', "é" * 200])
def test_a_table_name_leads_nowhere(project: DagsterProject, table: str) -> None:
    """The pages of a running sync are below the spool's folder, whatever the table is called."""
    seen: list[Path] = []
    spool = project.folder / ".dagster" / "spool"

    def execute(_: Any, __: Any) -> Any:
        seen.extend(path for path in project.folder.parent.rglob("journal.ndjson"))
        return last_page("t1", a="1")

    project.switch_on_pack("acme", pack_of(**{table: execute}))
    assert project.run().success
    assert len(seen) == 1
    assert len(seen[0].relative_to(spool).parts) == 5  # pack, table, sync, spool, file
    assert project.query(f"SELECT id FROM acme.{quote_identifier(table)}") == [("a",)]


@pytest.mark.parametrize("name", ["_sync", "_stage", "a b", "pg_catalog", "1st", ""])
def test_a_pack_name_that_cannot_be_a_schema_is_refused(name: str) -> None:
    """`_sync` holds the ledger: a pack of that name would write into it."""
    definition = PackTables(name=name, pack=pack_with("Tasks"), where="defs.yaml")
    with pytest.raises(ConfigurationError, match=r"defs\.yaml\.name: .* cannot be a pack's name"):
        build_pack_assets(definition)


@pytest.mark.parametrize("sync", ["a/b", "", "a b"])
def test_a_sync_name_has_no_slash(sync: str) -> None:
    """The slash parts a sync from its parent's value where a table is crawled (contract D7)."""
    tables = {"Tasks": TableConfiguration(syncs={sync: SyncConfiguration()})}
    definition = PackTables(name="acme", pack=pack_with("Tasks"), tables=tables, where="d")
    with pytest.raises(ConfigurationError, match=r"d\.tables\.Tasks\.syncs"):
        definition.check()


@pytest.mark.parametrize("kind", ["boolean", "object"])
def test_an_id_is_a_string_or_a_number(kind: Any) -> None:
    """Any other id property would reject every row: an error when the pack loads (S6)."""
    schema = make_object_schema(
        properties={"id": {"type": kind}}, id_property="id", display_property="id"
    )
    with pytest.raises(PackDefinitionError, match="ids are strings or numbers"):
        Pack().add_sync_table(name="T", identity_name="R", schema=schema, execute=lambda *_: {})
