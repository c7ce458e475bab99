"""The file `tests/test_pack.py` of a drafted pack: the pages of each table, without a network."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import urlencode, urlsplit

from pack_sdk.testing.list_endpoint import (
    LastId,
    LinkHeader,
    ListEndpoint,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Path,
)
from pack_sync.new_pack.code_text import WIDTH, laid_out, one_line, quoted
from pack_sync.new_pack.draft import Json, PackDraft, TableDraft
from pack_sync.new_pack.naming import snake


def tests_code(draft: PackDraft, *, sdk_beside: bool) -> str:
    """The module's source; `sdk_beside` says that `pack_sdk` is in the project's own folder."""
    functions = [line for table in draft.tables for line in _test(draft, table)]
    names = ["MockFetcher", "StatusCode", "execute_sync_table"]
    used = [name for name in names if any(f"{name}(" in line for line in functions)]
    return "\n".join(
        [
            '"""The pack\'s tables, called as a sync calls them, without a network."""',
            "",
            *(
                ["from typing import Any", ""]
                if any(": Any = " in each for each in functions)
                else []
            ),
            f"from pack_sdk.testing import {', '.join(used)}",
            *([] if sdk_beside else [""]),
            f"from packs.{draft.name}.pack import pack",
            *functions,
            "",
        ]
    )


def _test(draft: PackDraft, table: TableDraft) -> Iterator[str]:
    endpoint = table.endpoint
    answers, asked = _answers(endpoint)
    is_paged = not isinstance(endpoint.paging, OnePage)
    what = "Each page is asked for once, and all rows are returned."
    yield from ("", "", f"def test_{snake(table.name)}() -> None:")
    yield f'    """{what if is_paged else "All rows are returned."}"""'
    for name, answer in answers.items():
        # What is empty tells no type.
        annotation = ": Any" if name == "empty" else ""
        yield from laid_out(f"{name}{annotation} = ", answer, depth=1)
    given = list(answers)
    if isinstance(endpoint.paging, LinkHeader):
        header = f'<{_next_url(endpoint)}>; rel="next"'
        yield from laid_out("link = ", {"Link": header}, depth=1)
        given[0] = "StatusCode(200, first, link)"
    yield f"    fetcher = MockFetcher({', '.join(given)})"
    arguments = ["pack", quoted(table.name)]
    if table.parameters:
        values = {each.variable: 7 if each.numeric else "a" for each in table.parameters}
        yield from laid_out("parameters = ", values, depth=1)
        arguments.append("parameters")
    arguments.append("fetcher=fetcher")
    if draft.needs_endpoint:
        arguments.append(f"endpoint={quoted(origin_of(endpoint.url))}")
    yield from _call("    synced = execute_sync_table", arguments)
    ids = [_id(endpoint, number) for number in range(1, 3 if is_paged else 2)]
    yield f"    assert synced.ids == {one_line(ids)}"
    if asked:
        where = "fetcher.urls[1]"
        where = where if endpoint.method == "GET" else "str(fetcher.requests[1].body)"
        yield f"    assert {quoted(asked)} in {where}"
    yield "    assert fetcher.unused == []"


def _call(head: str, arguments: Sequence[str]) -> Iterator[str]:
    line = f"{head}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        yield line
    else:
        yield from (f"{head}(", *(f"        {each}," for each in arguments), "    )")


def origin_of(url: str) -> str:
    """Scheme and host of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _answers(endpoint: ListEndpoint) -> tuple[dict[str, Json], str]:
    """The answers by name, and what the second URL, or body, must have in it."""
    first, last = _body(endpoint, 1), _body(endpoint, 2)
    paging = endpoint.paging
    match paging:
        case OnePage():
            return {"answer": first}, ""
        case LinkHeader():
            return {"first": first, "last": last}, "next=2"
        case NextUrl(key):
            return {"first": _with(first, key, _next_url(endpoint)), "last": last}, "next=2"
        case NextToken(key, _, more):
            first, value, ends = _with(first, key, "b2"), "b2", True
        case LastId(_, more):
            value, ends = _id(endpoint, 1), more is not None
        case PageNumber(_, start, pages, more):
            value, ends = start + 1, bool(pages or more)
            first, last = _with(first, pages, 2), _with(last, pages, 2)
        case Offset(_, total, start, more):
            value, ends = start + 1, bool(total or more)
            first, last = _with(first, total, 2), _with(last, total, 2)
    answers = {"first": _with(first, more, True), "last": _with(last, more, False)}
    if not ends:
        answers["empty"] = _body(endpoint, None)
    asked = {paging.parameter: value}
    return answers, urlencode(asked) if endpoint.method == "GET" else json.dumps(asked)[1:-1]


def _next_url(endpoint: ListEndpoint) -> str:
    return f"{origin_of(endpoint.url)}/?next=2"


def _id(endpoint: ListEndpoint, number: int) -> Json:
    """The id of a row."""
    schema = endpoint.row_schema
    for key in endpoint.id_key or ():
        schema = cast("Mapping[str, Mapping[str, Json]]", schema.get("properties") or {})[key]
    return number if schema.get("type") in ("integer", "number") else f"id{number}"


def _body(endpoint: ListEndpoint, number: int | None) -> Json:
    """An answer with one row, or none."""
    rows = [] if number is None else [_with({}, endpoint.id_key, _id(endpoint, number))]
    return _with({}, endpoint.rows, rows) if endpoint.rows else rows


def _with(body: Json, path: Path | None, value: Json) -> Json:
    """The body with that value under the path, if there is one."""
    if not path:
        return body
    key, *rest = path
    return {**body, key: _with(body.get(key, {}), tuple(rest), value) if rest else value}
