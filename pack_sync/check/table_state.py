"""What a table holds after syncs, by id, and how two states of it differ."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pack_sdk.deletions import deletes_row
from pack_sdk.row_values import value_of_property
from pack_sdk.schemas import Schema
from pack_sync.check.traces import Trace

Row = Mapping[str, Any]
State = dict[str, Row]
"""Rows by their ids as texts: what each property would be stored from."""


def id_text(value: Any) -> str:
    """An id as a text, by which ids are compared: 7, 7.0 and "7" are one."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def leaves(value: Any) -> Iterator[Any]:
    """What is in JSON beside objects and lists, in its order."""
    if isinstance(value, dict):
        for inner in cast("dict[str, Any]", value).values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from leaves(inner)
    else:
        yield value


def fields_of(row: Any) -> Row:
    """A row's fields; none of what is no object."""
    return cast("Row", row) if isinstance(row, dict) else {}


def stored(row: Any, schema: Schema) -> Row:
    """What of a row fills the properties."""
    return {name: value_of_property(fields_of(row), schema, name) for name in schema.properties}


def row_id(row: Any, schema: Schema) -> str | None:
    """A row's id, None where it has none."""
    value = value_of_property(fields_of(row), schema, str(schema.id_property))
    return None if value is None or value == "" else id_text(value)


def state_after(trace: Trace, schema: Schema, before: State | None = None) -> State:
    """The table after a sync that ended, if it held `before` (contract C9, C10, D1)."""
    state = dict(before or {}) if trace.cursor is not None else {}
    for page in trace.pages:
        for deleted in page.page.deleted_row_ids:
            for key in deleted_by(deleted, state):
                del state[key]
        for row in page.rows:
            if (key := row_id(row, schema)) is not None:
                state[key] = stored(row, schema)
    return state


def deleted_by(told: Any, state: State) -> list[str]:
    """The rows that an id, or properties, of `deletedRowIds` mean."""
    if not isinstance(told, Mapping):
        return [key for key in (id_text(told),) if key in state]
    properties = cast("Mapping[str, Any]", told)
    return [key for key, row in state.items() if deletes_row(properties, row)]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where a table differs from the truth.

    `missing` are ids that it lacks, `stale` those whose row is another one, with the properties
    that differ, and `left` those that it should have no more.
    """

    missing: list[str] = field(default_factory=list[str])
    stale: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    left: list[str] = field(default_factory=list[str])

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.left)


def difference(table: State, truth: State, *, ignore: frozenset[str] = frozenset()) -> Difference:
    """How the table differs; properties in `ignore` do not count."""
    return Difference(
        missing=[key for key in truth if key not in table],
        stale={
            key: changed
            for key, row in truth.items()
            if key in table and (changed := changed_properties(table[key], row, ignore))
        },
        left=[key for key in table if key not in truth],
    )


def changed_properties(one: Row, other: Row, ignore: frozenset[str]) -> list[str]:
    """The names of the properties in which two rows differ."""
    return [name for name in other if name not in ignore and one.get(name) != other[name]]


def some(values: list[str], shown: Callable[[str], str] = repr) -> str:
    """The first few of many, as a message lists them."""
    more = f" and {len(values) - 3:,} more" if len(values) > 3 else ""
    return ", ".join(shown(each) for each in values[:3]) + more
