"""How the pages of a list follow one another, as its specification tells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pack_sdk.testing.list_endpoint import (
    LastId,
    LinkHeader,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
    Path,
)
from pack_sync.new_pack import paging_names as names
from pack_sync.new_pack.draft import Guess
from pack_sync.new_pack.json_nodes import Node
from pack_sync.new_pack.naming import normalized
from pack_sync.new_pack.specification import Operation

_MOST_ROWS = 1_000


@dataclass(frozen=True)
class _Told:
    """What an operation tells: its query parameters by name, and values beside the rows."""

    operation: Operation
    parameters: Mapping[str, Node]
    values: Mapping[Path, Node]

    def parameter(self, candidates: tuple[str, ...]) -> str | None:
        return names.find_parameter(self.parameters, candidates)

    def value(self, candidates: tuple[str, ...]) -> Path | None:
        return names.find_value(self.values, candidates)

    def text_of(self, parameter: str) -> str:
        return str(self.parameters[parameter].get("description") or "")

    def is_number(self, parameter: str) -> bool:
        return self.parameters[parameter].get("type") in ("integer", "number")


def paging_of(
    operation: Operation,
    parameters: Mapping[str, Node],
    values: Mapping[Path, Node],
    *,
    in_object: bool,
) -> tuple[Paging, Guess]:
    """How the pages follow one another, and what speaks for it.

    `in_object` says that the rows are in an object, which may have more values than it is said.
    """
    told = _Told(operation, parameters, values)
    looks = (_link_header, _same_name, _next_url, _token, _last_id, _counted)
    if operation.method == "post":  # links are followed by GET
        looks = (_same_name, _token, _last_id, _counted)
    for look in looks:
        if (paging := look(told)) is not None:
            return paging, _evidence(paging)
    return _half_told(told, in_object=in_object)


def _evidence(paging: Paging) -> Guess:
    question = ""
    if isinstance(paging, PageNumber | Offset) and not (
        paging.more_key or getattr(paging, "pages_key", None) or getattr(paging, "total_key", None)
    ):
        question = "is the page after the last one empty, and no error?"
    if isinstance(paging, NextToken) and normalized(paging.key[-1]) in names.NEXT:
        question = f"is {names.shown(paging.key)} the token alone, and not a whole URL?"
    return Guess(evidence=names.in_words(paging), question=question)


def _half_told(told: _Told, *, in_object: bool) -> tuple[Paging, Guess]:
    """The usual other half where only the parameter of a token is told, or only its value."""
    parameter = told.parameter(names.TOKEN_PARAMETERS)
    if parameter and (told.is_number(parameter) or _is_moment(told.parameters[parameter])):
        parameter = None
    size = told.parameter(names.SIZE_PARAMETERS)
    if parameter and in_object:
        told_key = _only_token(told)
        key = told_key or _usual_key(parameter)
        beside = f", and the answer has {names.shown(key)}" if told_key else ""
        evidence = f"{parameter} takes a token, by the specification{beside}"
        question = f"is the token of the next page in {names.shown(key)} of the answer?"
        return NextToken(key, parameter, told.value(names.HAS_MORE)), Guess(
            evidence=evidence, question=question
        )
    path = told.value(names.NEXT_TOKENS)
    if path and in_object and (size or told.value(names.HAS_MORE)):
        parameter = re.sub(r"^next_?", "", path[-1], flags=re.I)
        parameter = parameter[0].lower() + parameter[1:]
        evidence = f"the answer has {names.shown(path)}"
        question = f"is it sent as {parameter} for the next page?"
        return NextToken(path, parameter, told.value(names.HAS_MORE)), Guess(
            evidence=evidence, question=question
        )
    if parameter or size:
        taken = parameter or size
        question = f"it takes {taken}: is the next page in the Link header, or how is it asked for?"
        return (OnePage() if in_object else LinkHeader()), Guess(question=question)
    return OnePage(), Guess(evidence="no parameter or value of paging")


def _only_token(told: _Told) -> Path | None:
    """The one text beside the rows that is about paging, by where it is or what is said of it."""
    texts = [path for path, node in told.values.items() if node.get("type") == "string"]
    about = names.may_be_tokens(texts)
    said = [path for path in texts if _TOKEN_WORDS.search(_said(told.values[path]))]
    found = [path for path in (said or about) if not _is_url(told.values[path], path)]
    return found[0] if len(found) == 1 else None


_TOKEN_WORDS = re.compile(r"\b(cursor|token|next (page|batch|part)|further (rows|pages))\b", re.I)


def _said(node: Node) -> str:
    return str(node.get("description") or "")


def _usual_key(parameter: str) -> Path:
    """Where the token for a parameter usually is, in the style that this one is written in."""
    if normalized(parameter) == "offset":
        return ("next_page", parameter)
    plain = re.sub(r"^(start|page|next)_?(?=\w{5,})", "", parameter, flags=re.I)
    if normalized(parameter) == "pagetoken":
        plain = parameter
    camel = parameter != parameter.lower() and "_" not in parameter
    return (f"next{plain[0].upper()}{plain[1:]}" if camel else f"next_{plain}",)


def _link_header(told: _Told) -> Paging | None:
    said = told.operation.said
    paging = (*names.TOKEN_PARAMETERS, *names.PAGE_PARAMETERS, *names.SIZE_PARAMETERS)
    said += "".join(told.text_of(name) for name in told.parameters if normalized(name) in paging)
    if "link" in told.operation.headers or re.search(r"\blink header\b", said, re.I):
        return LinkHeader()
    return None


def _same_name(told: _Told) -> Paging | None:
    """A value whose name is a parameter's, such as `next.after`, is a token beyond doubt."""
    for path in sorted(told.values, key=len):
        own, around = normalized(path[-1]), names.names_of_value(path)
        for parameter in told.parameters:
            name = normalized(parameter)
            if name not in names.TOKEN_PARAMETERS or _is_count(told, path, parameter):
                continue
            nexts = {f"next{name}", f"nextpage{name}", f"{name}next", f"nextpage{own}"}
            if nexts & set(around) and not _is_url(told.values[path], path):
                return NextToken(path, parameter, told.value(names.HAS_MORE))
    return None


