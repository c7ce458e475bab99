"""Properties that no returned row has: most likely their `from_key` is misspelt.

All rows count, but only some are read again: those of a property whose column is NULL throughout.
"""

import difflib
import re
from collections.abc import Iterator, Sequence, Set
from typing import Any, cast

import orjson

from pack_sdk.row_values import value_at
from pack_sdk.schemas import Schema
from pack_sync.spool.spool import Spool

_SAMPLE_ROWS = 1_000

_MANY_ROWS = 20
"""From how many rows on a property is missed whose field resembles no other: an API may leave out
fields that are empty."""


def absent_properties(schema: Schema, empty: Sequence[str], spool: Spool) -> list[str]:
    """A sentence for each property of `empty` (their columns have no value) that rows lack."""
    rows = list(_sample(spool)) if empty else []
    there = {field for row in rows for field in row}
    unread = there - {schema.field_of(name) for name in schema.properties}
    sentences: list[str] = []
    for name in empty:
        field = schema.field_of(name)
        last, beside = _looked_for(schema, name, rows)
        if field in there or last in beside:
            continue
        hint = _hint(last, there, beside if schema.path_of(name) else unread)
        if hint or spool.row_count >= _MANY_ROWS:
            sentences.append(
                f"none of the {spool.row_count:,} rows has the field {field!r}, so the property "
                f"{name!r} is NULL in all of them; {hint or 'is the field spelt so?'}"
            )
    return sentences


def _looked_for(schema: Schema, name: str, rows: Sequence[dict[str, Any]]) -> tuple[str, Set[str]]:
    """The field that fills a property, the last of its path, and those that are beside it."""
    *outer, last = schema.path_of(name) or [schema.field_of(name)]
    around = [value_at(row, ".".join(outer)) for row in rows] if outer else rows
    objects = (cast("dict[str, Any]", each) for each in around if isinstance(each, dict))
    return last, {key for each in objects for key in each}


def _hint(field: str, there: Set[str], unread: Set[str]) -> str:
    """What the author may have meant; nothing if there is no telling."""
    outer = re.split(r"[\[/]", field)[0]
    if outer != field and outer in there:
        return (
            f"{outer!r} is a field of the rows, but `from_key` does not look into it so: write a "
            f"path such as '{outer}.name', or take the value out in `execute`"
        )
    plain = {_plain(each): each for each in unread}
    close = difflib.get_close_matches(_plain(field), plain, n=1, cutoff=0.75)
    return f"the rows have {plain[close[0]]!r}: correct `from_key`" if close else ""


def _plain(field: str) -> str:
    """The name without what is spelt in different ways: `created_at` as `createdAt`."""
    return re.sub(r"\W|_", "", field).casefold()


def _sample(spool: Spool) -> Iterator[dict[str, Any]]:
    """The first rows that are objects, of the first pages."""
    seen = 0
    for page in spool.pages():
        if seen >= _SAMPLE_ROWS:
            return
        with (spool.folder / page.file).open("rb") as file:
            file.seek(page.offset)
            lines = file.read(page.length).splitlines()
        for line in lines[: _SAMPLE_ROWS - seen]:
            seen += 1
            row = orjson.loads(line)
            if isinstance(row, dict):
                yield row
