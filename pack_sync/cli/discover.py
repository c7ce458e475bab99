"""`packsync discover`: what may be chosen for a parameter (contract P) or a dynamic table (C23)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import dagster as dg
import typer
from rich.markup import escape
from rich.table import Table

from pack_sdk.choices import Choice
from pack_sdk.parameters import Parameter, values_at
from pack_sdk.sync_table import SyncTable
from pack_sdk.wording import choose_from
from pack_sync.cli.context import (
    call_environment,
    choose_pack,
    choose_sync,
    choose_table,
    database,
)
from pack_sync.cli.dynamic_urls import UrlQuestion, choose_dynamic_table, show_dynamic_urls
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.parameters import known_parameters
from pack_sync.ledger.sync_key import SyncKey


def discover(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    table: Annotated[str, typer.Argument(help="One of its tables.")],
    parameter: Annotated[
        str | None, typer.Option(help="One of the table's parameters; not for dynamic tables.")
    ] = None,
    search: Annotated[str, typer.Option(help="Only choices that match this text.")] = "",
    sync: Annotated[str | None, typer.Option(help="Which of the table's syncs.")] = None,
    folder: Annotated[str | None, typer.Option(help="A dynamic table's folder, by URL.")] = None,
    url: Annotated[str | None, typer.Option(help="Show a dynamic URL's name and columns.")] = None,
    connection: Annotated[str, typer.Option(help="For dynamic tables.")] = "default",
) -> None:
    """List the values that a parameter or a dynamic table can take at the service now."""
    with plain_errors():
        component, definition = choose_pack(pack, complete=False)
        if parameter is None:
            question = UrlQuestion(search=search, folder=folder, url=url)
            dynamic = choose_dynamic_table(definition, table)
            show_dynamic_urls(component, definition, dynamic, question, connection)
            return
        key = choose_sync(definition, choose_table(definition, table), sync)
        chosen = _choose_parameter(definition.table_of(key.table), parameter)
        with dg.build_resources({definition.resource_key: component.resource()}) as built:
            resource = getattr(built, definition.resource_key)
            choices = _look_up(definition, key, resource, chosen, search)
    _show(choices, chosen, search)


def _choose_parameter(table: SyncTable, name: str) -> Parameter:
    """The parameter of that name; exits with the choices if it has none to look up."""
    declared = {parameter.name: parameter for parameter in table.parameters}
    offered = [p.name for p in table.parameters if p.autocomplete is not None and not p.hidden]
    choices = choose_from(offered)
    if name not in declared:
        fail(f"{table.name} has no parameter {name!r}; {choices}")
    if declared[name].hidden:
        fail(
            f"the parameter {name!r} cannot be set, because it is not compatible with incremental "
            f"sync; {choices}"
        )
    if declared[name].autocomplete is None:
        kind = declared[name].type.value
        fail(f"the pack knows no choices for {name!r}, which takes any {kind}; {choices}")
    return declared[name]


def _look_up(
    definition: PackTables, key: SyncKey, pack: PackResource, parameter: Parameter, search: str
) -> Sequence[Choice]:
    """Ask the pack, with the sync's connection and what is configured for it so far."""
    configured = definition.syncs_of(key.table)[key.sync]
    table = definition.table_of(key.table)
    parameters = table.parameters
    where = f"{definition.where}.tables.{key.table}.parameters"
    others = {k: v for k, v in configured.parameters.items() if k != parameter.name}
    known = known_parameters(parameters, others, where=where)
    values = values_at(parameters, known, datetime.now(UTC))
    connection = pack.connection(configured.connection, database())
    environment = call_environment(pack, connection)
    session = pack.runtime().open(table.name, environment)
    dynamic_url = definition.configured_tables[key.table].dynamic_url
    args = list(values.values())
    try:
        return session.autocomplete(parameter.name, search, args, dynamic_url=dynamic_url)
    except Exception as error:
        fail(connection.redactor.redact(f"{key}: {type(error).__name__}: {error}"))
    finally:
        session.close()


def _show(choices: Sequence[Choice], parameter: Parameter, search: str) -> None:
    if not choices:
        matching = f" that match {search!r}" if search else ""
        console.print(f"There are no choices for {escape(parameter.name)}{escape(matching)}.")
        return
    table = Table(parameter.name, "choice")
    for choice in choices:
        display = "" if choice.display == str(choice.value) else choice.display
        table.add_row(escape(str(choice.value)), escape(display))
    console.print(table)
