"""Made-up rows of a JSON Schema, for fakes of services that are known by one alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

_WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "harbor", "isle", "juniper")
_DEEPEST = 6


def make_value(schema: Mapping[str, Any], random: Random, now: datetime, depth: int = 0) -> Any:
    """A value that fits the schema: of `enum`, `type`, `format`, `properties` and `items`.

    Other keywords are not looked at. Nothing is null, so that every column has values.
    """
    if options := cast("Sequence[Any]", schema.get("enum") or ()):
        return random.choice([option for option in options if option is not None] or [None])
    for key in ("oneOf", "anyOf"):
        if choices := cast("Sequence[Mapping[str, Any]]", schema.get(key) or ()):
            return make_value(_first_not_null(choices), random, now, depth)
    match _kind_of(schema):
        case "object":
            properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties") or {})
            if depth >= _DEEPEST:
                return {}
            return {n: make_value(s, random, now, depth + 1) for n, s in properties.items()}
        case "array":
            items = cast("Mapping[str, Any]", schema.get("items") or {"type": "string"})
            count = 0 if depth >= _DEEPEST else random.randint(1, 2)
            return [make_value(items, random, now, depth + 1) for _ in range(count)]
        case "integer":
            return random.randint(1, 1_000)
        case "number":
            return random.randint(1, 100_000) / 100
        case "boolean":
            return random.random() < 0.5
        case "null":
            return None
        case _:
            return _text(str(schema.get("format") or ""), random, now)


def _text(kind: str, random: Random, now: datetime) -> str:
    past = now - timedelta(minutes=random.randint(1, 100_000))
    word = f"{random.choice(_WORDS)} {random.randint(1, 9_999)}"
    match kind:
        case "date-time":
            return past.isoformat().replace("+00:00", "Z")
        case "date":
            return past.date().isoformat()
        case "time":
            return past.time().isoformat()
        case "email":
            return f"{word.replace(' ', '.')}@example.com"
        case "uri" | "url":
            return f"https://example.com/{word.replace(' ', '/')}"
        case "uuid":
            return f"{random.getrandbits(128):032x}"
        case _:
            return word


def _first_not_null(choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next((choice for choice in choices if choice.get("type") != "null"), choices[0])


def _kind_of(schema: Mapping[str, Any]) -> str:
    """The type that a schema names first, null apart; without any, what its keywords speak of."""
    kinds: Any = schema.get("type") or []
    named = [str(kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if named:
        return next((kind for kind in named if kind != "null"), "null")
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"