def _is_count(told: _Told, path: Path, parameter: str) -> bool:
    """Whether a page is counted, with a value that tells the next number."""
    number = told.values[path].get("type") in ("integer", "number")
    return not number and told.is_number(parameter)


def _next_url(told: _Told) -> Paging | None:
    if path := told.value(names.NEXT_URLS):
        return NextUrl(path)
    path = told.value(names.NEXT)
    if path is None:
        return None
    node = told.values[path]
    if node.get("type") in ("integer", "number", "boolean"):
        return None
    if _is_url(node, path):
        return NextUrl(path)
    token = told.parameter(names.TOKEN_PARAMETERS[:30])
    return None if token and not told.is_number(token) else NextUrl(path)


def _is_url(node: Node, path: Path) -> bool:
    if str(node.get("format") or "").lower() in ("uri", "url", "uri-reference", "link"):
        return True
    said = (
        f"{node.get('description') or ''} {node.get('example') or ''} {node.get('default') or ''}"
    )
    own = normalized(path[-1])
    if own.endswith(("url", "uri", "href", "link")) or "links" in (part.lower() for part in path):
        return True
    return bool(re.search(r"\b(url|uri|link|href)\b|https?:|^ */", said, re.I))


def _token(told: _Told) -> Paging | None:
    path = told.value((*names.NEXT_TOKENS[:10], *names.NEXT, *names.NEXT_TOKENS[10:]))
    if path is None:
        return None
    numeric = told.values[path].get("type") in ("integer", "number")
    wanted = normalized(path[-1]).removeprefix("next")
    for name in (wanted, f"page{wanted}", *names.TOKEN_PARAMETERS):
        parameter = names.find_parameter(told.parameters, (name,)) if name else None
        if parameter is None or name in names.SIZE_PARAMETERS:
            continue
        if _is_moment(told.parameters[parameter]):
            continue
        counts = name in (*names.PAGE_PARAMETERS, *names.OFFSET_PARAMETERS)
        if counts and not numeric and told.is_number(parameter):
            continue
        if numeric and not counts and not told.is_number(parameter):
            continue
        return NextToken(path, parameter, told.value(names.HAS_MORE))
    return None


