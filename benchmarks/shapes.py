"""The shapes of data that are synced: their schemas, their rows, and how many fit on a page.

A row is made from its number, as text, and from dice, so that the same dice make the same row.
The schemas are those of a pack; the column types of everybody else follow from them.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pack_sdk import make_object_schema
from pack_sdk.schemas import Schema
from pack_sync.stage.column_types import columns_of

Dice = random.Random

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
_STATUSES = ["open", "in progress", "blocked", "done"]
_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "number", "precision": 0}
_FLOAT: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_MOMENT: dict[str, Any] = {"type": "string", "hint": "datetime"}
_ID: dict[str, Any] = {**_WHOLE, "required": True}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A table: its properties as a pack declares them, its rows, and the rows of a page."""

    properties: Mapping[str, Any]
    row: Callable[[str, Dice], dict[str, Any]]
    page: int = 1_000

    @property
    def schema(self) -> Schema:
        """The pack's schema."""
        return make_object_schema(
            id_property="id", display_property="name", properties=dict(self.properties)
        )

    @property
    def types(self) -> dict[str, str]:
        """The columns and their types, in DuckDB's words."""
        return {column.name: column.sql_type for column in columns_of(self.schema)}


def _moment(dice: Dice) -> str:
    return (_EPOCH + timedelta(milliseconds=dice.randrange(150_000_000_000))).isoformat()


def _words(dice: Dice, count: int) -> str:
    return " ".join(dice.choices(_WORDS, k=count))


_PLAIN = {
    "id": _ID,
    "count": _WHOLE,
    "score": _FLOAT,
    "ratio": _FLOAT,
    "active": _FLAG,
    "name": _TEXT,
    "email": _TEXT,
    "status": _TEXT,
    "created_at": _MOMENT,
    "modified_at": _MOMENT,
    "owner": _object(name=_TEXT, email=_TEXT),
    "labels": _list(_TEXT),
}


def _plain(number: str, dice: Dice) -> dict[str, Any]:
    name = _words(dice, 2)
    return {
        "count": dice.randrange(1_000_000),
        "score": round(dice.random() * 100, 3),
        "ratio": dice.random(),
        "active": dice.random() < 0.5,
        "name": f"{name} {number}",
        "email": f"{dice.choice(_WORDS)}.{number}@example.com",
        "status": dice.choice(_STATUSES),
        "created_at": _moment(dice),
        "modified_at": _moment(dice),
        "owner": {"name": name.title(), "email": f"{dice.choice(_WORDS)}@example.com"},
        "labels": dice.sample(_WORDS, dice.randrange(4)),
    }


_WIDE_KINDS: list[tuple[str, dict[str, Any], Callable[[Dice], Any]]] = [
    ("whole", _WHOLE, lambda dice: dice.randrange(1_000_000_000)),
    ("float", _FLOAT, lambda dice: dice.random()),
    ("text", _TEXT, lambda dice: _words(dice, 2)),
    ("flag", _FLAG, lambda dice: dice.random() < 0.5),
    ("moment", _MOMENT, _moment),
]
_WIDE = {"id": _ID, "name": _TEXT} | {
    f"{kind}_{index}": schema for index in range(20) for kind, schema, _ in _WIDE_KINDS
}


def _wide(number: str, dice: Dice) -> dict[str, Any]:
    made = {f"{kind}_{i}": make(dice) for i in range(20) for kind, _, make in _WIDE_KINDS}
    return {"name": f"{_words(dice, 1)} {number}"} | made


_LONG_TEXTS = {"id": _ID, "name": _TEXT, "modified_at": _MOMENT, "body": _TEXT, "notes": _TEXT}


def _long_texts(number: str, dice: Dice) -> dict[str, Any]:
    paragraphs = [f'{_words(dice, 60)}, "so-called": ça va?' for _ in range(10)]
    return {
        "name": f"{_words(dice, 2)} {number}",
        "modified_at": _moment(dice),
        "body": "\n\n".join(paragraphs),
        "notes": "\n".join(paragraphs[:4]),
    }


_PERSON = _object(name=_TEXT, address=_object(city=_TEXT, place=_object(lat=_FLOAT, lon=_FLOAT)))
_NESTED = {
    "id": _ID,
    "name": _TEXT,
    "modified_at": _MOMENT,
    "owner": _PERSON,
    "items": _list(
        _object(sku=_TEXT, quantity=_WHOLE, price=_FLOAT, options=_object(tags=_list(_TEXT)))
    ),
    "history": _list(_object(at=_MOMENT, by=_PERSON, fields=_list(_object(field=_TEXT, to=_TEXT)))),
}


def _person(dice: Dice) -> dict[str, Any]:
    place = {"lat": dice.random() * 90, "lon": dice.random() * 180}
    return {"name": _words(dice, 2), "address": {"city": _words(dice, 1), "place": place}}


def _nested(number: str, dice: Dice) -> dict[str, Any]:
    items = [
        {
            "sku": _words(dice, 1),
            "quantity": dice.randrange(100),
            "price": round(dice.random() * 100, 2),
            "options": {"tags": dice.sample(_WORDS, 1 + dice.randrange(3))},
        }
        for _ in range(1 + dice.randrange(4))
    ]
    changed = [{"field": _words(dice, 1), "to": _words(dice, 1)} for _ in range(2)]
    history = [{"at": _moment(dice), "by": _person(dice), "fields": changed} for _ in range(2)]
    return {
        "name": f"{_words(dice, 2)} {number}",
        "modified_at": _moment(dice),
        "owner": _person(dice),
        "items": items,
        "history": history,
    }


SHAPES: Mapping[str, Shape] = {
    "plain": Shape(properties=_PLAIN, row=_plain),
    "wide": Shape(properties=_WIDE, row=_wide),
    "long-texts": Shape(properties=_LONG_TEXTS, row=_long_texts),
    "nested": Shape(properties=_NESTED, row=_nested),
    "tiny-pages": Shape(properties=_PLAIN, row=_plain, page=10),
    "huge-pages": Shape(properties=_PLAIN, row=_plain, page=50_000),
}
"""By name. `plain` is the table of twelve columns that all figures are about unless said."""
