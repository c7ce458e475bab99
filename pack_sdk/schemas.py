"""Schemas: what a sync table's rows look like (contract, section S).

A `Schema` describes one value. Scalars have a `type` and perhaps a `hint`; arrays have
`items`; objects have `properties`. The same class serves the row, its properties and
anything nested, so that schemas of TypeScript packs, which arrive as JSON, take one way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn, TypeVar, cast

from typing_extensions import Unpack

from pack_sdk.dictionaries import SchemaKeywords
from pack_sdk.errors import PackDefinitionError
from pack_sdk.json_values import is_storable_name, snake_case, unknown_key
from pack_sdk.row_ids import ROW_ID


class ValueType(StrEnum):
    """The JSON type of a value."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    STRING = "string"
    ARRAY = "array"
    OBJECT = "object"
    JSON = "json"
    """Anything: what it is differs from row to row, or does not matter. Not in the original SDK."""


class ValueHint(StrEnum):
    """What a value means beyond its JSON type (`codaType` in the original SDK)."""

    DATE = "date"
    TIME = "time"
    DATE_TIME = "datetime"
    DURATION = "duration"
    EMAIL = "email"
    PERSON = "person"
    PERCENT = "percent"
    CURRENCY = "currency"
    IMAGE_REFERENCE = "image"
    IMAGE_ATTACHMENT = "imageAttachment"
    URL = "url"
    MARKDOWN = "markdown"
    HTML = "html"
    EMBED = "embed"
    REFERENCE = "reference"
    ATTACHMENT = "attachment"
    SLIDER = "slider"
    SCALE = "scale"
    PROGRESS_BAR = "progressBar"
    TOGGLE = "toggle"
    SELECT_LIST = "selectList"
    RICH_TEXT = "codaInternalRichText"


_E = TypeVar("_E", bound=StrEnum)

