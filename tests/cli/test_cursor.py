"""`packsync cursor`: what it shows, and how it says what was changed or why not (contract C6)."""

import re
import time
from collections.abc import Generator
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pack_sdk import Pack, make_object_schema, make_parameter
from pack_sync.cli.app import app
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import Scripted, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

NEXT_INCREMENTAL = "next sync         incremental, because there is a cursor to continue from"
WHY = ("--reason", "why")


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "200")


def switch_on(project: DagsterProject, *cursors: Any, **more: Any) -> None:
    """The pack `acme` with the table `Items`, whose syncs leave these cursors."""
    execute = Scripted(*(last_page(cursor, a=str(n)) for n, cursor in enumerate(cursors)))
    project.switch_on_pack("acme", pack_of(Items=execute), **more)


def packsync(*words: str) -> Result:
    """Run a command that succeeds."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def lines_of(*words: str) -> list[str]:
    """What `packsync cursor` says, line by line, without times and ids."""
    text = packsync("cursor", *words).stdout
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"\b[0-9a-f]{32}\b", "ID", text).splitlines()


def error_of(*words: str) -> str:
    """The one line with which `packsync cursor` fails."""
    result = CliRunner().invoke(app, ["cursor", *words], catch_exceptions=False)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr.removeprefix("error: ").rstrip("\n")


def test_show_says_where_a_sync_stands(project: DagsterProject) -> None:
    """The whole cursor, who wrote it and when, and what the next sync will be (C6, C12)."""
    cursor = {"token": "x" * 300}
    switch_on(project, {"token": 1}, cursor)
    project.run()
    project.run()
    assert lines_of("show", "acme", "items") == [
        "acme.Items",
        f'cursor            {{"token":"{"x" * 300}"}}',
        "written           TIME UTC by ID: incremental sync",
        "last full         TIME UTC",
        "last incremental  TIME UTC",
        NEXT_INCREMENTAL,
    ]


def test_show_of_a_sync_that_never_ran(project: DagsterProject) -> None:
    """Nothing is made of it (C6)."""
    switch_on(project)
    assert lines_of("show", "acme", "Items") == [
        "acme.Items",
        "cursor            none: it has never been synced",
        "last full         never",
        "last incremental  never",
        "next sync         full, because it has never been synced",
    ]
    assert lines_of("history", "acme", "Items") == ["acme.Items has never been synced."]
    assert not project.warehouse.exists()


def test_the_next_sync_is_told_by_the_present_configuration(project: DagsterProject) -> None:
    """Where that has changed, the cursor is of no use (D5)."""
    switch_on(project, "t1")
    project.run()
    switch_on(project, connections={"other": {}}, tables={"Items": {"connection": "other"}})
    lines = lines_of("show", "acme", "Items")
    assert lines[-1] == "next sync         full, because the connection changed since the last sync"


def test_the_history_is_listed_newest_first(project: DagsterProject) -> None:
    """With the steps that a rewind counts, up to a limit (C6)."""
    switch_on(project, "t1", "t2", "t3")
    for _ in range(3):
        project.run()
    packsync("cursor", "set", "acme", "Items", '{"at": [1]}', "--reason", "[red] alert")
    lines = lines_of("history", "acme", "Items", "--limit", "3")
    cells = [[c.strip() for c in line.split("│")[1:-1]] for line in lines if line.startswith("│")]
    assert cells == [
        ["0", "TIME", '{"at":[1]}', "by hand: [red] alert", "ID"],
        ["1", "TIME", '"t3"', "incremental sync", "ID"],
        ["2", "TIME", '"t2"', "incremental sync", "ID"],
    ]
    assert lines[-1] == "The newest 3 of 4 are shown; --limit shows more."


def test_a_change_prints_before_and_after(project: DagsterProject) -> None:
    """And what the next sync will be (C6)."""
    switch_on(project, {"t": 1}, {"t": 2})
    project.run()
    project.run()
    items = ("acme", "Items")
    assert lines_of("set", *items, "{}", *WHY) == ['acme.Items: {"t":2} → {}', NEXT_INCREMENTAL]
    assert lines_of("rewind", *items, *WHY, "--steps", "2") == [
        'acme.Items: {} → {"t":1}',
        NEXT_INCREMENTAL,
    ]
    assert lines_of("rewind", *items, *WHY)[0] == 'acme.Items: {"t":1} → {}'
    none = "none: its cursor was reset by hand: why"
    assert lines_of("reset", *items, *WHY) == [
        f"acme.Items: {{}} → {none}",
        "next sync         full, because its cursor was reset by hand: why",
    ]
    assert lines_of("show", *items)[1] == f"cursor            {none}"


@pytest.fixture
def kiribati(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A machine whose clock is 14 hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("kiribati")
def test_a_time_without_a_zone_is_utc(project: DagsterProject) -> None:
    """Whatever the zone of the machine (C6)."""
    switch_on(project, "t1", "t2")
    project.run()
    project.run()
    ((when,),) = project.query(
        "SELECT strftime(recorded_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%f') "
        "FROM _sync.cursor_history WHERE reason = 'full sync'"
    )
    assert lines_of("rewind", "acme", "Items", *WHY, "--to", when)[0] == 'acme.Items: "t2" → "t1"'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "acme", "Items", "t1", *WHY), "'t1' is no JSON ("),
        (("set", "acme", "Items", "null", *WHY), "null is no cursor; to have the next sync full"),
        (("set", "acme", "Items", '"t"', *WHY), "acme.Items has never been synced, so there is"),
        (("rewind", "acme", "Items", *WHY), "acme.Items has never been synced, so there is"),
        (("reset", "acme", "Items", *WHY), "acme.Items has never been synced, so there is"),
        (("rewind", "acme", "Items", *WHY, "--to", "noon"), "--to: 'noon' is no time; write it as"),
        (
            ("rewind", "acme", "Items", *WHY, "--to", "2026-01-01", "--steps", "1"),
            "give --to or --steps, not both",
        ),
        (("show", "acme", "Itms"), "acme has no table 'Itms'; choose from Items"),
        (("show", "acme", "Items", "--sync", "x/y"), "acme.Items has no sync 'x/y'; choose from"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    project: DagsterProject, words: tuple[str, ...], message: str
) -> None:
    """And no warehouse is made (C6)."""
    switch_on(project)
    assert error_of(*words).startswith(message)
    assert not project.warehouse.exists()


@pytest.mark.parametrize("command", ["set", "rewind", "reset"])
def test_a_change_needs_a_reason(project: DagsterProject, command: str) -> None:
    """It is what the history is for."""
    switch_on(project)
    words = [command, "acme", "Items", *(["{}"] if command == "set" else [])]
    result = CliRunner().invoke(app, ["cursor", *words])
    assert result.exit_code == 2
    assert "--reason" in result.output


def test_of_several_syncs_one_is_named(project: DagsterProject) -> None:
    """The first of them is no default where a cursor is changed (C18)."""
    switch_on(project, "e1", "w1", tables={"Items": {"syncs": {"east": {}, "west": {}}}})
    project.run()
    assert error_of("reset", "acme", "Items", *WHY) == (
        "acme.Items has several syncs; choose one with --sync: east, west"
    )
    packsync("cursor", "reset", "acme", "Items", "--sync", "west", *WHY)
    assert project.query("SELECT sync, cursor IS NULL FROM _sync.cursors ORDER BY sync") == [
        ("east", False), ("west", True),
    ]  # fmt: skip


def forum() -> Pack:
    """Posts, and their comments, which are crawled; each sync of a post's counts in its cursor."""
    pack = Pack()
    schema = make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    )

    @pack.add_sync_table(name="Posts", identity_name="Post", schema=schema)
    def posts(_args: Any, _context: Any) -> Any:
        return {"result": [{"id": "p1"}, {"id": "p/2"}]}

    @pack.add_sync_table(
        name="Comments",
        identity_name="Comment",
        schema=schema,
        parameters=[
            make_parameter(
                name="post",
                type="string",
                crawl_strategy={"parentTable": {"tableName": "Posts", "propertyKey": "id"}},
            )
        ],
    )
    def comments(args: Any, context: Any) -> Any:
        previous = context.sync.previous_completion
        count = previous.incremental_continuation["n"] + 1 if previous else 1
        return {
            "result": [{"id": f"{args[0]} {count}"}],
            "completion": {"incrementalContinuation": {"n": count}},
        }

    return pack


