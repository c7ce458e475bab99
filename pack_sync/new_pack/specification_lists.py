"""The operations of a specification that answer with a list, as tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from pack_sdk.testing.list_endpoint import ListEndpoint, OnePage, Path
from pack_sync.new_pack.change_filters import changes_of
from pack_sync.new_pack.draft import Guess, Json, ParameterDraft, TableDraft
from pack_sync.new_pack.flat_schemas import flat, values_beside_rows, with_example
from pack_sync.new_pack.json_nodes import Node, listed, mapping, properties_of
from pack_sync.new_pack.naming import names_of, normalized, singular, variable, words_of
from pack_sync.new_pack.row_fields import fields_of
from pack_sync.new_pack.row_schema import schema_of
from pack_sync.new_pack.specification import Operation, Specification
from pack_sync.new_pack.specification_paging import paging_of, size_of

_USUAL_ROWS = (
    "data", "items", "results", "value", "values", "records", "entries", "list", "content",
    "elements", "objects", "rows", "resources", "members", "entities", "hits", "collection",
)  # fmt: skip
_LONGEST_TEXT = 70
_SEARCHES = "search|query|list|find|filter"
"""Words by which a POST that reads is known."""
_BESIDE = (
    "errors",
    "warnings",
    "links",
    "included",
    "messages",
    "facets",
    "aggregations",
    "meta",
    "response_metadata",
)


@dataclass(frozen=True, kw_only=True)
class ListOperation:
    """An operation that answers with a list: its answer's schema, and where the rows are."""

    operation: Operation
    answer: Node
    rows: Path
    row: Node


def list_operations(specification: Specification) -> Iterator[ListOperation]:
    """All operations that answer with a list of objects, in the order of the file.

    Those that search by POST count where they take the place of the next page in their body, and
    no GET lists the same.
    """
    listed_by_get: set[str] = set()
    for operation in sorted(specification.operations(), key=lambda each: each.method == "post"):
        if operation.deprecated:
            continue
        if operation.method == "post":
            operation = _search(specification, operation)
            if operation is None or _subject_path(operation) in listed_by_get:
                continue
        found = _as_list(specification, operation)
        if found is not None:
            listed_by_get.add(operation.path.rstrip("/"))
            yield found


def _search(specification: Specification, operation: Operation) -> Operation | None:
    """A POST that only reads, with the values of its body among its parameters; None for others."""
    last = operation.path.rstrip("/").rpartition("/")[2]
    named = f"{operation.operation_id} {last}".replace("_", " ").replace("-", " ")
    if not re.search(rf"(?:^|[\W_]|[a-z](?=[A-Z]))({_SEARCHES})", named, re.I):
        return None
    body = flat(specification, operation.body)
    required = listed(body.get("required"))
    values = tuple(
        {**node, "name": name, "in": "body", "required": name in required}
        for name, node in properties_of(body).items()
    )
    if any(each["required"] and each.get("type") in ("object", "array") for each in values):
        return None  # what they hold only a person knows
    scalars = (each for each in values if each.get("type") not in ("object", "array"))
    found = replace(operation, parameters=(*operation.parameters, *scalars))
    return found if _is_paged(found) else None


def _subject_path(operation: Operation) -> str:
    """The path of what is searched: without its last part, where that only says so."""
    before, _, last = operation.path.rstrip("/").rpartition("/")
    return before if re.fullmatch(_SEARCHES, last, re.I) else f"{before}/{last}"


def _as_list(specification: Specification, operation: Operation) -> ListOperation | None:
    answer: Node = flat(specification, operation.answer)
    if operation.example is not None:
        answer = with_example(answer, schema_of([operation.example]))
    if answer.get("type") == "array":
        row = mapping(answer.get("items"))
        whole = ListOperation(operation=operation, answer=answer, rows=(), row=row)
        return whole if _is_row(row) else None
    found = _best(list(_lists_in(answer)), operation, answer)
    if found is None:
        return None
    path, row = found
    return ListOperation(operation=operation, answer=answer, rows=path, row=row)


