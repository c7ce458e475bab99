"""`packsync sync --dry-run`: it tells what a sync would do, and nothing of it is done."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pack_sdk import Pack, Schema, make_object_schema
from pack_sync.cli.app import app
from pack_sync.ledger.leases import Lease, take_lease
from pack_sync.ledger.sync_key import SyncKey
from pack_sync.warehouse.serving import serve_file
from pack_sync.warehouse.warehouse import Warehouse
from tests.cli.test_cursor import forum
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, items, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

ENDING = "Nothing was written: this was a dry run."


def schema(**properties: str) -> Schema:
    """A row's schema: a string `id` and these."""
    given: Any = {name: {"type": kind} for name, kind in properties.items()}
    return make_object_schema(
        properties={"id": {"type": "string"}, **given}, id_property="id", display_property="id"
    )


def switch_on(project: DagsterProject, columns: Schema, *steps: Any, **more: Any) -> Scripted:
    """The pack `acme` with the table `Items`."""
    execute = Scripted(*steps)
    pack = Pack()
    pack.add_sync_table(name="Items", identity_name="Item", schema=columns, execute=execute)
    project.switch_on_pack("acme", pack, **more)
    return execute


def rehearsed(project: DagsterProject, *words: str, exit_code: int = 0) -> list[str]:
    """What a dry run shows, line by line; and that it changed no file and made no run."""
    before = files(project.folder)
    result = CliRunner().invoke(app, ["sync", *words, "--dry-run"], catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    assert "Traceback" not in result.output
    assert files(project.folder) == before
    assert not list(project.instance.get_runs())
    lines = result.stdout.splitlines()
    assert lines.pop() == ENDING
    return lines


def files(folder: Path) -> dict[Path, str]:
    """All files of the project, byte by byte, in short."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }


def run(project: DagsterProject) -> None:
    """A real sync, whose run is not to be found afterwards."""
    result = project.run()
    assert result.success
    project.instance.delete_run(result.run_id)


def test_a_first_sync_is_rehearsed_without_a_warehouse(project: DagsterProject) -> None:
    """There is none afterwards; several tables and a crawled one are as they will be (D7)."""
    project.switch_on_pack("forum", forum())
    lines = rehearsed(project, "forum", "--rows", "1")
    assert not project.warehouse.exists()
    assert [line for line in lines if not line.startswith(" ")] == [
        "forum.Posts would succeed: 2 rows inserted, 0 updated, 0 deleted, 0 unchanged, 0 rejected",
        "forum.Comments would succeed: 2 rows inserted, 0 updated, 0 deleted, 0 unchanged, "
        "0 rejected",
    ]
    assert "  mode     full, because 2 children: 2 fully, 0 incrementally" in lines
    assert len([line for line in lines if line.startswith("  + ")]) == 2


def test_changes_are_shown_and_not_made(project: DagsterProject) -> None:
    """Rows, columns, rejects, cursor, mode and reason; the file is the same to the byte (C6)."""
    rows = [{"id": "a", "size": 1}, {"id": "b", "size": 1}, {"id": "c"}, {"id": "d"}]
    switch_on(project, schema(size="number"), {"result": rows})
    run(project)
    page = {
        "result": [
            {"id": "a", "size": 1, "name": "same"},
            {"id": "b", "size": 2, "name": "x" * 100},
            {"id": "new", "name": "n\n[red]"},
            {"id": "c", "size": "big"},
        ],
        "completion": {"incrementalContinuation": {"t": 1}},
    }
    switch_on(project, schema(size="number", name="string"), page)
    assert rehearsed(project, "acme.items") == [
        "acme.Items would succeed: 1 row inserted, 2 updated, 1 deleted, 0 unchanged, 1 rejected",
        "  mode     full, because its last full sync ended without a cursor",
        '  cursor   none → {"t":1}',
        "  columns  added name VARCHAR",
        "  warning  1 row would be rejected and kept, with the reasons: see `packsync rejects` "
        "and _sync.rejected_rows",
        "  rejected property 'size': big is not a number that fits DOUBLE (id c)",
        "  + id: new, name: n [red]",
        "  ~ a: name: NULL → same",
        f"  ~ b: size: 1.0 → 2.0, name: NULL → {'x' * 59}…",
        "  - id: d",
    ]


def test_as_many_rows_as_are_rejected_are_told(project: DagsterProject) -> None:
    """The most frequent reasons, and how many rows have others; nothing as if it had happened."""
    columns = schema(**{f"size{number}": "number" for number in range(7)})
    rows = [{"id": str(number), f"size{number % 7}": "big"} for number in range(9)]
    switch_on(project, columns, {"result": rows})
    result = CliRunner().invoke(app, ["sync", "acme.Items", "--dry-run"], catch_exceptions=False)
    rejected = [line for line in result.stdout.splitlines() if line.startswith("  rejected ")]
    assert len(rejected) == 6
    assert rejected[-1] == "  rejected and 2 rows for other reasons"
    assert "9 rows would be rejected and kept" in result.stdout
    assert "9 rows would be rejected and kept" in result.stderr
    assert "were rejected" not in result.output


def test_only_some_rows_are_shown(project: DagsterProject) -> None:
    """Of each kind as many as were asked for, none if that is 0; the counts are of all."""
    old, new = ({f"{name}{n}": str(n) for n in range(9)} for name in "ab")
    pages = [last_page("t", **old), *[last_page("t", **new)] * 2]
    switch_on(project, schema(name="string"), *pages, small_table_deleted_share=1)
    run(project)
    lines = rehearsed(project, "acme", "--full", "--rows", "2")
    assert lines[0].startswith("acme.Items would succeed: 9 rows inserted, 0 updated, 9 deleted")
    assert [line[:9] for line in lines if line[2] in "+-"] == [
        "  + id: b", "  + id: b", "  - id: a", "  - id: a",
    ]  # fmt: skip
    assert not [
        line for line in rehearsed(project, "acme", "--full", "--rows", "0") if "id:" in line
    ]


def test_an_incremental_sync_and_an_audit(project: DagsterProject) -> None:
    """The mode is that of the sync that it stands for; a full one tells what it would find."""
    steps = [last_page("t1", a="1"), last_page("t2", b="1"), last_page("t2", b="1")]
    execute = switch_on(project, schema(name="string"), *steps)
    run(project)
    lines = rehearsed(project, "acme")
    assert lines[1:3] == [
        "  mode     incremental, because there is a cursor to continue from",
        '  cursor   "t1" → "t2"',
    ]
    lines = rehearsed(project, "acme", "--full")
    assert "  mode     full, because the run is tagged sync/mode: full" in lines
    (audit,) = (line for line in lines if line.startswith("  audit"))
    assert "increments had missed 1, left 0 stale and failed to delete 1" in audit
    assert execute.contexts[1].sync.previous_completion is not None
    assert execute.contexts[2].sync.previous_completion is None


def test_deletions_by_values_are_shown_row_by_row(project: DagsterProject) -> None:
    """As many as the real sync then deletes; the table has them still."""
    rows = [{"id": "a", "name": "x"}, {"id": "b", "name": "x"}, {"id": "c", "name": "y"}]
    done = {"completion": {"incrementalContinuation": "t"}}
    pages = [
        {"result": [{"id": "d", "name": "x"}], "continuation": {"at": 1}},
        {"result": [{"id": "e", "name": "x"}], "deletedRowIds": [{"name": "x"}], **done},
    ]
    first = {"result": rows, **done}
    switch_on(project, schema(name="string"), first, *pages, *pages)
    run(project)
    lines = rehearsed(project, "acme")
    told = "1 row inserted, 0 updated, 2 deleted, 0 unchanged, 0 rejected"
    assert lines[0] == f"acme.Items would succeed: {told}"
    assert [line for line in lines if line.startswith("  - ")] == [
        "  - id: a, name: x",
        "  - id: b, name: x",
    ]
    assert project.query('SELECT id FROM acme."Items" ORDER BY 1') == [("a",), ("b",), ("c",)]
    run(project)
    assert project.query('SELECT id FROM acme."Items" ORDER BY 1') == [("c",), ("e",)]


def test_a_sync_that_would_fail_ends_with_1(project: DagsterProject) -> None:
    """The others are shown; the ledger does not hear of it."""
    good, broken = Scripted(*[last_page("t", a="1")] * 2), Scripted(*[ValueError("no [items]")] * 2)
    project.switch_on_pack("acme", pack_of(Good=good, Broken=broken))
    lines = rehearsed(project, "acme", exit_code=1)
    assert "acme.Broken would fail: acme.Broken: ValueError: no [items]" in lines
    assert any(line.startswith("acme.Good would succeed: 1 row inserted") for line in lines)
    result = CliRunner().invoke(app, ["sync", "acme", "--dry-run"], catch_exceptions=False)
    assert result.stderr.endswith("error: 1 of 2 syncs would fail or be held\n")


def test_too_many_rejected_rows_would_fail(project: DagsterProject) -> None:
    """As in a sync; they are not kept (S4)."""
    page = {"result": [{"id": "a", "size": "big"}]}
    switch_on(project, schema(size="number"), {"result": []}, page, max_rejected_rows=0)
    run(project)
    (line,) = rehearsed(project, "acme", exit_code=1)
    assert line.startswith("acme.Items would fail: acme.Items: TooManyRejectedRowsError: 1 of 1")
    assert project.query("SELECT count(*) FROM _sync.rejected_rows") == [(0,)]


def test_a_sync_that_would_be_held(project: DagsterProject) -> None:
    """It says so, with rows that would go; it is not held, nor is an earlier one forgotten (D8)."""
    rows = {f"r{n}": "x" for n in range(201)}
    pages = [last_page("t", **rows), last_page("t", r0="x"), last_page("t", r0="x")]
    switch_on(project, schema(name="string"), *pages, last_page("t", **rows))
    run(project)
    lines = rehearsed(project, "acme", "--full", "--rows", "2", exit_code=1)
    assert lines[0].startswith("acme.Items would be held: ")
    assert "this full sync would delete 200 of 201 rows" in lines[0]
    assert [line[:9] for line in lines[1:]] == ["  - id: r"] * 2
    assert project.query("SELECT count(*) FROM _sync.held_syncs") == [(0,)]
    held = project.run("full_refresh")
    assert not held.success
    project.instance.delete_run(held.run_id)
    rehearsed(project, "acme", "--full")
    ((stage,),) = project.query("SELECT stage FROM _sync.held_syncs")
    assert Path(stage).exists()


def test_a_sync_that_runs_meanwhile_is_no_obstacle(project: DagsterProject) -> None:
    """A dry run takes no lease, and leaves the other's alone."""
    switch_on(project, schema(name="string"), *[last_page("t", a="1")] * 2)
    run(project)
    lease = Lease(key=SyncKey(pack="acme", table="Items"))
    with Warehouse.at(project.warehouse).write() as connection:
        take_lease(connection, lease, timedelta(hours=1))
    assert rehearsed(project, "acme")[0].startswith("acme.Items would succeed: ")
    assert project.query("SELECT holder FROM _sync.leases") == [(lease.holder,)]


def test_a_child_that_would_fail_ends_with_1(project: DagsterProject) -> None:
    """Its parent's row and the error are named (C20)."""
    pack = forum()
    original = pack.sync_tables["Comments"].execute

    def execute(args: Sequence[Any], context: Any) -> Any:
        if args[0] == "p1":
            raise ValueError("no comments")
        return original(args, context)

    object.__setattr__(pack.sync_tables["Comments"], "execute", execute)
    project.switch_on_pack("forum", pack)
    lines = rehearsed(project, "forum", exit_code=1)
    assert "  failing  forum.Comments[default/p1]: ValueError: no comments" in lines


def test_a_crawl_takes_the_parents_that_the_warehouse_has(project: DagsterProject) -> None:
    """Each table is rehearsed by itself: a new parent is none for its children yet (D7)."""
    pack = forum()
    project.switch_on_pack("forum", pack, tables={"Posts": {}})
    run(project)
    project.switch_on_pack("forum", pack)
    lines = rehearsed(project, "forum")
    assert "forum.Comments would succeed: 2 rows inserted" in "\n".join(lines)


def test_pages_of_an_interrupted_sync_are_left_alone(project: DagsterProject) -> None:
    """A dry run begins at the beginning; the next sync then goes on where it was (D9)."""
    pages = [{"result": items(a="1"), "continuation": 1}, last_page("t", b="2")]
    execute = switch_on(project, schema(name="string"), pages[0], ConnectionError("lost"), *pages)
    failed = project.run()
    assert not failed.success
    project.instance.delete_run(failed.run_id)
    assert rehearsed(project, "acme")[0].startswith("acme.Items would succeed: 2 rows inserted")
    assert execute.contexts[2].sync.continuation is None
    execute.then(pages[1])
    run(project)
    assert execute.contexts[4].sync.continuation == 1
    assert project.query("SELECT id FROM acme.Items ORDER BY id") == [("a",), ("b",)]


def test_no_secret_is_shown(project: DagsterProject) -> None:
    """Neither of an error nor of a row nor of a cursor (A4)."""
    token = "tok-8c1f/39+aa"
    project.monkeypatch.setenv("ACME_TOKEN", token)
    pack = Pack()
    pack.set_user_authentication(type="HeaderBearerToken")
    steps = [last_page(f"after {token}", a=f"Bearer {token}"), ValueError(f"cannot use {token}")]
    pack.add_sync_table(
        name="Items",
        identity_name="Item",
        schema=schema(name="string"),
        execute=Scripted(*steps),
    )
    connections = {"default": {"credentials": {"token": {"env": "ACME_TOKEN"}}}}
    project.switch_on_pack("acme", pack, connections=connections)
    for exit_code in (0, 1):
        text = "\n".join(rehearsed(project, "acme", exit_code=exit_code))
        assert token not in text
        assert "[secret]" in text


def test_the_real_sync_then_does_what_was_told(project: DagsterProject) -> None:
    """The cursor is where it was, so nothing is skipped (C6)."""
    steps = [last_page("t1", a="1"), *[last_page("t2", b="2")] * 2]
    execute = switch_on(project, schema(name="string"), *steps)
    run(project)
    rehearsed(project, "acme")
    run(project)
    assert project.query("SELECT id FROM acme.Items ORDER BY id") == [("a",), ("b",)]
    cursors = [c.sync.previous_completion for c in execute.contexts[1:]]
    assert [c and c.incremental_continuation for c in cursors] == ["t1", "t1"]


def test_beside_a_server(project: DagsterProject) -> None:
    """It reads staged rows from the project's folder alone; nothing is left there."""
    switch_on(project, schema(name="string"), last_page("t1", a="1"), last_page("t2", b="2"))
    stages = project.folder / ".dagster" / "spool"
    with serve_file(project.warehouse, None, stages=stages, wait_seconds=60):
        run(project)
        assert rehearsed(project, "acme")[0].startswith("acme.Items would succeed: 1 row inserted")
