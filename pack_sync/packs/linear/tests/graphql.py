"""As much of GraphQL as clients of Linear write: https://spec.graphql.org/October2021/."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

Values: TypeAlias = Mapping[str, Any]
Resolve: TypeAlias = Callable[[str, Values], Any]
"""Makes the value of a field of the query: given its name and arguments."""

_TOKEN = re.compile(
    r'[\s,]+|#[^\n]*|(\.\.\.|[!$():=@\[\]{}|]|"(?:[^"\\]|\\.)*"|-?\d[\d.]*|[_A-Za-z]\w*)'
)
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_ROWS_UNSAID = 50
"""How many rows a list is counted with that does not say it."""


class GraphQLError(Exception):
    """What is wrong with a query."""


@dataclass
class Selection:
    """A field with what is asked for in it, or, without a name, a fragment."""

    name: str = ""
    alias: str = ""
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    fields: list["Selection"] = field(default_factory=list["Selection"])
    fragment: str = ""


@dataclass(frozen=True)
class Variable:
    """Stands for a value that comes with the query."""

    name: str


class Document:
    """One query, with its fragments and variables."""

    def __init__(self, text: str, variables: Values) -> None:
        """Raises `GraphQLError` for what is no query."""
        self._tokens = [found[1] for found in _TOKEN.finditer(text) if found[1]]
        self._variables = variables
        self._fragments: dict[str, list[Selection]] = {}
        self.fields: list[Selection] = []
        while self._tokens:
            word = "query" if self._tokens[0] == "{" else self._next()
            if word == "fragment":
                name, _, _ = self._next(), self._next("on"), self._next()
                self._fragments[name] = self._selections()
            elif word == "query":
                while self._tokens and self._tokens[0] != "{":  # its name, and types of variables
                    self._next()
                self.fields = self._selections()
            else:
                raise GraphQLError(f"nobody answers a {word}")

    def answer(self, resolve: Resolve) -> Mapping[str, Any]:
        """The data: each field of the query as `resolve` makes it, with what is asked for."""
        return {
            each.alias or each.name: self._shown(each, resolve(each.name, self._given(each)))
            for each in self.fields
        }

    def complexity(self) -> float:
        """What it costs: https://linear.app/developers/rate-limiting."""
        return self._cost(self.fields)

    def _shown(self, asked: Selection, value: Any) -> Any:
        if isinstance(value, list):
            return [self._shown(asked, each) for each in cast("list[Any]", value)]
        if not asked.fields or value is None:
            return value
        return {
            each.alias or each.name: self._shown(each, value.get(each.name))
            for each in self._spread(asked.fields)
        }

    def _cost(self, fields: Sequence[Selection]) -> float:
        total = 0.0
        for each in self._spread(fields):
            inner = self._spread(each.fields)
            rows = next((one for one in inner if one.name == "nodes"), None)
            if rows is not None:
                count = self._given(each).get("first") or _ROWS_UNSAID
                total += count * (1 + self._cost(rows.fields))
            else:
                total += 1 + self._cost(inner) if inner else 0.1
        return total

    def _spread(self, fields: Sequence[Selection]) -> list[Selection]:
        """The fields, with those of fragments in their place."""
        found: list[Selection] = []
        for each in fields:
            inner = self._fragments[each.fragment] if each.fragment else each.fields
            found += [each] if each.name else self._spread(inner)
        return found

    def _given(self, asked: Selection) -> dict[str, Any]:
        values = {name: self._value_of(value) for name, value in asked.arguments.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _value_of(self, value: Any) -> Any:
        return self._variables.get(value.name) if isinstance(value, Variable) else value

    def _next(self, wanted: str = "") -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if not token or (wanted and token != wanted):
            raise GraphQLError(f"Syntax Error: {wanted or 'more'} is expected, not {token!r}")
        return token

    def _selections(self) -> list[Selection]:
        self._next("{")
        found: list[Selection] = []
        while self._tokens[:1] != ["}"]:
            found.append(self._selection())
        self._next("}")
        return found

    def _selection(self) -> Selection:
        name = self._next()
        if name == "...":
            word = self._next()
            if word != "on":
                return Selection(fragment=word)
            self._next()
            return Selection(fields=self._selections())
        made = Selection(name=name)
        if self._tokens[:1] == [":"]:
            self._next()
            made.name, made.alias = self._next(), name
        if self._tokens[:1] == ["("]:
            self._next()
            made.arguments = self._values(")")
        if self._tokens[:1] == ["{"]:
            made.fields = self._selections()
        return made

    def _values(self, end: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while self._tokens[:1] != [end]:
            name, _ = self._next(), self._next(":")
            values[name] = self._value()
        self._next(end)
        return values

    def _value(self) -> Any:
        token = self._next()
        if token == "$":
            return Variable(self._next())
        if token.lstrip("-")[0].isdigit():
            return float(token) if "." in token else int(token)
        return token[1:-1] if token[0] == '"' else _CONSTANTS.get(token, token)
