"""Where a value is in the JSON of a row, as SQL: its JSON, its text, its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pack_sync.warehouse.identifiers import quote_literal


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a value is: `pointer` (RFC 6901) inside the JSON expression `container`.

    `texts` are the texts that were extracted already, by their pointers.
    """

    container: str
    pointer: str = ""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def json(self) -> str:
        """SQL for the value as JSON, NULL if there is none."""
        return (
            f"({self.container} -> {quote_literal(self.pointer)})"
            if self.pointer
            else self.container
        )

    @property
    def text(self) -> str:
        """SQL for the value as text: of a string what it says, of all else its JSON."""
        known = self.texts.get(self.pointer)
        return known or f"({self.container} ->> {quote_literal(self.pointer)})"

    @property
    def kind(self) -> str:
        """SQL for the JSON type of the value, NULL if there is none."""
        return f"json_type({self.container}, {quote_literal(self.pointer)})"

    def child(self, key: str) -> "Place":
        """The place of a field of the object that is here."""
        return replace(self, pointer=self.pointer + pointer_to(key))

    def is_kind(self, kind: str) -> str:
        """SQL that is true for an ARRAY or OBJECT here, whichever is asked for."""
        if self.pointer:
            return f"{self.kind} = '{kind}'"
        # A container is JSON as DuckDB writes it, and needs no parsing to tell.
        return f"starts_with({self.container}, '{'[' if kind == 'ARRAY' else '{'}')"

    @property
    def is_scalar(self) -> str:
        """SQL that is true for a string, number or boolean."""
        return f"{self.kind} NOT IN ('ARRAY', 'OBJECT', 'NULL')"

    @property
    def is_one_object(self) -> str:
        """SQL that is true for an array of one object."""
        length = f"json_array_length({self.container}, {quote_literal(self.pointer)})"
        return f"({length} = 1 AND {self.child('0').kind} = 'OBJECT')"


def pointer_to(key: str) -> str:
    """A JSON pointer to a field: unlike `$.key` it needs no quoting rules."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
