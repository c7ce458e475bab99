"""`packsync rejects`: what it lists, and what a replay says and does (contract S4)."""

import re
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sdk import Pack, Schema
from pack_sdk import make_object_schema as object_schema
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.engine.sync_harness import Scripted

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "300")


def schema(size: Any) -> Schema:
    return object_schema(
        properties={"id": {"type": "string"}, "size": {"type": size}},
        id_property="id",
        display_property="id",
    )


def switch_on(
    project: DagsterProject, *pages: list[dict[str, Any]], size: str = "number", **more: Any
) -> None:
    """The pack `acme` with the table `Items`, whose syncs bring these rows one after another."""
    steps = [
        {"result": rows, "completion": {"incrementalContinuation": str(n)}}
        for n, rows in enumerate(pages)
    ]
    pack = Pack()
    pack.add_sync_table(
        name="Items", identity_name="Item", schema=schema(size), execute=Scripted(*steps)
    )
    project.switch_on_pack("acme", pack, **more)


def bad(row_id: str | None, size: Any = "big") -> dict[str, Any]:
    """A row that is rejected as long as sizes are numbers."""
    return {"id": row_id, "size": size} if row_id else {"size": size}


def packsync(*words: str) -> Result:
    """Run a command that succeeds."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def error_of(*words: str) -> str:
    """What a command that fails says."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def cells(result: Result, column: int) -> list[str]:
    """The values of one column of the list."""
    rows = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [row.strip("│").split("│")[column].strip() for row in rows]


def test_the_list_shows_rows_reasons_counts_and_what_to_do(project: DagsterProject) -> None:
    """Table, id, reason, page, time and the row shortened; counts per table; remedy (S4)."""
    switch_on(project, [{"id": "a", "size": 1}, bad("b", "x" * 200), bad(None)])
    project.run()
    for words in ((), ("acme",), ("acme.Items",), ("acme.items",), ("list", "acme.Items")):
        result = packsync("rejects", *words)
        assert cells(result, 0) == ["acme.Items", "acme.Items"], words
        assert cells(result, 1) == ["b", "none"]
        assert cells(result, 2)[1] == "property 'id': the row has no id"
        assert cells(result, 3) == ["1", "1"]
        assert cells(result, 5)[0].startswith('{"id":"b","size":"xxxx')
        assert cells(result, 5)[0].endswith("x…")
        assert "acme.Items: 2 rejected" in result.stdout
        assert "packsync rejects replay acme.Items" in result.stdout