def _is_row(schema: Node) -> bool:
    """Whether it can be a row: an object that has something which may be an id."""
    kinds = {each.get("type") for each in properties_of(schema).values()}
    return schema.get("type") == "object" and bool(kinds & {"string", "integer", "number"})


def _lists_in(schema: Node, prefix: Path = ()) -> Iterator[tuple[Path, Node]]:
    for name, each in properties_of(schema).items():
        if each.get("type") == "array" and _is_row(mapping(each.get("items"))):
            yield (*prefix, name), each["items"]
        elif each.get("type") == "object" and len(prefix) < 2:
            yield from _lists_in(each, (*prefix, name))


def _best(
    lists: Sequence[tuple[Path, Node]], operation: Operation, answer: Node
) -> tuple[Path, Node] | None:
    """The list that the operation is about; None where it tells of one thing that has lists."""
    path = _subject_path(operation) if operation.method == "post" else operation.path
    segments = [part for part in path.split("/") if part]
    subject = next((part for part in reversed(segments) if not part.startswith("{")), "")
    about = {normalized(subject), normalized(singular(subject)), normalized(f"{subject}list")}
    usual = [found for found in lists if normalized(found[0][-1]) in (*about, *_USUAL_ROWS)]
    lists = [found for found in lists if normalized(found[0][-1]) not in _BESIDE]
    top = properties_of(answer)
    is_thing = "id" in top or (bool(segments) and segments[-1].startswith("{"))
    if is_thing and not _is_paged(operation):
        return None
    nearest = sorted(usual or lists, key=lambda found: len(found[0]))
    near = [found for found in nearest if len(found[0]) == len(nearest[0][0])] if nearest else []
    named = [found for found in near if normalized(found[0][-1]) in about]
    if usual:
        return (named or near)[0]
    return near[0] if len(near) == 1 and len(top) <= 12 else None


def _is_paged(operation: Operation) -> bool:
    answer_less, _ = paging_of(operation, _query_of(operation), {}, in_object=False)
    return not isinstance(answer_less, OnePage)


def _query_of(operation: Operation) -> Mapping[str, Node]:
    """The parameters by which an operation is asked: of its URL, or of its body if it has one."""
    place = "query" if operation.method == "get" else "body"
    return {str(each["name"]): each for each in operation.parameters if each.get("in") == place}


def tables_of(lists: Iterable[ListOperation]) -> Sequence[TableDraft]:
    """A table for each of these lists, no two with one name."""
    taken: set[str] = set()
    tables: list[TableDraft] = []
    for each in lists:
        words = _free_name(each.operation, taken)
        tables.append(_table(each, *names_of(words)))
    return tables


def _free_name(operation: Operation, taken: set[str]) -> list[str]:
    """The words of a name that no table has yet: of the path's last part, or of more of it."""
    path = _subject_path(operation) if operation.method == "post" else operation.path
    parts = [part for part in path.split("/") if part and not part.startswith("{")]
    parts = [part for part in parts if not re.fullmatch(r"v?\d+(\.\d+)*|api|rest", part)] or parts
    found: list[str] = []
    for part in reversed(parts or ["rows"]):
        words = words_of(re.sub(r"\.json$|\{.*?\}", "", part))
        inner = [*words[:-1], singular(words[-1])] if words and found else words
        found = [*inner, *found]
        if found and _key(found) not in taken:
            break
    base, number = found or ["Rows"], 2
    while _key(found or base) in taken:
        found, number = [*base, str(number)], number + 1
    taken.add(_key(found or base))
    return found or base


def _key(words: Sequence[str]) -> str:
    """Names that would be one in a file, whatever their case, one table or one of its rows."""
    return "".join(word.lower() for word in [*words[:-1], singular(words[-1])])


