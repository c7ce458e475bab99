"""What may be said of a sync table: keywords, or a mapping as the original SDK writes it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pack_sdk.dynamic import DynamicFunctions, dynamic_functions
from pack_sdk.errors import PackDefinitionError
from pack_sdk.function_forms import error_arguments, execute_arguments, validation_arguments
from pack_sdk.json_values import merged, with_snake_case_keys
from pack_sdk.parameters import Parameter, make_parameter
from pack_sdk.schemas import make_schema
from pack_sdk.sync_table import UNKNOWN_SCHEMA, SyncTable

_FORMULA_KEYS = {"name", "description", "parameters", "execute", "validate_parameters", "on_error"}
_KEYS = {*_FORMULA_KEYS, "identity_name", "schema", "formula", "get_schema", "dynamic_options"}
_BY_URL = {"list_dynamic_urls", "search_dynamic_urls", "get_name", "get_display_url"}
_BY_URL_KEYS = {*_FORMULA_KEYS, *_BY_URL, "identity_name", "formula", "get_schema"}

# What the original SDK has there for its product, for actions and for edits.
_IGNORED_KEYS = {
    "allowed_authentication_names", "cache_ttl_secs", "connection_requirement",
    "default_add_dynamic_columns", "display_name", "entity_name", "examples",
    "execute_get_permissions", "execute_update", "extra_o_auth_scopes", "instructions",
    "is_action", "is_experimental", "is_system", "max_permission_batch_size",
    "max_update_batch_size", "network", "placeholder_schema", "property_options", "role",
    "update_options",
}  # fmt: skip


def read_definition(
    definition: Mapping[str, Any] | None, fields: Mapping[str, Any], *, by_url: bool
) -> dict[str, Any]:
    """The definition's keys in snake_case, those of its `formula` among them.

    `by_url` is for a table that stands for many (contract C23). What does not matter to a sync
    is left out. Raises `PackDefinitionError` for a key that is unknown, with the nearest, or
    given twice.
    """
    keys = _BY_URL_KEYS if by_url else _KEYS
    try:
        given = merged(definition, fields, "a sync table")
        what = f"sync table {given.get('name')!r}"
        values = with_snake_case_keys(given, keys, what, _IGNORED_KEYS)
        formula = values.pop("formula", None)
        if formula is not None:
            _add_formula(values, formula, f"the formula of the {what}")
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    name = values.get("name")
    if not isinstance(name, str):
        raise PackDefinitionError(f"{what}: `name` is its name, a text without spaces")
    if not isinstance(values.get("identity_name") or "", str):
        raise PackDefinitionError(
            f"{what}: `identity_name` is {values['identity_name']!r}; it must be a text"
        )
    return {key: value for key, value in values.items() if value is not None}


def _add_formula(values: dict[str, Any], formula: object, what: str) -> None:
    """Add what the original SDK has in a mapping of its own. Raises `ValueError`."""
    if not isinstance(formula, Mapping):
        raise ValueError(f"{what} is {formula!r}; write a mapping with `execute`")
    keys = with_snake_case_keys(
        cast("Mapping[str, Any]", formula), _FORMULA_KEYS, what, _IGNORED_KEYS
    )
    keys.pop("name", None)  # another name for the same table
    values.setdefault("description", keys.pop("description", ""))
    if twice := keys.keys() & values.keys():
        raise ValueError(f"{what} has {', '.join(sorted(twice))}, which the table has as well")
    values.update(keys)


def make_table(values: Mapping[str, Any], *, by_url: bool) -> SyncTable:
    """The table of a definition that was read, `execute` included.

    Raises `PackDefinitionError` that says what is wrong, without the table's name.
    """
    name = values["name"]
    functions = {key: values.get(key) for key in ("validate_parameters", "on_error")}
    dynamic = _dynamic_functions(values, by_url=by_url)
    schema = values.get("schema")
    if schema is None and dynamic is None:
        raise PackDefinitionError("it has neither a schema nor a get_schema")
    execute_arguments(values["execute"], None, None)
    if (validate := functions["validate_parameters"]) is not None:
        validation_arguments(validate, None, {})
    if (on_error := functions["on_error"]) is not None:
        error_arguments(on_error, None, None)
    return SyncTable(
        name=name,
        identity_name=values.get("identity_name", name if by_url else ""),
        schema=UNKNOWN_SCHEMA if schema is None else make_schema(schema),
        execute=values["execute"],
        parameters=_parameters(values.get("parameters", ())),
        description=values.get("description", ""),
        dynamic=dynamic,
        **functions,
    )


def _parameters(definitions: object) -> list[Parameter]:
    if not isinstance(definitions, list | tuple):
        raise PackDefinitionError(f"`parameters` is {definitions!r}; write a list of parameters")
    return [
        given if isinstance(given, Parameter) else make_parameter(given)
        for given in cast("Sequence[Any]", definitions)
    ]


def _dynamic_functions(values: Mapping[str, Any], *, by_url: bool) -> DynamicFunctions | None:
    if not by_url:
        return dynamic_functions(values.get("dynamic_options"), values.get("get_schema"))
    for key in ("get_name", "get_schema"):
        if key not in values:
            raise PackDefinitionError(f"a dynamic table needs `{key}`")
    functions = {key: values[key] for key in _BY_URL if key in values}
    return DynamicFunctions(get_schema=values["get_schema"], by_url=True, **functions)
