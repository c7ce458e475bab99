"""The file `pack.py` of a drafted pack."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from pack_sdk.testing.list_endpoint import OnePage
from pack_sync.new_pack.code_text import Code, call, quoted, remarks
from pack_sync.new_pack.draft import Json, PackDraft, ParameterDraft, TableDraft
from pack_sync.new_pack.naming import constant, snake
from pack_sync.new_pack.page_code import body_of
from pack_sync.new_pack.schema_code import JSON_ARGUMENTS, property_definitions


def pack_code(draft: PackDraft) -> str:
    """The module's source."""
    tables = [line for table in draft.tables for line in ("", "", *_table(draft, table))][1:]
    base = _base(draft)
    lines = [
        f'"""{draft.name}: made by `packsync new` of {draft.source}.',
        "",
        "What was guessed has its evidence beside it. Answer each QUESTION, then remove it.",
        '"""',
        "",
        *_imports("\n".join([*tables, "make_schema(" if _uses_json(tables) else ""])),
        "",
        "pack = Pack()",
        *remarks("Domain", draft.domain_guess),
        *(f"pack.add_network_domain({quoted(domain)})" for domain in draft.domains),
        *_authentication(draft),
    ]
    if base:
        lines += ["", f"API = {quoted(base)}"]
    if _uses_json(tables):
        lines += ["", *call("JSON = ", "make_schema", JSON_ARGUMENTS)]
    return "\n".join([*lines, *tables]) + "\n"


def _uses_json(lines: Sequence[str]) -> bool:
    return any(re.search(r"[ (]JSON\b[,})]", line) for line in lines)


def _imports(body: str) -> Iterator[str]:
    """The imports of what the tables use."""
    sdk = [
        name
        for name in (
            "Pack",
            "SyncExecutionContext",
            "SyncPage",
            "TimeCursor",
            "format_time",
            "make_object_schema",
            "make_schema",
            "next_link",
            "split_deleted",
            "value_at",
            "with_query_params",
        )
        if name == "Pack" or f"{name}(" in body or f": {name}" in body or f"> {name}" in body
    ]
    if "json.dumps(" in body:
        yield "import json"
    yield "from typing import Any"
    if "quote(" in body:
        yield "from urllib.parse import quote"
    yield ""
    one = f"from pack_sdk import {', '.join(sdk)}"
    if len(one) <= 88:
        yield one
    else:
        yield from ("from pack_sdk import (", *(f"    {name}," for name in sdk), ")")


def _base(draft: PackDraft) -> str:
    """What the URLs of all tables begin with: scheme, host, and the path that they share."""
    urls = [url_of(draft, table) for table in draft.tables]
    if draft.needs_endpoint or not urls:
        return ""
    first = urlsplit(urls[0])
    origin = f"{first.scheme}://{first.netloc}"
    return origin if all(url.startswith(f"{origin}/") or url == origin for url in urls) else ""


def url_of(draft: PackDraft, table: TableDraft) -> str:
    """The URL as the pack writes it: a path where the connection has the endpoint."""
    url = table.endpoint.url
    return urlsplit(url).path if draft.needs_endpoint else url


def _authentication(draft: PackDraft) -> Iterator[str]:
    arguments = dict(draft.authentication.arguments)
    if draft.needs_endpoint:
        arguments = {"type": "None", **arguments, "requires_endpoint_url": True}
    yield from remarks("Authentication", draft.authentication.guess)
    if arguments:
        yield from call("", "pack.set_authentication", arguments)


def _table(draft: PackDraft, table: TableDraft) -> Iterator[str]:
    schema = constant(table.identity)
    endpoint = table.endpoint
    properties = property_definitions(endpoint.row_schema, endpoint.id_key or ())
    id_property = next(iter(properties))
    display = table.guess("display").evidence
    yield from remarks("Id", table.guess("id"))
    yield from remarks("Deleted rows", table.guess("deleted"))
    yield from call(
        f"{schema} = ",
        "make_object_schema",
        {
            "properties": properties,
            "id_property": id_property,
            "display_property": display if display in properties else id_property,
        },
    )
    yield from ("", "")
    arguments: dict[str, Json] = {
        "name": table.name,
        "identity_name": table.identity,
        "schema": Code(schema),
    }
    if table.description:
        arguments["description"] = table.description
    if table.parameters:
        arguments["parameters"] = [_parameter(each) for each in table.parameters]
    yield from call("@", "pack.add_sync_table", arguments)
    yield from _function(draft, table)


def _parameter(parameter: ParameterDraft) -> Mapping[str, Json]:
    kind = "number" if parameter.numeric else "string"
    found: dict[str, Json] = {"name": parameter.variable, "type": kind}
    if parameter.description:
        found["description"] = parameter.description
    if parameter.parent:
        table, key = parameter.parent
        parent = {"tableName": table, "propertyKey": key}
        found["crawl_strategy"] = {"parentTable": parent}
    return found


def _function(draft: PackDraft, table: TableDraft) -> Iterator[str]:
    arguments = "args" if table.parameters else "_args"
    head = f"def {snake('sync_' + table.name)}("
    line = f"{head}{arguments}: list[Any], context: SyncExecutionContext) -> SyncPage:"
    if len(line) <= 88:
        yield line
    else:
        yield from (head, f"    {arguments}: list[Any],", "    context: SyncExecutionContext,")
        yield ") -> SyncPage:"
    rows = "rows" if isinstance(table.endpoint.paging, OnePage) else "one page of rows"
    url = table.guess("url").evidence
    yield f'    """Return {rows}{f" of {url}" if url and len(url) < 60 else ""}."""'
    yield from remarks("Changes", table.guess("changes"), 1)
    yield from remarks("Pages", table.guess("paging"), 1)
    yield from remarks("Page size", table.guess("size"), 1)
    if table.parameters:
        targets = ", ".join(each.variable for each in table.parameters)
        comma = "," if len(table.parameters) == 1 else ""
        yield f"    {targets}{comma} = args" if not comma else f"    ({targets},) = args"
    yield from (f"    {line}" for line in body_of(table, _url_code(draft, table)))


def _url_code(draft: PackDraft, table: TableDraft) -> str:
    """The URL as an expression, with the parameters of its path filled in."""
    url = url_of(draft, table)
    base = _base(draft)
    in_path = [each for each in table.parameters if each.place == "path"]
    for each in in_path:
        name = each.variable
        filled = name if each.numeric else f'quote({name}, safe="")'
        url = url.replace(f"{{{name}}}", "{" + filled + "}")
    if base and url.startswith(base):
        return f'f"{{API}}{url.removeprefix(base)}"'.replace('safe=""', "safe=''")
    return f'f"{url}"'.replace('safe=""', "safe=''") if in_path else quoted(url)
