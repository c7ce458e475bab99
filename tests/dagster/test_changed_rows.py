"""What a person sees of the rows: a sample of what changed, links, and checks of ids and cursor."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pack_sdk import Schema, make_object_schema
from pack_sync.commit.row_sample import RowSample, SampleColumns
from pack_sync.commit.target_table import TargetTable
from pack_sync.dagster.metadata import materialization_metadata, sample_table
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.settings import SyncSettings
from pack_sync.warehouse.warehouse import Warehouse
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, values_of
from tests.engine.sync_harness import Engine, Scripted, last_page

project = dagster_project.project

ISSUE = make_object_schema(
    properties={
        "number": {"type": "number", "precision": 0},
        "title": {"type": "string"},
        "labels": {"type": "array", "items": {"type": "string"}},
        "url": {"type": "string", "codaType": "url"},
        **{f"field{n}": {"type": "string"} for n in range(9)},
    },
    id_property="number",
    display_property="title",
    link_property="url",
)


def synced(folder: Path, *rows: dict[str, Any], schema: Schema = ISSUE, **fields: Any) -> Any:
    """The metadata of a sync of these rows."""
    page = {"result": list(rows), "completion": {"incrementalContinuation": "t1"}}
    engine = Engine(folder=folder, execute=Scripted(page), schema=schema, **fields)
    return dict(materialization_metadata(engine.sync()))


def test_a_sample_of_changed_rows_leads_to_the_source(tmp_path: Path) -> None:
    """Id, name and a few columns; the name is a link where `linkProperty` is set."""
    row = {"number": 7, "title": "Broken | [x]", "url": "https://example.com/7", "field0": "a"}
    text = synced(tmp_path, row)["sync/changed_rows"].value
    assert text.splitlines() == [
        "| number | title | field0 | field1 | field2 |",
        "| --- | --- | --- | --- | --- |",
        "| 7 | [Broken \\| \\[x\\]](<https://example.com/7>) | a |  |  |",
    ]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.b/ x", "https://a.b/)|", None])
def test_what_is_no_address_is_no_link(url: str | None) -> None:
    """The address comes from the service: only plain http is made a link."""
    rows = [{"id": "1", "name": "n", "url": url}]
    sample = RowSample(rows=rows, columns=SampleColumns(display="name", link="url"))
    assert sample_table(sample).splitlines()[-1] == "| 1 | n |"


def test_long_values_are_shortened_and_only_a_few_rows_shown(tmp_path: Path) -> None:
    """Dagster keeps every event for ever: the sample stays small."""
    rows = [{"number": n, "title": "x" * 500} for n in range(50)]
    text = synced(tmp_path, *rows)["sync/changed_rows"].value
    assert len(text.splitlines()) == 2 + 5
    assert "x" * 60 + "…" in text
    assert "x" * 61 not in text


def test_only_what_this_sync_changed_is_shown(tmp_path: Path) -> None:
    """Unchanged rows are not in the sample, and without changes there is none."""
    pages = [last_page("t1", a="1", b="1"), last_page("t2", a="1", b="2"), last_page("t3", a="1")]
    engine = Engine(folder=tmp_path, execute=Scripted(*pages))
    shown = [dict(materialization_metadata(engine.sync("full"))) for _ in range(2)]
    assert "| a | 1 |" in shown[0]["sync/changed_rows"].value
    assert "| a | 1 |" not in shown[1]["sync/changed_rows"].value
    assert "| b | 2 |" in shown[1]["sync/changed_rows"].value
    assert "sync/changed_rows" not in materialization_metadata(engine.sync("incremental"))


def test_rows_can_be_kept_out_of_dagster(tmp_path: Path) -> None:
    """`show_changed_rows: false`, where they are private."""
    settings = SyncSettings(attempts=1, show_changed_rows=False)
    assert "sync/changed_rows" not in synced(tmp_path, {"number": 1}, settings=settings)


def test_the_columns_of_a_sample() -> None:
    """Id, name, link first, then scalars, six in all."""
    assert SampleColumns.of(ISSUE).names == ["number", "title", "url", "field0", "field1", "field2"]


def test_a_partition_has_a_row_count_of_its_own(project: DagsterProject) -> None:
    """Under the key that Dagster knows, beside the count of the whole table (C18)."""
    pages = Scripted(last_page("t1", a="1"), last_page("t1", a="1", b="2"))
    assert partition_counts(project, pages, "east", "west") == {"east": (1, 1), "west": (2, 3)}


@pytest.mark.parametrize("sync", ["default", "east"])
def test_the_only_partition_has_one_too(project: DagsterProject, sync: str) -> None:
    """Whatever it is called."""
    assert partition_counts(project, Scripted(last_page("t1", a="1")), sync) == {sync: (1, 1)}


def partition_counts(
    project: DagsterProject, pages: Scripted, *syncs: str
) -> dict[str | None, tuple[Any, Any]]:
    """Rows of each partition, and of the table then, after a run of these syncs in turn."""
    tables: dict[str, Any] = {"Items": {"syncs": {sync: {} for sync in syncs}}}
    project.switch_on_pack("acme", pack_of(Items=pages), tables=tables, max_parallel_tables=1)
    return {
        event.materialization.partition: (
            event.materialization.metadata["dagster/partition_row_count"].value,
            event.materialization.metadata["dagster/row_count"].value,
        )
        for event in project.run().get_asset_materialization_events()
    }


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """The checks by name, and whether they passed."""
    return {e.check_name: e.passed for e in result.get_asset_check_evaluations()}


def test_a_cursor_that_stays_where_it_is_is_warned_of(project: DagsterProject) -> None:
    """Rows came but the cursor did not move: the next sync would bring them again (C6)."""
    pages = Scripted(last_page("t1", a="1"), last_page("t1", a="2"), last_page("t1"))
    project.switch_on_pack("acme", pack_of(Items=pages))
    seen = [checks_of(project.run())["cursor_moved"] for _ in range(3)]
    assert seen == [True, False, True]


def test_an_id_that_is_there_twice_fails_a_check(project: DagsterProject) -> None:
    """Whoever wrote it: the rows that a sync brings are looked at, and all when run alone."""
    pages = Scripted(last_page("t1", a="1", b="1"), last_page("t2", a="2"), last_page("t3", c="1"))
    project.switch_on_pack("acme", pack_of(Items=pages))
    assert checks_of(project.run())["ids_unique"]
    with Warehouse.at(project.warehouse).write() as connection:
        connection.execute("INSERT INTO acme.Items SELECT * FROM acme.Items WHERE id = 'b'")
        table = TargetTable(connection, SyncKey(pack="acme", table="Items"))
        assert table.repeated_ids("id") == 1
    assert checks_of(project.run())["ids_unique"], "a sync looks at what it brought"
    key = dg.AssetCheckKey(dg.AssetKey(["acme", "Items"]), "ids_unique")
    job = project.definitions().resolve_job_def("incremental")
    alone = job.get_subset(asset_check_selection={key}, asset_selection=set())
    assert checks_of(alone.execute_in_process(instance=project.instance)) == {"ids_unique": False}
    assert values_of(project.run(), "Items")["sync/inserted"] == 1
