"""The statements that fetch a page and say where the next one begins, for each way of paging."""

from collections.abc import Iterator, Mapping

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
from pack_sync.new_pack.code_text import WIDTH, Code, laid_out, quoted
from pack_sync.new_pack.draft import Json, TableDraft


def body_of(table: TableDraft, url: str) -> Iterator[str]:
    """The lines of the function, not indented; `url` is an expression."""
    endpoint = table.endpoint
    incremental = endpoint.changes is not None
    if incremental:
        yield "changes = TimeCursor(context)"
    place = "changes.next_page" if incremental else "context.sync.continuation"
    query = {**_query(table), **_place_in_query(endpoint, place)}
    yield from _before(endpoint, place)
    yield from _fetch(endpoint, url, query, place)
    rows = _rows(endpoint)
    following, uses_rows = _following(endpoint)
    tells_deletions = incremental and endpoint.deleted_key is not None
    if uses_rows or tells_deletions or len(rows) > 40:
        yield f"rows = {rows}"
        rows = "rows"
    if tells_deletions:
        keys = (endpoint.deleted_key or (), endpoint.id_key or ())
        inner = ", ".join(quoted(".".join(key)) for key in keys)
        yield f"there, deleted = split_deleted(rows, {inner})"
        rows = "there"
    if not incremental:
        yield from _page(rows, following)
        return
    given = {"deleted_ids": "deleted"} if tells_deletions else {}
    yield from _incremental_page(rows, following, given)


def _rows(endpoint: ListEndpoint) -> str:
    rows = _at("response.body", endpoint.rows)
    if endpoint.rows and ".googleapis.com/" in endpoint.url:
        return f"{_get(endpoint.rows)} or []"  # Google leaves out lists that are empty
    return rows


def _query(table: TableDraft) -> dict[str, Json]:
    """What is asked for on every page."""
    endpoint = table.endpoint
    query: dict[str, Json] = dict(endpoint.query)
    if endpoint.method == "POST":
        query = {name: _typed(value) for name, value in endpoint.query.items()}
    for parameter in table.parameters:
        if parameter.place == "query":
            query[parameter.name] = Code(parameter.variable)
    if endpoint.size_parameter and endpoint.page_size:
        query[endpoint.size_parameter] = endpoint.page_size
    if endpoint.changes:
        style = endpoint.changes.format
        how = "" if style == "iso" else f", {quoted(style)}"
        query[endpoint.changes.parameter] = Code(f"format_time(changes.since{how})")
    return query


