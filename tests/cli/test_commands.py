"""The command line: what each command shows, and that it is documented."""

import re
from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
from click.testing import Result
from cronsim import CronSim
from typer.testing import CliRunner

from pack_sdk import Pack, make_object_schema
from pack_sdk.dictionaries import CrawlStrategy
from pack_sync.cli.app import app
from pack_sync.cli.commands import COMMANDS, command
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, Demo, pack_of, served_demo
from tests.engine.sync_harness import Scripted, items, last_page

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def demo(project: DagsterProject) -> Generator[Demo]:
    """The demo pack, switched on and served."""
    with served_demo() as demo:
        project.switch_on_demo(demo.url, tables={"Projects": {}, "Tasks": {}})
        yield demo


def packsync(*words: str) -> Result:
    """Run a command that succeeds."""
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def line_with(text: str, result: Result) -> str:
    """The only line of the output that has this text, with its frame and spaces reduced."""
    lines = [line for line in result.stdout.splitlines() if text in line]
    assert len(lines) == 1, result.stdout
    return " ".join(re.sub("[│┃|]", "|", lines[0]).split())


def commands() -> Iterable[Any]:
    """The commands, as click knows them."""
    return [command(name) for name in COMMANDS]


def test_every_command_and_option_is_documented() -> None:
    """What `--help` shows has no gaps."""
    names: set[str] = set()
    for each in commands():
        names.add(each.name)
        assert each.help.partition("\n")[0] == COMMANDS[each.name][1]
        for parameter in each.params:
            assert parameter.help, f"{each.name} {parameter.name}"
    assert names == set(COMMANDS)


def test_help_is_shown_when_nothing_is_asked() -> None:
    """`packsync` alone says what there is."""
    result = CliRunner().invoke(app, [])
    for each in commands():
        assert each.name in result.output
        assert each.help.partition("\n")[0][:40] in result.output


def test_list_shows_packs_tables_and_parameters(project: DagsterProject) -> None:
    """With values that are set, connections, and what the pack says of its tables."""
    connection = {"endpoint": "http://localhost:1", "allow_http_localhost": True}
    project.switch_on(
        "demo",
        pack="demo",
        connections={"default": connection, "eu": connection},
        tables={"Projects": {}, "Tasks": {"connection": "eu", "parameters": {"project": "PROJ-1"}}},
    )
    result = packsync("list")
    tasks = line_with("demo.Tasks", result)
    assert "| demo.Tasks | eu | project=PROJ-1 | Tasks. Incremental" in tasks
    assert "| demo.Projects | default | | All projects." in line_with("demo.Projects", result)
    assert "1 table of demo is not synced: Events; " in result.stdout
    assert "demo.Events" not in result.stdout


def test_list_shows_when_tables_sync_next(project: DagsterProject) -> None:
    """The next tick of each schedule in its time zone; or that schedules are off (C12)."""
    path = project.add_pack("acme", pack_of(Items=Scripted()))
    times = {"incremental": "0 0 1 1 *", "without_cursor": "0 6 2 1 *", "full_refresh": "0 7 3 1 *"}
    project.switch_on("acme", pack=path, schedule={"enabled": True, **times})
    project.switch_on("initech", pack=path, name="initech")
    shown = [
        f"{next(CronSim(times[name], datetime.now(UTC))):%a %d %b %H:%M} UTC"
        for name in ("incremental", "without_cursor", "full_refresh")
    ]
    result = packsync("list")
    assert line_with("acme  next", result) == (
        f"acme next incremental {shown[0]}, tables without a cursor {shown[1]}, "
        f"full refresh {shown[2]}; not before `dg dev` or Dagster's daemon runs"
    )
    assert "schedules are off; switch them on" in line_with("initech  sch", result)


def test_list_says_so_when_nothing_is_switched_on(project: DagsterProject) -> None:
    """With what to do about it."""
    assert not list(project.folder.rglob("defs.yaml"))
    folder = next(project.folder.rglob("defs")).relative_to(project.folder)
    said = packsync("list").stdout.strip()
    assert said == f"No pack is switched on; write {folder}/<pack>/defs.yaml."


