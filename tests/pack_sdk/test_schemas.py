"""Schemas from keywords and from mappings of the original SDK (contract S1 to S3)."""

from typing import Any

import pytest

from pack_sdk import PackDefinitionError, Schema, ValueHint, ValueType
from pack_sdk.dictionaries import PropertyDefinition
from pack_sdk.schemas import make_object_schema, make_schema

TEXT: PropertyDefinition = {"type": "string"}


def test_camel_case_and_snake_case_make_the_same_schema() -> None:
    """Schemas of TypeScript packs and of Python packs take one way (contract S1)."""
    camel = make_object_schema(
        {
            "idProperty": "key",
            "displayProperty": "title",
            "includeUnknownProperties": True,
            "properties": {
                "key": {"type": "string", "fromKey": "gid", "required": True},
                "title": {"type": "string", "codaType": "markdown"},
                "price": {"type": "number", "precision": 0},
                "tags": {"type": "array", "items": TEXT},
            },
        }
    )
    snake = make_object_schema(
        id_property="key",
        display_property="title",
        include_unknown_properties=True,
        properties={
            "key": make_schema(type="string", from_key="gid", required=True),
            "title": make_schema(type=ValueType.STRING, hint=ValueHint.MARKDOWN),
            "price": make_schema(type="number", precision=0),
            "tags": make_schema(type="array", items=make_schema(type="string")),
        },
    )
    assert camel == snake
    assert camel.properties["key"].required
    assert camel.include_unknown_properties


def test_old_names_still_work() -> None:
    """`id` and `primary` are the old names of idProperty and displayProperty (contract S1)."""
    schema = make_object_schema({"id": "k", "primary": "n", "properties": {"k": TEXT, "n": TEXT}})
    assert (schema.id_property, schema.display_property) == ("k", "n")


@pytest.mark.parametrize("spelling", ["codaType", "coda_type", "hint"])
def test_the_hint_has_three_names(spelling: str) -> None:
    """`codaType` is what the original SDK calls the hint (contract, types)."""
    assert make_schema({"type": "string", spelling: "datetime"}).hint is ValueHint.DATE_TIME


def test_matters_of_display_are_accepted_and_dropped() -> None:
    """Keys of the original SDK that only concern display are no error (contract S1)."""
    schema = make_schema({"type": "number", "codaType": "currency", "currencyCode": "EUR"})
    assert schema == Schema(type=ValueType.NUMBER, hint=ValueHint.CURRENCY)


def test_keywords_add_to_a_definition() -> None:
    """Nothing that was given is dropped silently: keywords complete a mapping or a schema."""
    assert make_schema({"type": "string"}, required=True).required
    assert make_schema(make_schema(type="string"), required=True).required
    assert make_object_schema({"properties": {"a": TEXT}}, id_property="a").id_property == "a"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"type": "string", "fromkey": "x"}, "schema has the unknown key 'fromkey'"),
        ({"type": "text"}, "schema.type is 'text'; choose one of boolean, number, string"),
        ({}, "schema.type is None; choose one of"),
        ({"type": {}}, "schema.type is {}; choose one of"),
        ({"type": "string", "codaType": "colour"}, "schema.hint is 'colour'; choose one of date"),
        ({"type": "boolean", "codaType": "date"}, "does not fit the type 'boolean'"),
        ({"type": "array"}, "schema is an array without `items`"),
        ({"type": "array", "items": {"type": "x"}}, "schema.items.type is 'x'"),
        ({"type": "array", "items": "string"}, "schema.items is 'string'; write make_schema"),
        (
            {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": 5}}}},
            "schema.properties.a.properties.b is 5",
        ),
        (
            {"type": "object", "properties": {"a": TEXT}, "idProperty": "A"},
            "schema.id_property is 'A', which is not a property; there are a",
        ),
        (
            {"type": "object", "properties": {"a": TEXT}, "displayProperty": "b"},
            "schema.display_property is 'b'",
        ),
        ({"type": "object", "properties": {"": TEXT}}, "a property whose name is empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(definition: dict[str, Any], message: str) -> None:
    """A schema that cannot be is an error that names the place and the choices (contract S1)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_schema(definition)
    assert message in str(caught.value)


def test_an_unknown_key_is_told_what_is_possible() -> None:
    """The message names the nearest key, and all that there are."""
    with pytest.raises(PackDefinitionError, match=r"mean 'from_key'\? It may have .*required"):
        make_schema({"type": "string", "form_key": "x"})


def colliding(first: str, second: str) -> dict[str, Any]:
    return {"type": "object", "properties": {first: TEXT, second: TEXT}}


@pytest.mark.parametrize(("first", "second"), [("name", "Name"), ("ÄHRE", "ähre")])
def test_properties_that_would_share_a_column(first: str, second: str) -> None:
    """Names that differ by case only are an error that names both (contract S3)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_schema(colliding(first, second))
    assert f"{first!r} and {second!r} would share one column" in str(caught.value)
    assert "from_key" in str(caught.value)


@pytest.mark.parametrize(
    ("definition", "path"),
    [
        ({"type": "object", "properties": {"o": colliding("a", "A")}}, "schema.properties.o:"),
        ({"type": "array", "items": colliding("a", "A")}, "schema.items:"),
    ],
)
def test_nested_properties_collide_too(definition: dict[str, Any], path: str) -> None:
    """The fields of a STRUCT are compared without case as well (contract S3)."""
    with pytest.raises(PackDefinitionError) as caught:
        make_schema(definition)
    assert path in str(caught.value)


def test_the_same_name_on_two_levels_does_not_collide() -> None:
    """A nested property shares no column with one of the row (contract S3)."""
    schema = make_schema(
        {"type": "object", "properties": {"a": colliding("b", "c"), "b": TEXT, "c": TEXT}}
    )
    assert list(schema.properties) == ["a", "b", "c"]


def test_a_property_s_field_is_its_from_key_or_its_name() -> None:
    """`fromKey` names the field of the returned row; several may share one (contract S2)."""
    schema = make_object_schema(
        properties={"a": {**TEXT, "fromKey": "x"}, "b": {**TEXT, "fromKey": "x"}, "c": TEXT}
    )
    assert [schema.field_of(name) for name in "abc"] == ["x", "x", "c"]