def _last_id(told: _Told) -> Paging | None:
    parameter = told.parameter(names.LAST_ID_PARAMETERS)
    if parameter is None or _is_moment(told.parameters[parameter]):
        return None
    more = told.value(names.HAS_MORE)
    counted = told.parameter(names.PAGE_PARAMETERS) or told.parameter(names.OFFSET_PARAMETERS)
    return None if counted and more is None else LastId(parameter, more)


def _counted(told: _Told) -> Paging | None:
    page = told.parameter(names.PAGE_PARAMETERS)
    offset = _offset_parameter(told)
    more = told.value(names.HAS_MORE)
    if page and not _is_moment(told.parameters[page]) and not told.parameters[page].get("enum"):
        return PageNumber(page, _first(told, page, 1), told.value(names.TOTAL_PAGES), more)
    if offset and not told.is_number(offset) and "token" in told.text_of(offset).lower():
        return None
    if offset:
        default = 1 if normalized(offset) in ("startindex", "startposition", "startrecord") else 0
        return Offset(offset, told.value(names.TOTALS), _first(told, offset, default), more)
    return None


def _offset_parameter(told: _Told) -> str | None:
    """One that counts rows; a name that may mean something else needs a page's size beside it."""
    sized = told.parameter(names.SIZE_PARAMETERS)
    for name in names.OFFSET_PARAMETERS:
        parameter = names.find_parameter(told.parameters, (name,))
        if parameter is None or parameter == sized or _is_moment(told.parameters[parameter]):
            continue
        sure = name in ("offset", "skip", "startat", "startindex", "pageoffset")
        if sure or (sized and told.is_number(parameter)):
            return parameter
    return None


def _is_moment(parameter: Node) -> bool:
    if parameter.get("format") in ("date", "date-time"):
        return True
    said = str(parameter.get("description") or "")
    return bool(re.search(r"\b(date|timestamp|epoch|unix|ISO ?8601|RFC ?3339)\b", said, re.I))


def _first(told: _Told, parameter: str, usual: int) -> int:
    node = told.parameters[parameter]
    for key in ("default", "minimum"):
        value = str(node.get(key, ""))
        if value in ("0", "1"):
            return int(value)
    said = told.text_of(parameter)
    if re.search(
        r"zero[- ](based|indexed)|0[- ](based|indexed)|(start|begin)\w* (at|from|with) (0|zero)\b",
        said,
        re.I,
    ):
        return 0
    if re.search(
        r"one[- ](based|indexed)|1[- ](based|indexed)|(start|begin)\w* (at|from|with) (1|one)\b",
        said,
        re.I,
    ):
        return 1
    return usual


def size_of(parameters: Mapping[str, Node], paging: Paging) -> tuple[str | None, int | None]:
    """The parameter of a page's size, and the most that it may be, where that is said."""
    taken = getattr(paging, "parameter", None)
    others = {name: node for name, node in parameters.items() if name != taken}
    name = names.find_parameter(others, names.SIZE_PARAMETERS)
    if name is None or isinstance(paging, OnePage):
        return None, None
    node = parameters[name]
    most = node.get("maximum")
    if not isinstance(most, int | float) or most < 1:
        said = re.search(
            r"(?:max(?:imum)?|up to|at most|between \d+ and|range[^.]*?-|limit of)\D{0,25}?(\d+)\b",
            str(node.get("description") or ""),
            re.I,
        )
        most = int(said[1]) if said else None
    if not most or most <= 1:
        return name, None
    return name, min(int(most), _MOST_ROWS)