_TEMPORAL = {ValueHint.DATE, ValueHint.TIME, ValueHint.DATE_TIME, ValueHint.DURATION}
_HINTS_OF: Mapping[ValueType, set[ValueHint]] = {
    ValueType.BOOLEAN: {ValueHint.TOGGLE},
    ValueType.NUMBER: {
        *_TEMPORAL,
        ValueHint.PERCENT,
        ValueHint.CURRENCY,
        ValueHint.SLIDER,
        ValueHint.SCALE,
        ValueHint.PROGRESS_BAR,
    },
    ValueType.STRING: {
        *_TEMPORAL,
        ValueHint.EMAIL,
        ValueHint.URL,
        ValueHint.MARKDOWN,
        ValueHint.HTML,
        ValueHint.EMBED,
        ValueHint.IMAGE_REFERENCE,
        ValueHint.IMAGE_ATTACHMENT,
        ValueHint.ATTACHMENT,
        ValueHint.SELECT_LIST,
        ValueHint.RICH_TEXT,
    },
    ValueType.ARRAY: set(),
    ValueType.JSON: set(),
    ValueType.OBJECT: {ValueHint.PERSON, ValueHint.REFERENCE, ValueHint.SELECT_LIST},
}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One value: a scalar, an array of `items`, or an object of `properties`.

    `from_key` names the field of the returned row that fills the property (contract S2);
    without it the field has the property's own name. Where the row has no field of that whole
    name, `start.dateTime` is the field `dateTime` of the object `start`. `id_property` and
    `display_property` name properties of an object. `precision` 0 makes a number a whole number.
    Where an author gives several names as `id_property`, they are the `id_properties`, and the id
    is a property of its own that is made of them (see `pack_sdk.row_ids`).
    """

    type: ValueType
    hint: ValueHint | None = None
    description: str = ""
    from_key: str | None = None
    required: bool = False
    precision: int | None = None
    items: "Schema | None" = None
    properties: "Mapping[str, Schema]" = field(default_factory=dict[str, "Schema"])
    id_property: str | None = None
    display_property: str | None = None
    link_property: str | None = None
    include_unknown_properties: bool = False
    id_properties: Sequence[str] = ()

    def field_of(self, property_name: str) -> str:
        """The field of a returned row that fills the property (contract S2)."""
        return self.properties[property_name].from_key or property_name

    def path_of(self, property_name: str) -> Sequence[str]:
        """The fields that lead to the value, if `from_key` is a path; else nothing (S2)."""
        keys = (self.properties[property_name].from_key or "").split(".")
        return keys if len(keys) > 1 and all(keys) else ()

    def keys(self) -> NoReturn:
        """Refuse `{**schema, …}` and `dict(schema)`: a schema is no mapping."""
        raise PackDefinitionError(
            "a schema is no mapping: write make_schema(schema, from_key=…) instead of "
            "{**schema, 'from_key': …}"
        )


# Keys that this project has no use for but that schemas written for the original SDK carry.
_DISPLAY_ONLY = {
    "__pack_id", "allow_new_values", "alt_property", "attributed_properties", "attribution",
    "autocomplete", "body_text_properties", "card_property", "content_created_at_property",
    "content_modified_at_property", "created_at_property", "created_by_property",
    "currency_code", "date_format", "default", "description_property", "display",
    "display_name", "emoji", "featured", "featured_properties", "fixed_id", "force", "format",
    "group_id_property", "height", "height_unit", "hidden", "icon", "identity", "identity_name",
    "image_corner_style", "image_outline", "image_property", "image_shape_style", "index",
    "is_canvas", "is_search_property",
    "keep_original_attribution", "label", "max_unit", "maximum", "member_group_id",
    "member_group_id_property", "minimum", "modified_at_property", "modified_by_property",
    "mutable", "options", "original_attribution", "original_key", "parent",
    "permissions_bearing_property", "placeholder", "popularity_rank_property",
    "preview_properties", "require_for_updates", "search_properties", "show_value",
    "snippet_properties", "snippet_property", "step", "subtitle_properties", "time_format",
    "title_property", "use_thousands_separator", "user_email_property", "user_id_property",
    "version_property", "width", "width_unit",
}  # fmt: skip
_ALIASES = {
    "coda_type": "hint",
    "hint_type": "hint",
    "id": "id_property",
    "primary": "display_property",
    "include_unknown": "include_unknown_properties",
}
_OWN = set(Schema.__dataclass_fields__)


def make_schema(
    definition: "Schema | Mapping[str, Any] | None" = None, /, **fields: Unpack[SchemaKeywords]
) -> Schema:
    """A schema from keywords or from a mapping as the original SDK writes it.

    `type` is required; `hint` may be called `codaType`, `items` and `properties` hold
    schemas or mappings. Names may be camelCase or snake_case. A schema with further fields
    gives another one: `make_schema(USER, from_key="owner")`. Raises `PackDefinitionError`
    naming the path of what is wrong.

    >>> make_schema(type="string", hint="datetime").hint
    <ValueHint.DATE_TIME: 'datetime'>
    """
    return _parse(_merged(definition, fields), "schema")


def make_object_schema(
    definition: "Schema | Mapping[str, Any] | None" = None, /, **fields: Unpack[SchemaKeywords]
) -> Schema:
    """An object schema: `properties`, `id_property`, `display_property` and so on.

    As `make_schema`, with `type` left out. Featured properties and other matters of
    display are accepted and have no effect here.
    """
    return _parse(_merged(definition, {**fields, "type": ValueType.OBJECT}), "schema")


def _merged(definition: Any, fields: Mapping[str, Any]) -> Any:
    """The definition with these fields instead of its own, in whichever spelling."""
    if definition is None or not fields:
        return fields if definition is None else definition
    if isinstance(definition, Schema):
        definition = vars(definition)
    elif not isinstance(definition, Mapping):
        return definition  # which is refused
    given = {_name_of(key) for key in fields}
    kept = cast("Mapping[str, Any]", definition).items()
    return {**{key: value for key, value in kept if _name_of(key) not in given}, **fields}


def _name_of(key: str) -> str:
    """Our name of a schema's key."""
    return _ALIASES.get(snake_case(key), snake_case(key))