def test_a_crawled_child_has_a_cursor_of_its_own(project: DagsterProject) -> None:
    """Named by its parent's value; what it was before the first change can be had back (D7)."""
    project.switch_on_pack("forum", forum())
    message = error_of("show", "forum", "Comments", "--sync", "default/p1")
    assert "its parent table Posts has never been synced" in message
    project.run()
    project.run()
    child = ("forum", "Comments", "--sync", "default/p/2")
    assert lines_of("show", *child)[:3] == [
        "forum.Comments[default/p/2]",
        'cursor            {"n":2}',
        "written           TIME UTC by ID: sync of a crawled child",
    ]
    shown = lines_of("set", *child, '{"n": 10}', *WHY)
    assert shown == ['forum.Comments[default/p/2]: {"n":2} → {"n":10}', NEXT_INCREMENTAL]
    assert lines_of("rewind", *child, *WHY)[0].endswith('{"n":10} → {"n":2}')
    assert lines_of("rewind", *child, *WHY)[0].endswith('{"n":2} → {"n":10}')
    project.run("incremental", "forum.Comments")
    assert project.query("SELECT id FROM forum.Comments ORDER BY id") == [
        ("p/2 1",), ("p/2 11",), ("p/2 2",), ("p1 1",), ("p1 2",), ("p1 3",),
    ]  # fmt: skip