def test_nothing_is_cut_off_in_a_narrow_terminal(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are folded, and a time is one line."""
    monkeypatch.setenv("COLUMNS", "80")
    switch_on(project, [bad(None)], tables={"Items": {"syncs": {"europe": {}}}})
    project.run()
    result = packsync("rejects")
    assert "".join(cells(result, 0)) == "acme.Items[europe]"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", "".join(cells(result, 4)))


def test_the_oldest_come_first_up_to_the_limit(project: DagsterProject) -> None:
    """And the list says that there are more (S4)."""
    switch_on(project, [bad("z"), bad("y")], [bad("a")])
    project.run()
    project.run()
    result = packsync("rejects", "--limit", "2")
    assert cells(result, 1) == ["z", "y"]
    assert "The oldest 2 of 3 are shown" in result.stdout
    assert cells(packsync("rejects"), 1) == ["z", "y", "a"]


def test_the_list_is_filtered(project: DagsterProject) -> None:
    """By a part of the reason, and by sync (S4, C18)."""
    syncs: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    switch_on(project, [bad("1"), bad(None)], [bad("1"), bad(None)], tables=syncs)
    project.run()
    assert cells(packsync("rejects", "--sync", "west"), 0) == ["acme.Items[west]"] * 2
    assert cells(packsync("rejects", "acme", "--reason", "NO ID"), 1) == ["none", "none"]
    assert "No rejected rows are kept that match." in packsync("rejects", "--reason", "q").stdout


def test_without_rejects_it_says_so(project: DagsterProject) -> None:
    """Also where nothing was ever synced (S4)."""
    switch_on(project)
    assert packsync("rejects").stdout == "No rejected rows are kept.\n"
    assert "no rejected rows to replay" in packsync("rejects", "replay", "acme.Items").stdout
    assert not project.warehouse.exists()


def test_a_replay_applies_what_fits_the_mended_pack(project: DagsterProject) -> None:
    """And says how many, and which columns changed (S4)."""
    switch_on(project, [{"id": "a", "size": 1}, bad("b"), bad("c")])
    project.run()
    switch_on(project, size="string")
    result = packsync("rejects", "replay", "acme.Items")
    assert "acme.Items: 2 rejected rows were applied (2 inserted, 0 updated, 0 unchanged)" in (
        result.stdout
    )
    assert "changed size from DOUBLE to VARCHAR" in result.stdout
    assert project.query("SELECT id, size FROM acme.Items ORDER BY id") == [
        ("a", "1.0"), ("b", "big"), ("c", "big"),
    ]  # fmt: skip
    assert packsync("rejects").stdout == "No rejected rows are kept.\n"


@pytest.mark.parametrize("mended", ["string", "boolean"])
def test_after_a_replay_by_another_schema_the_next_sync_is_full(
    project: DagsterProject, mended: str
) -> None:
    """Also by the schema of before: the table is none of its any more (contract D5)."""
    rows = [{"id": "a", "size": 1}, bad("b", "true")]
    switch_on(project, rows)
    assert project.run("acme_incremental").success
    switch_on(project, size=mended)
    packsync("rejects", "replay", "acme.Items")
    switch_on(project, [{"id": "a", "size": 1}, {"id": "b", "size": 1.5}])
    assert project.run("acme_incremental").success
    assert project.query("SELECT mode FROM _sync.runs ORDER BY finished_at") == [
        ("full",), ("replay",), ("full",)
    ]  # fmt: skip
    assert project.query("FROM acme.Items SELECT id, size ORDER BY id") == [("a", 1.0), ("b", 1.5)]


def test_after_a_replay_by_the_same_schema_the_next_sync_is_incremental(
    project: DagsterProject,
) -> None:
    """Nothing has changed that a cursor depends on."""
    switch_on(project, [{"id": "a", "size": 1}, bad("b")], [])
    assert project.run("acme_incremental").success
    packsync("rejects", "replay", "acme.Items")
    assert project.run("acme_incremental").success
    assert project.query("SELECT mode FROM _sync.runs ORDER BY finished_at") == [
        ("full",), ("replay",), ("incremental",)
    ]  # fmt: skip


def test_a_replay_says_what_stays_and_why(project: DagsterProject) -> None:
    """Rows that still do not fit, with reasons; rows without an id, with a remedy (S4)."""
    switch_on(project, [bad("b"), bad("c", [1]), bad(None)])
    project.run()
    result = packsync("rejects", "replay", "acme.Items")
    assert "0 rejected rows were applied" in result.stdout
    assert "2 still do not fit, and stay:" in result.stdout
    assert "- property 'size': big is not a number that fits DOUBLE" in result.stdout
    assert "1 without an id stays" in result.stdout
    assert "packsync sync acme.Items --full" in result.stdout
    assert len(cells(packsync("rejects"), 0)) == 3


def test_a_replay_obeys_the_setting_of_the_table(project: DagsterProject) -> None:
    """With `bad_values: null` rows are stored without what does not fit, and it is said (S4)."""
    switch_on(project, [bad("b"), {"id": "c", "size": 1}])
    project.run()
    switch_on(project, tables={"Items": {"bad_values": None}})
    result = packsync("rejects", "replay", "acme.Items")
    assert "1 rejected row was applied" in result.stdout
    assert "1 of them lacks values that do not fit: _sync.bad_values keeps these" in result.stdout
    assert project.query("FROM acme.Items SELECT id, size ORDER BY id") == [("b", None), ("c", 1.0)]
    assert project.query("SELECT row_id FROM _sync.bad_values") == [("b",)]


def test_rows_of_a_failed_sync_are_not_replayed(project: DagsterProject) -> None:
    """They can be seen; the next sync brings them again (S4)."""
    switch_on(project, [], [bad("b")], max_rejected_rows=0)
    project.run()
    assert not project.run().success
    assert cells(packsync("rejects"), 1) == ["b"]
    result = packsync("rejects", "replay", "acme.Items")
    assert "there are no rejected rows to replay" in result.stdout
    assert "1 of a failed sync stays: the next sync brings it again" in result.stdout


def test_a_replay_takes_one_sync_or_all(project: DagsterProject) -> None:
    """Each with its own line, and its own line of the ledger (S4, C18)."""
    tables: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    switch_on(project, [bad("1")], [bad("1")], tables=tables)
    project.run()
    switch_on(project, size="string", tables=tables)
    one = packsync("rejects", "replay", "acme.Items", "--sync", "east").stdout
    assert "acme.Items[east]: 1 rejected row was applied" in one
    assert "west" not in one
    rest = packsync("rejects", "replay", "acme.Items").stdout
    assert "acme.Items[east]: there are no rejected rows to replay" in rest
    assert "acme.Items[west]: 1 rejected row was applied" in rest
    lines = project.query("SELECT sync FROM _sync.runs WHERE mode = 'replay' ORDER BY finished_at")
    assert lines == [("east",), ("west",)]


def test_a_dynamic_table_is_asked_for_its_schema(project: DagsterProject) -> None:
    """Its present schema is what it says when it is asked (S4, C23)."""
    size = "number"

    def get_schema(*_: Any) -> Schema:
        return schema(size)

    def get_name(*_: Any) -> str:
        return "Sheet"

    pack = Pack()
    pack.add_dynamic_sync_table(
        name="Sheets",
        get_name=get_name,
        get_schema=get_schema,
        execute=Scripted({"result": [bad("b")]}),
    )
    tables = {"Mine": {"table": "Sheets", "dynamic_url": "https://example.com/1"}}
    project.switch_on_pack("acme", pack, tables=tables)
    assert project.run().success
    size = "string"
    assert "1 rejected row was applied" in packsync("rejects", "replay", "acme.Mine").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rejects", "acmee"), "no pack 'acmee' is configured; choose from acme"),
        (("rejects", "acme.Itms"), "acme has no table 'Itms'; choose from Items"),
        (("rejects", "replay", "acme"), "'acme' names no table; write PACK.TABLE"),
        (("rejects", "replay", "acme.Items", "--sync", "x"), "has no sync 'x'"),
    ],
)
def test_a_wrong_name_is_told_with_the_choices(
    project: DagsterProject, words: tuple[str, ...], message: str
) -> None:
    """As one sentence, without a traceback (S4)."""
    switch_on(project)
    assert message in error_of(*words)


def test_a_refused_replay_says_what_to_do(project: DagsterProject) -> None:
    """The id became another: only a sync can tell what is newest (S4, D5)."""
    switch_on(project, [bad("b"), bad("c")])
    project.run()
    pack = Pack()
    other = object_schema(
        properties={"id": {"type": "string", "fromKey": "size"}},
        id_property="id",
        display_property="id",
    )
    pack.add_sync_table(name="Items", identity_name="Item", schema=other, execute=Scripted())
    project.switch_on_pack("acme", pack)
    assert "Sync the table instead" in error_of("rejects", "replay", "acme.Items")


def test_every_command_of_the_group_is_documented() -> None:
    """What `--help` shows has no gaps."""
    text = packsync("rejects", "--help").stdout
    assert "list" in text
    assert "replay" in text
    for command in ("list", "replay"):
        assert "--sync" in packsync("rejects", command, "--help").stdout