def test_preview_shows_rows_and_writes_nothing(project: DagsterProject, demo: Demo) -> None:
    """Typed as they would be stored; no warehouse, no spool, no run is made of it."""
    before = {path for path in project.folder.rglob("*") if "__pycache__" not in path.parts}
    result = packsync("preview", "demo", "projects", "--rows", "2")
    (first, second, *_) = demo.source.projects()
    assert first["id"] in result.stdout
    assert second["id"] in result.stdout
    assert demo.source.projects()[2]["id"] not in result.stdout
    assert "DECIMAL(38,9)" in result.stdout.replace(" ", "")
    assert "1 page, 4 rows: 4 to store, 0 rejected, 0 repeated ids. Nothing was written." in (
        result.stdout
    )
    after = {path for path in project.folder.rglob("*") if "__pycache__" not in path.parts}
    assert after == before
    assert list(project.instance.get_runs()) == []


def test_preview_stops_after_the_page_with_enough_rows(project: DagsterProject) -> None:
    """Trying a table out does not fetch all of it (contract D6)."""
    pages = [{"result": items(**{f"r{n}": "x"}), "continuation": n} for n in (1, 2, 3, 4)]
    execute = Scripted(*pages)
    project.switch_on_pack("acme", pack_of(Items=execute))
    result = packsync("preview", "acme", "Items", "--rows", "3")
    assert len(execute.calls) == 3
    assert "3 pages, 3 rows: 3 to store" in result.stdout
    assert "Only the first 3 rows are shown: --rows asks for more." in result.stdout


def test_preview_of_all_rows_says_nothing_of_more(project: DagsterProject) -> None:
    """There are no others to ask for."""
    project.switch_on_pack("acme", pack_of(Items=Scripted({"result": items(a="x")})))
    assert "--rows" not in packsync("preview", "acme", "Items").stdout


def test_preview_shows_values_that_become_null(project: DagsterProject) -> None:
    """With why, and the row as it came; the row counts among those to store."""
    schema = make_object_schema(
        properties={"id": {"type": "string"}, "size": {"type": "number"}},
        id_property="id",
        display_property="id",
    )
    pack = Pack()
    execute = Scripted({"result": [{"id": "a", "size": "big"}, {"id": "b", "size": 2}]})
    pack.add_sync_table(name="Items", identity_name="Item", schema=schema, execute=execute)
    project.switch_on_pack("acme", pack, tables={"Items": {"bad_values": "null"}})
    shown = packsync("preview", "acme", "Items").stdout
    assert "rows with values that become NULL" in shown
    assert "'size': big is not a number" in shown
    assert '{"id":"a","size":"big"}' in shown
    assert "2 rows: 2 to store (1 without some values), 0 rejected" in shown


def test_status_counts_the_rejected_rows_that_are_kept(project: DagsterProject) -> None:
    """Also after the sync that rejected them: they are missing from the table."""
    first = {**last_page("t1"), "result": [{"id": "a"}, {"name": "no id"}]}
    execute = Scripted(first, last_page("t2"))
    project.switch_on_pack("acme", pack_of(Items=execute, Others=Scripted(last_page("t"))))
    project.run()
    said = "acme.Items: 1 rejected row is kept; see `packsync rejects`"
    assert said in packsync("status").stdout
    project.run("incremental", "acme.Items")
    shown = packsync("status").stdout
    assert said in shown
    assert "acme.Others: " not in shown


def test_preview_shows_rejected_rows_with_the_reason(project: DagsterProject) -> None:
    """What the warehouse would reject is seen before it happens (contract S4, S5)."""
    page = {"result": [*items(a="1"), {"name": "[bold]nobody"}, *items(a="2")]}
    project.switch_on_pack("acme", pack_of(Items=Scripted(page)))
    result = packsync("preview", "acme", "Items")
    assert "rejected rows" in result.stdout
    assert "page 1: property 'id': the row has no id" in result.stdout
    assert line_with("nobody", result) == '{"name":"[bold]nobody"}'
    assert "1 to store, 1 rejected, 1 repeated id." in result.stdout


def test_status_before_the_first_sync(project: DagsterProject, demo: Demo) -> None:
    """No warehouse is no error: nothing has been synced."""
    assert demo.url
    assert not project.warehouse.exists()
    line = line_with("demo.Tasks", packsync("status"))
    assert line == "| demo.Tasks | - | never | never | none: it has never been synced |"