@pytest.mark.parametrize("words", [(), ("--sync", "default"), ("--sync", "default/p9")])
def test_a_crawled_table_has_no_cursor_of_its_own(
    project: DagsterProject, words: tuple[str, ...]
) -> None:
    """One of its children must be named (D7)."""
    project.switch_on_pack("forum", forum())
    project.run()
    message = error_of("reset", "forum", "Comments", *words, *WHY)
    assert "crawled from Posts, with a cursor for each of its 2 rows" in message
    assert message.endswith("such as default/p/2, default/p1")


def test_a_dynamic_table_may_have_another_schema_by_then(project: DagsterProject) -> None:
    """It is not asked for that; what is known decides, and that is said (C23, D5)."""
    pack = Pack()
    schema = make_object_schema(
        properties={"id": {"type": "string"}}, id_property="id", display_property="id"
    )
    pack.add_dynamic_sync_table(
        name="Sheets",
        get_name=lambda *_: "Sheet",
        get_schema=lambda *_: schema,
        execute=Scripted({"result": [], "completion": {"incrementalContinuation": "t1"}}),
    )
    tables = {"Mine": {"table": "Sheets", "dynamic_url": "https://example.com/1"}}
    project.switch_on_pack("acme", pack, tables=tables)
    project.run()
    assert lines_of("set", "acme", "Mine", '"t2"', *WHY) == [
        'acme.Mine: "t1" → "t2"',
        f"{NEXT_INCREMENTAL} (unless the pack says that its schema has changed)",
    ]


def test_every_command_of_the_group_is_documented() -> None:
    """What `--help` shows has no gaps."""
    text = packsync("cursor", "--help").stdout
    for command in ("show", "history", "set", "rewind", "reset"):
        assert command in text
        assert "--sync" in packsync("cursor", command, "--help").stdout
