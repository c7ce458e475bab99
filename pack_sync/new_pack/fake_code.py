"""The file `tests/fake.py` of a drafted pack: a made-up service, which `packsync check` asks."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from urllib.parse import urlsplit

from pack_sdk.testing.list_endpoint import ListEndpoint
from pack_sync.new_pack.code_text import Call, laid_out, quoted
from pack_sync.new_pack.draft import Json, PackDraft
from pack_sync.new_pack.json_nodes import Node, listed, mapping, properties_of
from pack_sync.new_pack.naming import constant
from pack_sync.new_pack.schema_code import is_struct


def fake_code(draft: PackDraft) -> str:
    """The module's source."""
    names = [constant(table.identity) for table in draft.tables]
    kinds = {type(table.endpoint.paging).__name__ for table in draft.tables}
    if any(table.endpoint.changes for table in draft.tables):
        kinds.add("ChangeFilter")
    imported = sorted({"ListEndpoint", "ListService", *kinds})
    lines = [
        '"""A made-up service with the lists that the pack reads, for `packsync check`."""',
        "",
        *_import("pack_sdk.testing", imported),
    ]
    for name, table in zip(names, draft.tables, strict=True):
        lines += ["", *laid_out(f"{name} = ", _code_of(table.endpoint))]
    lines += [
        "",
        "",
        "def make_fake(seed: int) -> ListService:",
        '    """Return the service; the seed chooses its rows, and how they change."""',
        *_body(names, list(_settings(draft))),
    ]
    return "\n".join(lines) + "\n"


def _import(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= 88:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


def _body(names: list[str], settings: list[str]) -> list[str]:
    """The statements of `make_fake`."""
    start = "service = " if settings else "return "
    line = f"    {start}ListService([{', '.join(names)}], seed=seed)"
    lines = [line]
    if len(line) > 88:
        lists = ["    lists = [", *(f"        {name}," for name in names), "    ]"]
        lines = [*lists, f"    {start}ListService(lists, seed=seed)"]
    return [*lines, *settings, "    return service"] if settings else lines


def _settings(draft: PackDraft) -> Iterator[str]:
    """What the tables need to be told, and where the account is."""
    given = {
        table.name: {each.variable: 7 if each.numeric else "a" for each in table.parameters}
        for table in draft.tables
        if table.parameters
    }
    if given:
        yield from laid_out("service.parameters = ", given, depth=1)
    parts = urlsplit(draft.tables[0].endpoint.url)
    if draft.needs_endpoint or parts.scheme == "http":  # of this machine
        yield f"    service.endpoint = {quoted(f'{parts.scheme}://{parts.netloc}')}"


def _code_of(value: Json) -> Call:
    """The construction of an endpoint, or of what it has; what is usual is left out."""
    arguments: dict[str, Json] = {}
    for each in fields(value):
        inner = getattr(value, each.name)
        usual = each.default_factory() if callable(each.default_factory) else each.default
        if isinstance(value, ListEndpoint) and each.name == "row_schema":
            arguments[each.name] = _pruned(inner)
        elif is_dataclass(inner):
            arguments[each.name] = _code_of(inner)
        elif inner != usual:
            arguments[each.name] = inner
    return Call(type(value).__name__, arguments)


def _pruned(schema: Node) -> dict[str, Json]:
    """A row's schema without what no fake needs: what the pack keeps as JSON is not told."""
    properties = {key: _value(each) for key, each in properties_of(schema).items()}
    return {"type": "object", "properties": properties}


def _value(schema: Node) -> dict[str, Json]:
    kept = {key: schema[key] for key in ("type", "format") if key in schema}
    enum = listed(schema.get("enum"))
    if enum and all(isinstance(each, str) for each in enum):
        kept["enum"] = enum[:5]
    if schema.get("type") == "array":
        kept["items"] = _value(mapping(schema.get("items")))
    if schema.get("type") == "object" and is_struct(schema):
        kept["properties"] = {key: _value(each) for key, each in properties_of(schema).items()}
    return kept
