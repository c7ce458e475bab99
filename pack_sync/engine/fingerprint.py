"""What a cursor depends on, in short: when it changes, the cursor is of no use (D5)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import orjson

from pack_sdk.schemas import Schema


def fingerprint_of(
    schema: Schema | None,
    parameters: Mapping[str, Any],
    connection_name: str,
    endpoint: str | None,
    dynamic_url: str | None = None,
) -> dict[str, str]:
    """Short hashes by part: the schema, the parameters, the account and the dynamic URL.

    Credentials are no part of it: a renewed token is the same account. A schema that is not
    known yet (contract C23), and a dynamic URL where there is none, are left out.
    """
    parts = {
        "parameters": _hash(dict(parameters)),
        "connection": _hash([connection_name, endpoint]),
    }
    if schema is not None:
        parts = {"schema": schema_part(schema), **parts}
    # Left out rather than hashed as None: the fingerprints of earlier versions stay equal.
    if dynamic_url is not None:
        parts["dynamic URL"] = _hash(dynamic_url)
    return parts


def schema_part(schema: Schema) -> str:
    """The part of a fingerprint that is the schema's."""
    return _hash(_structure(schema))


def changed_parts(before: Mapping[str, str] | None, now: Mapping[str, str]) -> list[str]:
    """The parts of the fingerprint `now` that were otherwise before, or not known."""
    return [part for part in now if (before or {}).get(part) != now[part]]


def _structure(schema: Schema) -> dict[str, Any]:
    """The parts of a schema that decide what is stored; descriptions are not among them."""
    # What came later is left out where it says nothing, so that earlier cursors still count.
    several = {"id_properties": list(schema.id_properties)} if schema.id_properties else {}
    return several | {
        "type": schema.type,
        "hint": schema.hint,
        "from_key": schema.from_key,
        "required": schema.required,
        "precision": schema.precision,
        "items": _structure(schema.items) if schema.items else None,
        "properties": {name: _structure(prop) for name, prop in schema.properties.items()},
        "id_property": schema.id_property,
        "include_unknown_properties": schema.include_unknown_properties,
    }


def _hash(value: Any) -> str:
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    try:
        text = orjson.dumps(value, option=options, default=str)
    except TypeError:  # a whole number past 64 bits
        text = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.sha256(text).hexdigest()[:16]
