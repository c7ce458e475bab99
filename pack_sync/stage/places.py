"""Where a value is in the JSON of a row, as SQL: its JSON, its text, its kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pack_sdk.schemas import Schema
from pack_sync.warehouse.identifiers import quote_literal


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value is: `pointer` (RFC 6901) inside the JSON expression `container`.

    Where nothing is there, it is at `path`, if there is one (contract S2). `texts` are the texts
    that were extracted already, by their pointers.
    """

    container: str
    pointer: str = ""
    path: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def json(self) -> str:
        """SQL for the value as JSON, NULL if there is none."""
        return self._either(
            lambda at: f"({self.container} -> {quote_literal(at)})" if at else self.container
        )

    @property
    def text(self) -> str:
        """SQL for the value as text: of a string what it says, of all else its JSON."""
        if self.path:
            return f"coalesce({self._text_at(self.pointer)}, {self._text_at(self.path)})"
        return self._text_at(self.pointer)

    @property
    def kind(self) -> str:
        """SQL for the JSON type of the value, NULL if there is none."""
        return self._either(lambda at: f"json_type({self.container}, {quote_literal(at)})")

    def child(self, key: str) -> "Place":
        """The place of a field of the object that is here."""
        if self.path:
            return Place(container=self.json, pointer=pointer_to(key))
        return replace(self, pointer=self.pointer + pointer_to(key))

    def of_property(self, schema: Schema, name: str) -> "Place":
        """The place of a property's value in the object that is here (contract S2)."""
        place = self.child(schema.field_of(name))
        path = "".join(map(pointer_to, schema.path_of(name)))
        before = place.pointer.removesuffix(pointer_to(schema.field_of(name)))
        return replace(place, path=before + path) if path else place

    def is_kind(self, kind: str) -> str:
        """SQL that is true for an ARRAY or OBJECT here, whichever is asked for."""
        if self.pointer:
            return f"{self.kind} = '{kind}'"
        # A container is JSON as DuckDB writes it, and needs no parsing to tell.
        return f"starts_with({self.container}, '{'[' if kind == 'ARRAY' else '{'}')"

    def _text_at(self, pointer: str) -> str:
        return self.texts.get(pointer) or f"({self.container} ->> {quote_literal(pointer)})"

    def _either(self, at: Callable[[str], str]) -> str:
        """SQL for what is at the pointer; if that is nothing, for what is at the path."""
        if not self.path:
            return at(self.pointer)
        there = f"{self._text_at(self.pointer)} IS NOT NULL"
        return f"CASE WHEN {there} THEN {at(self.pointer)} ELSE {at(self.path)} END"

    @property
    def is_scalar(self) -> str:
        """SQL that is true for a string, number or boolean."""
        return f"{self.kind} NOT IN ('ARRAY', 'OBJECT', 'NULL')"

    @property
    def is_one_object(self) -> str:
        """SQL that is true for an array of one object."""
        length = self._either(
            lambda at: f"json_array_length({self.container}, {quote_literal(at)})"
        )
        return f"({length} = 1 AND {self.child('0').kind} = 'OBJECT')"


def pointer_to(key: str) -> str:
    """A JSON pointer to a field: unlike `$.key` it needs no quoting rules."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
