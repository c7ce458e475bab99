"""`packsync discover PACK TABLE`: what a dynamic table can be, and how to switch it on (C23)."""

import re
import unicodedata
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg
import yaml
from rich.markup import escape
from rich.table import Table

from pack_sdk.context import SyncState
from pack_sdk.dynamic_answers import DynamicUrl
from pack_sdk.parameters import values_at
from pack_sdk.sync_table import SyncTable
from pack_sdk.wording import choose_from
from pack_sync.cli.context import call_environment, database
from pack_sync.cli.terminal import console, fail
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.configuration import choose
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.parameters import known_parameters
from pack_sync.dagster.table_entries import REST, without_entry
from pack_sync.runtimes.session import PackSession
from pack_sync.stage.column_types import columns_of


@dataclass(frozen=True, kw_only=True)
class UrlQuestion:
    """What is asked: what fits a text, what a folder holds, what one URL is; else the top."""

    search: str = ""
    folder: str | None = None
    url: str | None = None


def choose_dynamic_table(definition: PackTables, name: str) -> SyncTable:
    """The pack's dynamic table of that name, in any case; exits with the choices if none is."""
    dynamic = [table for table in definition.pack.sync_tables.values() if table.is_dynamic]
    for table in dynamic:
        if table.name.casefold() == name.casefold():
            return table
    fail(
        f"{definition.name} has no dynamic table {name!r}; "
        f"{choose_from(table.name for table in dynamic)}, or say which --parameter of the table "
        "you want to look up"
    )


def show_dynamic_urls(
    component: PackSyncComponent,
    definition: PackTables,
    table: SyncTable,
    question: UrlQuestion,
    connection: str,
) -> None:
    """Ask the pack, and print the answer with the lines for the defs.yaml."""
    if sum(map(bool, (question.search, question.folder, question.url))) > 1:
        fail("--search, --folder and --url are three questions; ask one")
    choose(
        [connection], component.connection_names, where=f"{definition.where}.connections",
        what="connection",
    )  # fmt: skip
    if question.url is not None:
        _show_one(component, definition, table, question.url, connection)
        return
    with _session(component, definition, table, connection) as session:
        urls = (
            session.search_dynamic_urls(question.search)
            if question.search
            else session.list_dynamic_urls(question.folder)
        )
    if not urls:
        console.print("There is nothing to choose" + (" in it." if question.folder else "."))
        return
    listed = Table("name", "", "URL")
    for url in urls:
        listed.add_row(
            escape(url.display), "folder" if url.has_children else "table", escape(url.value)
        )
    console.print(listed)
    command = f"packsync discover {definition.name} {table.name}"
    if any(url.has_children for url in urls):
        _print(f"To open a folder: {command} --folder URL")
    _print_entries(definition, table, [url for url in urls if not url.has_children], connection)


@contextmanager
def _session(
    component: PackSyncComponent, definition: PackTables, table: SyncTable, connection: str
) -> Generator[PackSession]:
    """The pack, to be asked; an error ends the command, without secrets."""
    with dg.build_resources({definition.resource_key: component.resource()}) as built:
        resource = getattr(built, definition.resource_key)
        opened = resource.connection(connection, database())
        environment = call_environment(resource, opened)
        session = resource.runtime().open(table.name, environment)
        try:
            yield session
        except Exception as error:
            message = f"{definition.name}.{table.name}: {type(error).__name__}: {error}"
            fail(opened.redactor.redact(message))
        finally:
            session.close()


def _show_one(
    component: PackSyncComponent,
    definition: PackTables,
    table: SyncTable,
    url: str,
    connection: str,
) -> None:
    """Name, address and columns of one URL."""
    now = datetime.now(UTC)
    known = known_parameters(table.parameters, {}, where=definition.where)
    state = SyncState(
        dynamic_url=url, parameters=values_at(table.parameters, known, now), started_at=now
    )
    with _session(component, definition, table, connection) as session:
        name = session.get_name(url)
        address = session.get_display_url(url)
        schema = session.get_schema(state)
    _print(f"{name}: {address}")
    columns = Table("column", "type", "description")
    for column in columns_of(schema):
        columns.add_row(escape(column.name), escape(column.sql_type), escape(column.description))
    console.print(columns)
    _print_entries(definition, table, [DynamicUrl(display=name, value=url)], connection)


def _print_entries(
    definition: PackTables, table: SyncTable, urls: Sequence[DynamicUrl], connection: str
) -> None:
    """The lines that switch these URLs on; without `tables` there, what is synced now too."""
    if not urls:
        return
    entries: dict[str, dict[str, str]] = {}
    static = without_entry(definition.pack, {})
    taken = set(definition.tables or ()) | set(static)
    if definition.tables is None and static:
        entries = {REST: {}}
    for url in urls:
        name = _entry_name(url.display, table.name, taken | set(entries))
        entries[name] = {"table": table.name, "dynamic_url": url.value}
        if connection != "default":
            entries[name]["connection"] = connection
    text = yaml.safe_dump(
        {"tables": entries}, sort_keys=False, allow_unicode=True, width=float("inf")
    )
    _print(
        "\nThose that you want, for `attributes` in the defs.yaml (names are yours to choose):\n"
    )
    for line in text.splitlines():
        _print(f"  {line}")


def _entry_name(display: str, table: str, taken: set[str]) -> str:
    """What is shown as a name for an asset and a DuckDB table, which no other has."""
    plain = unicodedata.normalize("NFKD", display).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or table
    others = {name.casefold() for name in taken}
    name, number = stem, 1
    while name.casefold() in others:
        number += 1
        name = f"{stem}_{number}"
    return name


def _print(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