def test_status_shows_how_each_table_stands(project: DagsterProject, demo: Demo) -> None:
    """Rows, times and cursor, or why there is none (contract C6)."""
    assert demo.url
    project.run()
    project.run()
    result = packsync("status")
    (times,) = project.query(
        "SELECT strftime(last_full_at, '%d %b %H:%M UTC'), "
        "strftime(last_incremental_at, '%d %b %H:%M UTC') FROM _sync.cursors "
        "WHERE table_name = 'Tasks'"
    )
    cursor = '{"modifiedSince":"2026-01-05T08:59:59+0…'
    tasks = line_with("demo.Tasks", result)
    assert tasks == f"| demo.Tasks | 30 | {times[0]} | {times[1]} | {cursor} |"
    projects = line_with("demo.Projects", result)
    assert projects.startswith("| demo.Projects | 4 | ")
    assert projects.endswith("| never | none: its last full sync ended without a cursor |")


def test_a_warehouse_of_an_earlier_version_is_brought_up_to_date(project: DagsterProject) -> None:
    """What its ledger lacks is added at first use; what is in it stays."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="1"), last_page("t2"))))
    project.run()
    with duckdb.connect(project.warehouse) as connection:
        connection.execute("DROP TABLE _sync.ledger_versions")  # there was none then
        connection.execute("DROP TABLE _sync.held_syncs")
        connection.execute("DROP TABLE _sync.leases")
        connection.execute("ALTER TABLE _sync.cursor_history DROP COLUMN fingerprint")
    assert line_with("acme.Items", packsync("status")).endswith('| "t1" |')
    assert project.run().success
    assert project.query("SELECT mode FROM _sync.runs ORDER BY finished_at") == [
        ("full",),
        ("incremental",),
    ]


def test_status_names_each_of_several_syncs(project: DagsterProject) -> None:
    """In square brackets, which are no markup of rich's; also where one has failed."""
    pages = (last_page("t1", a="1"), ValueError("gone"))
    tables: dict[str, Any] = {"Items": {"syncs": {"asia": {}, "europe": {}}}}
    project.switch_on_pack(
        "acme", pack_of(Items=Scripted(*pages)), tables=tables, max_parallel_tables=1
    )
    project.run()
    result = packsync("status")
    assert "| acme.Items[asia] | 1 |" in line_with("Items[asia]", result)
    assert "| acme.Items[europe] | 0 |" in line_with("Items[europe] │", result)
    assert "acme.Items[europe] failed at " in line_with("failed at", result)


def add_cards(pack: Pack, sync_cards: Callable[..., Any]) -> None:
    """A table that is crawled from the pack's boards."""
    from_boards: CrawlStrategy = {"parentTable": {"tableName": "Boards", "propertyKey": "id"}}
    pack.add_sync_table(
        name="Cards",
        identity_name="Card",
        schema=pack.sync_tables["Boards"].schema,
        parameters=[{"name": "board", "type": "string", "crawlStrategy": from_boards}],
        execute=sync_cards,
    )


def test_status_of_a_crawled_table_is_that_of_its_children(project: DagsterProject) -> None:
    """Their rows together, and how many there are (contract C20, D7)."""
    pack = pack_of(Boards=Scripted({"result": [{"id": "b1"}, {"id": "b2"}]}))

    def sync_cards(args: list[Any], context: Any) -> dict[str, Any]:
        assert context.sync.previous_completion is None
        cursor = {"incrementalContinuation": 1} if args == ["b1"] else None
        return {"result": [{"id": f"{args[0]}-{i}"} for i in range(3)], "completion": cursor}

    add_cards(pack, sync_cards)
    project.switch_on_pack("acme", pack)
    assert line_with("acme.Cards", packsync("status")).endswith("| 0 children, 0 with a cursor |")
    project.run()
    line = line_with("acme.Cards", packsync("status"))
    assert line.startswith("| acme.Cards | 6 | ")
    assert line.endswith(" UTC | never | 2 children, 1 with a cursor |")