def _table(found: ListOperation, name: str, identity: str) -> TableDraft:
    operation = found.operation
    query = _query_of(operation)
    beside = dict(values_beside_rows(found.answer, found.rows))
    paging, paging_guess = paging_of(operation, query, beside, in_object=bool(found.rows))
    size_parameter, page_size = size_of(query, paging)
    changes, changes_guess = changes_of(query)
    fields, guesses = fields_of(found.row, identity)
    size_parameter = size_parameter if page_size else None
    used = {getattr(paging, "parameter", ""), size_parameter, changes and changes.parameter}
    fixed, parameters = _required(operation, used)
    endpoint = ListEndpoint(
        url=_url(operation, parameters),
        method="GET" if operation.method == "get" else "POST",
        query=fixed,
        rows=found.rows,
        row_schema=found.row,
        id_key=fields.id_key,
        updated_key=(fields.updated_key,) if fields.updated_key else None,
        deleted_key=(fields.deleted_key,) if fields.deleted_key else None,
        paging=paging,
        size_parameter=size_parameter,
        page_size=page_size,
        changes=changes,
    )
    guesses |= {
        "url": Guess(evidence=str(operation)),
        "paging": paging_guess,
        "changes": changes_guess,
        "display": Guess(evidence=fields.display_key),
    }
    return TableDraft(
        name=name,
        identity=identity,
        endpoint=endpoint,
        description=first_sentence(operation.said),
        parameters=parameters,
        guesses=guesses,
    )


def first_sentence(text: str) -> str:
    """The first sentence, if it is short, without marks of HTML and Markdown."""
    plain = " ".join(re.sub(r"<[^>]*>|[`*_]{1,2}(?=\w)|(?<=\w)[`*]{1,2}", "", text).split())
    sentence = re.split(r"(?<=[.!?]) ", plain, maxsplit=1)[0]
    return sentence if len(sentence) <= _LONGEST_TEXT and sentence.isprintable() else ""


def _required(
    operation: Operation, used: set[str | None]
) -> tuple[dict[str, str], list[ParameterDraft]]:
    """What each request needs: values that the specification fills, and those of the user."""
    fixed: dict[str, str] = {}
    asked: list[ParameterDraft] = []
    nodes = {str(each["name"]): each for each in operation.parameters if each.get("in") == "path"}
    for name in dict.fromkeys(re.findall(r"\{([^{}]+)\}", operation.path)):
        asked.append(_parameter(nodes.get(name, {}), name, "path", asked))
    for name, node in _query_of(operation).items():
        if node.get("required") is True and name not in used:
            value = _filled(node)
            if value is None:
                asked.append(_parameter(node, name, "query", asked))
            else:
                fixed[name] = value
    return fixed, asked


def _url(operation: Operation, parameters: Sequence[ParameterDraft]) -> str:
    """The URL, with the pack's variables in braces."""
    path = operation.path
    for each in parameters:
        if each.place == "path":
            path = path.replace(f"{{{each.name}}}", f"{{{each.variable}}}")
    return operation.server + path.partition("?")[0].partition("#")[0]


def _parameter(
    node: Node, name: str, place: Literal["path", "query"], others: Sequence[ParameterDraft]
) -> ParameterDraft:
    return ParameterDraft(
        name=name,
        variable=variable(name, {each.variable for each in others}),
        place=place,
        numeric=node.get("type") in ("integer", "number"),
        description=first_sentence(str(node.get("description") or "")),
    )


def _filled(node: Node) -> str | None:
    """The value that a required parameter has unless somebody chooses: its default, or its only."""
    enum: Json = node.get("enum")
    default: Json = node.get("default")
    if isinstance(enum, list) and enum and default is None:
        default = cast("list[Json]", enum)[0]
    if isinstance(default, bool):
        return str(default).lower()
    return None if default is None or isinstance(default, list | dict) else str(default)
