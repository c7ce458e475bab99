"""What a cursor depends on, and what it does not (contract D5)."""

from datetime import date
from typing import Any

import pytest

from pack_sdk import Schema, make_object_schema
from pack_sync.engine.fingerprint import fingerprint_of

PROPERTIES: dict[str, Any] = {
    "id": {"type": "string"},
    "name": {"type": "string"},
    "owner": {"type": "object", "properties": {"mail": {"type": "string"}}},
    "tags": {"type": "array", "items": {"type": "string"}},
}


def schema(changed: dict[str, Any] | None = None, **fields: Any) -> Schema:
    """A schema; `changed` replaces properties."""
    usual = {"id_property": "id", "display_property": "name"}
    return make_object_schema({**usual, **fields, "properties": {**PROPERTIES, **(changed or {})}})


def fingerprint(
    of: Schema | None = None,
    parameters: dict[str, Any] | None = None,
    connection: str = "acme",
    endpoint: str | None = "https://acme.example.com",
) -> dict[str, str]:
    """The fingerprint, with one thing changed perhaps."""
    return fingerprint_of(of or schema(), parameters or {"project": "A"}, connection, endpoint)


def changed_parts(**changes: Any) -> set[str]:
    """The parts of the fingerprint that these changes alter."""
    before, after = fingerprint(), fingerprint(**changes)
    assert before.keys() == after.keys() == {"schema", "parameters", "connection"}
    return {part for part in before if before[part] != after[part]}


def test_the_same_things_have_the_same_fingerprint() -> None:
    """Made anew from equal values it is equal, or every sync would be a full one."""
    assert changed_parts() == set()


@pytest.mark.parametrize(
    "changed",
    [
        {"extra": {"type": "string"}},
        {"name": {"type": "number"}},
        {"name": {"type": "string", "hint": "date"}},
        {"name": {"type": "string", "fromKey": "title"}},
        {"name": {"type": "string", "required": True}},
        {"owner": {"type": "object", "properties": {"mail": {"type": "number"}}}},
        {"tags": {"type": "array", "items": {"type": "number"}}},
    ],
)
def test_what_is_stored_is_part_of_it(changed: dict[str, Any]) -> None:
    """A property added, retyped, filled from another field, at any depth (contract D5)."""
    assert changed_parts(of=schema(changed)) == {"schema"}


def test_a_property_removed_or_renamed_is_part_of_it() -> None:
    """Without a property, or under another name, the schema is another one (contract D5)."""
    fewer = {name: PROPERTIES[name] for name in ("id", "name", "owner")}
    renamed = {**fewer, "labels": PROPERTIES["tags"]}
    for properties in (fewer, renamed):
        other = make_object_schema(properties=properties, id_property="id", display_property="name")
        assert changed_parts(of=other) == {"schema"}


def test_precision_the_id_and_unknown_properties_are_part_of_it() -> None:
    """They decide types, keys and columns (contract D5)."""
    number = schema({"name": {"type": "number"}})
    whole = schema({"name": {"type": "number", "precision": 0}})
    assert fingerprint(number)["schema"] != fingerprint(whole)["schema"]
    assert changed_parts(of=schema(id_property="name")) == {"schema"}
    assert changed_parts(of=schema(include_unknown_properties=True)) == {"schema"}


@pytest.mark.parametrize(
    "cosmetic",
    [
        schema({"name": {"type": "string", "description": "What it is called."}}),
        schema(description="A thing.", display_property="id"),
        schema(featured_properties=["name"]),
    ],
)
def test_what_is_only_shown_is_no_part_of_it(cosmetic: Schema) -> None:
    """A better description does not cost a full sync."""
    assert changed_parts(of=cosmetic) == set()


def test_the_order_of_properties_is_no_part_of_it() -> None:
    """The same properties in another order store the same."""
    turned = dict(reversed(PROPERTIES.items()))
    other = make_object_schema(properties=turned, id_property="id", display_property="name")
    assert changed_parts(of=other) == set()


@pytest.mark.parametrize(
    "parameters", [{"project": "B"}, {"project": None}, {"project": "A", "since": "2025-01-01"}]
)
def test_parameters_are_part_of_it(parameters: dict[str, Any]) -> None:
    """Another value selects other rows (contract D5)."""
    assert changed_parts(parameters=parameters) == {"parameters"}


def test_parameters_are_told_apart_by_type() -> None:
    """1, "1" and true are different values (contract D5)."""
    seen = {fingerprint(parameters={"x": value})["parameters"] for value in (1, "1", True)}
    assert len(seen) == 3


def test_parameters_need_not_be_json() -> None:
    """A date of a configuration file has a fingerprint as well."""
    one = fingerprint(parameters={"since": date(2025, 1, 1)})
    other = fingerprint(parameters={"since": date(2025, 1, 2)})
    assert one["parameters"] != other["parameters"]


@pytest.mark.parametrize(
    "changes", [{"connection": "other"}, {"endpoint": "https://eu.example.com"}, {"endpoint": None}]
)
def test_the_account_is_part_of_it(changes: dict[str, Any]) -> None:
    """Another connection or endpoint is another account's data (contract D5)."""
    assert changed_parts(**changes) == {"connection"}
