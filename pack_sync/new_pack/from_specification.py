"""A pack of a specification: one of its lists, or all of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from pack_sync.new_pack.draft import CannotDraftError, Guess, PackDraft, TableDraft
from pack_sync.new_pack.json_nodes import properties_of
from pack_sync.new_pack.specification import Specification
from pack_sync.new_pack.specification_lists import ListOperation, list_operations, tables_of
from pack_sync.new_pack.specification_security import authentication_of

UNKNOWN_HOST = "api.example.com"
"""Stands for a host that the specification does not name."""


def lists_of(specification: Specification) -> Sequence[ListOperation]:
    """Its lists. Raises `CannotDraftError` if it has none."""
    found = list(list_operations(specification))
    if not found:
        raise CannotDraftError(
            f"{specification.where} has no operation that answers with a list of objects (GET, or "
            f"a search by POST with pages){_not_followed(specification)}"
        )
    return found


def _not_followed(specification: Specification) -> str:
    """What references lead to that was not read, as the end of a sentence."""
    missing = specification.other_files.missing
    if not missing:
        return ""
    name, why = next(iter(missing.items()))
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f". It refers to {name}, which is not followed: {why}{more}. Put it beside the file"


def chosen(lists: Sequence[ListOperation], wanted: str) -> Sequence[ListOperation]:
    """The list of that operation id or path. Raises `CannotDraftError` with near ones."""
    asked = wanted.removeprefix("GET ").removeprefix("POST ").strip()
    found = [each for each in lists if asked in (each.operation.operation_id, each.operation.path)]
    if found:
        return found[:1]
    near = [str(each.operation) for each in lists if asked.lower() in str(each.operation).lower()]
    raise CannotDraftError(
        f"no list has the operation id or path {wanted!r}; "
        f"{'near: ' + ', '.join(near[:5]) if near else 'without --operation they are all shown'}"
    )


def draft_of(name: str, specification: Specification, lists: Sequence[ListOperation]) -> PackDraft:
    """The pack with a table for each of these lists."""
    tables = with_parents([_with_whole_url(table) for table in tables_of(lists)])
    server = lists[0].operation.server
    hosts = list(dict.fromkeys(urlsplit(each.endpoint.url).netloc for each in tables))
    needs_endpoint, domains, guess = _domains(server, hosts)
    return PackDraft(
        name=name,
        source=f"the specification {specification.title!r}",
        domains=domains,
        tables=tables,
        authentication=authentication_of(specification, server),
        needs_endpoint=needs_endpoint,
        domain_guess=guess,
    )


def with_parents(tables: Sequence[TableDraft]) -> Sequence[TableDraft]:
    """The tables; one below a row of another, as `/projects/{id}/tasks` is, takes its ids.

    That is where a table needs nothing else, and the other one nothing at all.
    """
    parents = {table.endpoint.url.rstrip("/"): table for table in tables if not table.parameters}
    return [_with_parent(table, parents) for table in tables]


def _with_parent(table: TableDraft, parents: Mapping[str, TableDraft]) -> TableDraft:
    prefix = table.endpoint.url.partition("/{")[0]
    parent = parents.get(prefix)
    if parent is None or len(table.parameters) != 1:
        return table
    id_key = parent.endpoint.id_key or ()
    if table.parameters[0].place != "path" or len(id_key) != 1:
        return table
    kind = properties_of(parent.endpoint.row_schema)[id_key[0]].get("type")
    numeric = kind in ("integer", "number")
    taken = replace(table.parameters[0], parent=(parent.name, id_key[0]), numeric=numeric)
    return replace(table, parameters=[taken])


def _with_whole_url(table: TableDraft) -> TableDraft:
    """The table with a URL that has a host: a stand-in where only the user knows it."""
    parts = urlsplit(table.endpoint.url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1"):
        parts = parts._replace(scheme="https")
    host = re.sub(r"\{[^}]*\}", "account", parts.netloc)
    if "." not in host and host.partition(":")[0] != "localhost":
        parts, host = parts._replace(scheme="https"), UNKNOWN_HOST
    url = parts._replace(netloc=host, query="", fragment="").geturl()
    return replace(table, endpoint=replace(table.endpoint, url=url))


def _domains(server: str, hosts: Sequence[str]) -> tuple[bool, Sequence[str], Guess]:
    """Whether each account has a host of its own; the domains to declare, and the evidence."""
    host = urlsplit(server).netloc
    plain = [each.partition(":")[0] for each in hosts]
    if not host:
        question = "the specification names no host: which one is it?"
        return True, plain, Guess(question=question)
    if "{" not in host:
        return False, plain, Guess(evidence="the server of the specification")
    domain = host.rpartition("}")[2].strip(".:")
    if "." not in domain:
        question = f"the host is {host}: on which domain is your account?"
        return True, plain, Guess(question=question)
    return True, [domain], Guess(evidence=f"the server {host}, another for each account")
