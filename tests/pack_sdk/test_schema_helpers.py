"""Schemas made from schemas, by the original SDK's names (contract, section S)."""

import pytest

from pack_sdk import (
    PackDefinitionError,
    Schema,
    ValueHint,
    get_effective_property_keys_from_schema,
    make_object_schema,
    make_reference_schema_from_object_schema,
    make_schema,
    with_identity,
)

LAW = make_object_schema(
    properties={
        "id": {"type": "string", "fromKey": "lawId"},
        "name": {"type": "string", "required": True},
        "chapter": {"type": "string"},
        "part": {"type": "string", "fromKey": "chapter"},
    },
    id_property="id",
    display_property="name",
)


def test_a_reference_has_the_id_and_the_display_property() -> None:
    """With their sources, so that rows of the API fill it (S2)."""
    reference = make_reference_schema_from_object_schema(LAW, "Law")
    assert list(reference.properties) == ["id", "name"]
    assert reference.properties["id"].from_key == "lawId"
    assert reference.hint is ValueHint.REFERENCE
    assert make_schema(reference, fromKey="law").from_key == "law"


def test_a_reference_to_what_has_no_id_is_an_error() -> None:
    """The message names what it was to refer to."""
    with pytest.raises(PackDefinitionError, match="a reference to Law needs a schema with an id"):
        make_reference_schema_from_object_schema(make_object_schema(properties={}), "Law")


def test_the_fields_of_a_schema() -> None:
    """Each once, of an array those of its items; a scalar has none."""
    fields = ["lawId", "name", "chapter"]
    assert get_effective_property_keys_from_schema(LAW) == fields
    many = make_schema(type="array", items=LAW)
    assert get_effective_property_keys_from_schema(many) == fields
    assert get_effective_property_keys_from_schema(make_schema(type="string")) is None
    assert get_effective_property_keys_from_schema(None) is None


def test_an_identity_changes_nothing() -> None:
    """It is for actions."""
    assert with_identity(LAW, "Law") is LAW


def test_a_schema_with_other_fields_is_another_schema() -> None:
    """In either spelling; mappings among its properties are read, and S1 to S3 are checked."""
    wider = make_schema(LAW, properties={**LAW.properties, "year": {"type": "number"}})
    assert isinstance(wider.properties["year"], Schema)
    assert list(LAW.properties) == ["id", "name", "chapter", "part"]
    assert make_schema(LAW, fromKey="law", required=True).field_of("id") == "lawId"
    assert make_object_schema(LAW, displayProperty="id").display_property == "id"
    date = make_schema(type="string", hint="date")
    assert make_schema(date, codaType="time").hint is ValueHint.TIME
    with pytest.raises(PackDefinitionError, match="id_property is 'nothing'"):
        make_schema(LAW, idProperty="nothing")


def test_what_is_none_is_not_given() -> None:
    """As undefined in JavaScript: a description that the API does not have, and so on."""
    schema = make_schema(
        {"type": "string", "description": None, "fromKey": None, "codaType": None, "required": None}
    )
    assert schema == make_schema(type="string")


@pytest.mark.parametrize("definition", ["string", 5, ["type"]])
def test_what_is_no_schema_is_refused(definition: object) -> None:
    """With and without further fields."""
    for fields in ({}, {"required": True}):
        with pytest.raises(PackDefinitionError, match="write make_schema"):
            make_schema(definition, **fields)  # pyright: ignore[reportArgumentType]