def test_status_shows_the_error_of_a_table_whose_last_sync_failed(
    project: DagsterProject,
) -> None:
    """Until it succeeds again; brackets in the message are text, not markup."""
    execute = Scripted(ValueError("no [red] items"), last_page("t1", a="1"))
    project.switch_on_pack("acme", pack_of(Items=execute))
    project.run()
    failed = line_with("acme.Items failed at", packsync("status"))
    assert failed.endswith("no [red] items")
    project.run()
    assert "failed" not in packsync("status").stdout


def test_query_shows_rows(project: DagsterProject) -> None:
    """Any SQL that reads; the ledger is there too."""
    project.switch_on_pack("acme", pack_of(Items=Scripted(last_page("t1", a="first", b="second"))))
    project.run()
    output = packsync("query", "SELECT name FROM acme.Items ORDER BY id").stdout
    assert output.index("first") < output.index("second")
    assert "succeeded" in packsync("query", "SELECT status FROM _sync.runs").stdout


def test_query_takes_statements_without_rows(project: DagsterProject) -> None:
    """Such as a setting: there is nothing to show, and nothing wrong."""
    assert project.folder
    assert packsync("query", "SET threads = 1").stdout == ""


def test_list_names_each_of_several_syncs(project: DagsterProject) -> None:
    """In square brackets, which are no markup of rich's."""
    tables: dict[str, Any] = {"Items": {"syncs": {"asia": {}, "europe": {}}}}
    project.switch_on_pack("acme", pack_of(Items=Scripted()), tables=tables)
    result = packsync("list")
    assert line_with("Items[asia]", result).startswith("| acme.Items[asia] | default | ")
    assert line_with("Items[europe]", result).startswith("| acme.Items[europe] | default | ")


def wide_pack(columns: int) -> Pack:
    """A pack whose table has so many columns."""
    names = [f"column_{number:02}" for number in range(columns)]
    pack = Pack()
    pack.add_sync_table(
        name="Items",
        identity_name="Item",
        schema=make_object_schema(
            properties={name: {"type": "string"} for name in names},
            id_property=names[0],
            display_property=names[0],
        ),
        execute=Scripted({"result": [{name: f"value {name[-2:]}" for name in names}]}),
    )
    return pack


def test_preview_of_many_columns_can_be_read(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a narrow terminal rows stand one below the other, with every name and value whole."""
    monkeypatch.setenv("COLUMNS", "80")
    project.switch_on_pack("acme", wide_pack(18))
    shown = packsync("preview", "acme", "Items").stdout.splitlines()
    lines = [" ".join(line.split()) for line in shown]
    assert "row 1" in lines
    for number in range(18):
        assert f"column_{number:02} VARCHAR value {number:02}" in lines


def crawled_pack() -> Pack:
    """Boards, and the cards of each; a card says which board it was asked for."""
    pack = pack_of(Boards=lambda _args, _context: {"result": items(b1="x", b2="y")})

    def sync_cards(args: list[Any], _context: Any) -> dict[str, Any]:
        return {"result": [{"id": "1", "name": f"of {args[0]}"}]}

    add_cards(pack, sync_cards)
    return pack


@pytest.mark.parametrize("synced", [False, True])
def test_preview_of_a_crawled_table_is_that_of_one_child(
    project: DagsterProject, synced: bool
) -> None:
    """Of the parent's rows in the warehouse, or, where there are none, of rows just fetched."""
    project.switch_on_pack("acme", crawled_pack())
    if synced:
        assert project.run("incremental", "acme.Boards").success
    before = {path for path in project.folder.rglob("*") if "__pycache__" not in path.parts}
    result = packsync("preview", "acme", "Cards")
    assert "One child: acme.Cards[default/b1]. --sync default/VALUE shows another" in result.stderr
    assert "of b1" in result.stdout
    assert "None" not in result.stdout
    assert "of b2" in packsync("preview", "acme", "Cards", "--sync", "default/b2").stdout
    after = {path for path in project.folder.rglob("*") if "__pycache__" not in path.parts}
    assert after == before


def test_preview_of_a_child_that_there_is_not(project: DagsterProject) -> None:
    """Some that there are are named."""
    project.switch_on_pack("acme", crawled_pack())
    result = CliRunner().invoke(app, ["preview", "acme", "Cards", "--sync", "default/b9"])
    assert result.exit_code == 1
    assert "has no child 'default/b9'; there is default/b1, default/b2" in result.output