def _parse(definition: object, path: str) -> Schema:
    if isinstance(definition, Schema):
        return definition
    if not isinstance(definition, Mapping):
        raise PackDefinitionError(
            f"{path} is {definition!r}; write make_schema(…) or a mapping with a `type`"
        )
    fields: dict[str, Any] = {}
    for key, value in cast("Mapping[str, Any]", definition).items():
        name = _name_of(str(key))
        if name in _OWN and value is not None:
            fields.setdefault(name, value)
        elif name not in _OWN | _DISPLAY_ONLY:
            raise PackDefinitionError(unknown_key(path, key, _OWN - {"id_properties"}))
    fields["type"] = _member(ValueType, fields.get("type"), f"{path}.type")
    if "hint" in fields:
        fields["hint"] = _member(ValueHint, fields["hint"], f"{path}.hint")
    if "items" in fields:
        fields["items"] = _parse(fields["items"], f"{path}.items")
    if "properties" in fields:
        fields["properties"] = _properties(fields["properties"], f"{path}.properties")
    if isinstance(fields.get("id_property"), list | tuple):
        _make_composite(fields, path)
    for name in ("id_property", "display_property", "from_key"):
        if not isinstance(fields.get(name, ""), str):
            raise PackDefinitionError(
                f"{path}.{name} is {fields[name]!r}; it must be one name, as a text"
            )
    schema = Schema(**fields)
    _check(schema, path)
    return schema


def _make_composite(fields: dict[str, Any], path: str) -> None:
    """Have the id made of the several properties that `id_property` names."""
    names, properties = list(fields["id_property"]), fields.get("properties", {})
    for name in names:
        if name not in properties:
            raise PackDefinitionError(
                f"{path}.id_property has {name!r}, which is not a property; there are "
                f"{', '.join(properties) or 'none'}"
            )
        if properties[name].type not in (ValueType.STRING, ValueType.NUMBER):
            raise PackDefinitionError(
                f"{path}.id_property has {name!r}, of the type {properties[name].type.value!r}; "
                "ids are made of strings and numbers"
            )
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise PackDefinitionError(
            f"{path}.id_property is {names!r}; write one name as a text, or a list of several that "
            "differ"
        )
    made = Schema(type=ValueType.STRING, description=f"The id of the row: {', '.join(names)}.")
    fields.update(
        id_property=ROW_ID, id_properties=tuple(names), properties={ROW_ID: made, **properties}
    )


def _properties(definitions: object, path: str) -> dict[str, Schema]:
    if not isinstance(definitions, Mapping):
        raise PackDefinitionError(f"{path} is {definitions!r}; write a mapping of names to schemas")
    properties: dict[str, Schema] = {}
    for name, definition in cast("Mapping[object, object]", definitions).items():
        if not isinstance(name, str):
            raise PackDefinitionError(f"{path} has the name {name!r}; it must be a text")
        properties[name] = _parse(definition, f"{path}.{name}")
    return properties


def _member(kind: type[_E], value: object, path: str) -> _E:
    try:
        return kind(value)  # pyright: ignore[reportArgumentType]
    except ValueError:
        choices = ", ".join(member.value for member in kind)
        raise PackDefinitionError(f"{path} is {value!r}; choose one of {choices}") from None


def _check(schema: Schema, path: str) -> None:
    if schema.hint and schema.hint not in _HINTS_OF[schema.type]:
        fitting = ", ".join(sorted(hint.value for hint in _HINTS_OF[schema.type])) or "none"
        raise PackDefinitionError(
            f"{path}: the hint {schema.hint.value!r} does not fit the type "
            f"{schema.type.value!r}, whose hints are: {fitting}"
        )
    if schema.type is ValueType.ARRAY and schema.items is None:
        raise PackDefinitionError(f"{path} is an array without `items`; say what it holds")
    if schema.type is not ValueType.OBJECT:
        return
    for role in ("id_property", "display_property"):
        name = getattr(schema, role)
        if name is not None and name not in schema.properties:
            raise PackDefinitionError(
                f"{path}.{role} is {name!r}, which is not a property; "
                f"there are {', '.join(schema.properties) or 'none'}"
            )
    for name, prop in schema.properties.items():
        if not is_storable_name(name + (prop.from_key or "")):
            raise PackDefinitionError(
                f"{path}: the property {name!r} has a NUL or half a character in its name"
            )
    seen: dict[str, str] = {}
    for name in schema.properties:
        if not name:
            raise PackDefinitionError(
                f"{path} has a property whose name is empty, which no column can have; rename it"
            )
        if other := seen.get(name.casefold()):
            raise PackDefinitionError(
                f"{path}: the properties {other!r} and {name!r} would share one column, since "
                "column names are compared without case; rename one and keep its "
                "source with `from_key`"
            )
        seen[name.casefold()] = name