def _typed(value: str) -> Json:
    """A value as JSON has it: the number or the truth value that a text in a URL stands for."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdecimal() else value


def _place_in_query(endpoint: ListEndpoint, place: str) -> Mapping[str, Json]:
    match endpoint.paging:
        case NextToken(_, parameter) | LastId(parameter):
            return {parameter: Code(place)}
        case PageNumber(parameter):
            return {parameter: Code("number")}
        case Offset(parameter):
            return {parameter: Code("offset")}
        case _:
            return {}


def _before(endpoint: ListEndpoint, place: str) -> Iterator[str]:
    match endpoint.paging:
        case PageNumber(_, first):
            yield f"number = {place} or {first}"
        case Offset(_, _, first):
            yield f"offset = {place} or {first}"
        case _:
            pass


def _fetch(
    endpoint: ListEndpoint, url: str, query: Mapping[str, Json], place: str
) -> Iterator[str]:
    if endpoint.method == "POST":
        yield from _post(url, query)
        return
    follows = isinstance(endpoint.paging, LinkHeader | NextUrl)
    if query:
        yield from (line[4:] for line in laid_out("query: dict[str, Any] = ", query, depth=1))
        whole = f"with_query_params({url}, query)"
        if not _fits(f"url = {place} or {whole}"):
            yield from _assigned_url(url)
            whole = "with_query_params(url, query)"
        url = whole
    elif not _fits(f"response = context.fetcher.fetch(url={url})") and not follows:
        yield from _assigned_url(url)
        url = "url"
    if follows:
        if not _fits(f"url = {place} or {url}"):
            yield from _assigned_url(url)
            url = "url"
        yield f"url = {place} or {url}"
        url = "url"
    fetch = f"response = context.fetcher.fetch(url={url})"
    if not _fits(fetch):
        yield f"url = {url}"
        fetch = "response = context.fetcher.fetch(url=url)"
    yield fetch


def _post(url: str, query: Mapping[str, Json]) -> Iterator[str]:
    """A search: what is asked for is in the body, without what has no value on the first page."""
    yield from (line[4:] for line in laid_out("query: dict[str, Any] = ", query, depth=1))
    yield "asked = {name: value for name, value in query.items() if value is not None}"
    if not _fits(f"    url={url},"):
        yield from _assigned_url(url)
        url = "url"
    yield from (
        "response = context.fetcher.fetch(",
        '    method="POST",',
        f"    url={url},",
        '    headers={"Content-Type": "application/json"},',
        "    body=json.dumps(asked),",
        ")",
    )


def _fits(line: str) -> bool:
    return len(line) + 4 <= WIDTH


def _assigned_url(url: str) -> Iterator[str]:
    """`url = …`, in several statements where it is too long for one line."""
    prefix, quote = ("f", url[-1]) if url.startswith("f") else ("", url[-1])
    inner = url.removeprefix("f")[1:-1]
    target = "url = "
    while inner:
        room = WIDTH - 4 - len(target) - len(prefix) - 2
        cut = len(inner) if len(inner) <= room else max(inner.rfind("/", 1, room), 1)
        part = inner[:cut]
        used = prefix if "{" in part else ""
        yield f"{target}{used}{quote}{part}{quote}"
        target, inner = "url += ", inner[cut:]


def _following(endpoint: ListEndpoint) -> tuple[str, bool]:
    """Where the next page begins, as an expression that is false on the last one.

    And whether it needs the name `rows`.
    """
    match endpoint.paging:
        case LinkHeader():
            return "next_link(response, base=url)", False
        case NextUrl(key):
            return f"next_link(response, {quoted('.'.join(key))}, base=url)", False
        case NextToken(key, _, more):
            return _if(_get(key), [_get(more)] if more else []), False
        case PageNumber(_, first, pages, more):
            last = _at("response.body", pages) if pages else ""
            last = f"{last} - 1" if last and first == 0 else last
            conditions = [f"number < {last}"] if last else [_get(more)] if more else ["rows"]
            return _if("number + 1", conditions), conditions == ["rows"]
        case Offset(_, total, first, more):
            end = "offset + len(rows)"
            reached = f"{end} - {first}" if first else end
            conditions = ["rows"]
            if total:
                conditions.append(f"{reached} < {_at('response.body', total)}")
            elif more:
                conditions.append(_get(more))
            return _if(end, conditions), True
        case LastId(_, more):
            id_key = endpoint.id_key or ("id",)
            last_row = _at("rows[-1]", id_key)
            return _if(last_row, ["rows", *([_get(more)] if more else [])]), True
        case OnePage():
            return "", False


def _if(value: str, conditions: list[str]) -> str:
    return f"{value} if {' and '.join(conditions)} else None" if conditions else value


def _at(start: str, path: Path) -> str:
    return start + "".join(f"[{quoted(key)}]" for key in path)


def _get(path: Path) -> str:
    """A value that may be missing on the last page."""
    if len(path) == 1:
        return f"response.body.get({quoted(path[0])})"
    return f"value_at(response.body, {quoted('.'.join(path))})"


def _page(rows: str, following: str) -> Iterator[str]:
    """The end of a function whose syncs are all full."""
    if not following:
        yield f'return {{"result": {rows}}}'
        return
    line = f'return {{"result": {rows}, "continuation": {following}}}'
    if not _fits(line):
        yield from _assigned("following", following)
        line = f'return {{"result": {rows}, "continuation": following}}'
    yield line


def _incremental_page(rows: str, following: str, given: Mapping[str, str]) -> Iterator[str]:
    """The end of a function with a cursor."""
    arguments = {"next_page": following, **given} if following else given
    inner = "".join(f", {name}={value}" for name, value in arguments.items())
    line = f"return changes.page({rows}, response{inner})"
    if not _fits(line) and following:
        yield from _assigned("following", following)
        line = line.replace(f"next_page={following}", "next_page=following")
    yield line


def _assigned(name: str, expression: str) -> Iterator[str]:
    """An assignment; one that is too long becomes several, each of a part of its condition."""
    line = f"{name} = {expression}"
    if _fits(line) or " if " not in expression:
        yield line
        return
    value, _, condition = expression.removesuffix(" else None").partition(" if ")
    if not _fits(f"has_more = {condition}"):
        condition, _, total = condition.rpartition(" < ")
        yield f"total = {total}"
        condition = f"{condition} < total"
    yield f"has_more = {condition}"
    yield f"{name} = {value} if has_more else None"
