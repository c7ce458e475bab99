"""Parameters of a sync table (contract, section P)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, overload

from typing_extensions import Unpack

from pack_sdk.choices import Autocomplete, check_autocomplete
from pack_sdk.dictionaries import ParameterFields
from pack_sdk.errors import PackDefinitionError
from pack_sdk.json_values import merged, with_snake_case_keys
from pack_sdk.parameter_types import ParameterType
from pack_sdk.parameter_values import find_misfit, resolve_value


class Unset:
    """The type of `UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()
"""Stands for a value that was not given, where None would be one."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter; `make_parameter` builds it and says what is wrong with it."""

    name: str
    type: ParameterType
    description: str = ""
    optional: bool = False
    suggested_value: Any = UNSET
    ingestion_suggested_value: Any = UNSET
    autocomplete: Autocomplete | None = None
    supports_incremental_sync: bool = True
    crawl_parent_table: str | None = None
    crawl_property_key: str | None = None

    @property
    def hidden(self) -> bool:
        """Whether contract C19 hides the parameter from synced tables."""
        return self.optional and not self.supports_incremental_sync

    @property
    def has_default(self) -> bool:
        """Whether the pack suggests a value."""
        return self.default is not UNSET

    @property
    def default(self) -> Any:
        """What a sync uses when nothing is configured, or `UNSET` (contract, section P)."""
        if self.ingestion_suggested_value is not UNSET:
            return self.ingestion_suggested_value
        return self.suggested_value


_NAME = re.compile(r"[^\W\d_]\w{0,49}")  # letters of any script, as `größe`
_KEYS = {
    "name", "type", "description", "optional", "suggested_value",
    "ingestion_suggested_value", "autocomplete", "supports_incremental_sync", "crawl_strategy",
}  # fmt: skip
_IGNORED_KEYS = {"instructions", "allowed_preset_values", "allow_manual_input"}
_OLD_NAMES = {
    "default_value": "suggested_value",
    "full_sync_suggested_value": "ingestion_suggested_value",
}


@overload
def make_parameter(definition: Mapping[str, Any], /) -> Parameter: ...


@overload
def make_parameter(**fields: Unpack[ParameterFields]) -> Parameter: ...


def make_parameter(definition: Mapping[str, Any] | None = None, /, **fields: Any) -> Parameter:
    """A parameter from keywords or from a mapping as the original SDK writes it.

    `name` and `type` are required. `crawl_strategy` is `{"parentTable": {"tableName": …,
    "propertyKey": …}}` (contract C20). Raises `PackDefinitionError` naming the parameter
    and the remedy: a bad name, an unknown type or key, a suggested value or choices that do
    not fit the type, or `supports_incremental_sync=False` on a required parameter (C19).
    """
    try:
        given = merged(definition, fields, "a parameter")
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    name = given.get("name")
    what = f"parameter {name!r}"
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not name[0].isalpha():
        raise PackDefinitionError(
            f"{what}: a name is a letter, then letters, digits or _, at most 50 in all"
        )
    try:
        values = with_snake_case_keys(given, {*_KEYS, *_OLD_NAMES}, what, _IGNORED_KEYS)
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    # A suggestion of None says something: with it an ingestion leaves the parameter out.
    for key in [key for key, value in values.items() if value is None and "value" not in key]:
        del values[key]
    for old_name in _OLD_NAMES.keys() & values.keys():
        values.setdefault(_OLD_NAMES[old_name], values.pop(old_name))
    try:
        values["type"] = ParameterType(values.get("type"))
    except ValueError:
        choices = ", ".join(member.value for member in ParameterType)
        raise PackDefinitionError(
            f"{what} has the type {values.get('type')!r}; choose one of {choices}"
        ) from None
    values.update(_crawl(values.pop("crawl_strategy", None), what))
    parameter = Parameter(**values)
    for role in ("suggested_value", "ingestion_suggested_value"):
        _check_suggestion(parameter, role, what)
    check_autocomplete(parameter.autocomplete, parameter.type, what)
    if not parameter.optional and not parameter.supports_incremental_sync:
        raise PackDefinitionError(
            f"{what} is required, so it cannot be hidden by supports_incremental_sync=False; "
            "make it optional or drop the flag"
        )
    return parameter


def _check_suggestion(parameter: Parameter, role: str, what: str) -> None:
    value = getattr(parameter, role)
    if value is UNSET or value is None:
        return
    if problem := find_misfit(parameter.type, value, f"{what}: {role}"):
        raise PackDefinitionError(problem)


def _crawl(strategy: object, what: str) -> dict[str, str]:
    if not strategy:
        return {}
    parent = _item(strategy, "parentTable", "parent_table")
    table = _item(parent, "tableName", "table_name")
    key = _item(parent, "propertyKey", "property_key")
    if not isinstance(table, str) or not isinstance(key, str):
        raise PackDefinitionError(
            f'{what}: crawl_strategy is {{"parentTable": {{"tableName": …, "propertyKey": …}}}}'
        )
    return {"crawl_parent_table": table, "crawl_property_key": key}


def _item(mapping: object, *keys: str) -> object:
    if not isinstance(mapping, Mapping):
        return None
    given = cast("Mapping[str, object]", mapping)
    return next((given[key] for key in keys if key in given), None)


def check_order(parameters: Sequence[Parameter]) -> None:
    """Optional parameters follow required ones and names are unique (contract, section P).

    Raises `PackDefinitionError` naming the parameter.
    """
    seen: set[str] = set()
    optional: str | None = None
    for parameter in parameters:
        if parameter.name in seen:
            raise PackDefinitionError(f"parameter {parameter.name!r} is declared twice")
        seen.add(parameter.name)
        if parameter.optional:
            optional = optional or parameter.name
        elif optional:
            raise PackDefinitionError(
                f"the required parameter {parameter.name!r} follows the optional {optional!r}; "
                "put required ones first"
            )


def values_at(
    parameters: Iterable[Parameter], values: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What a sync that began at `now` passes for these values (contract C1, P).

    Dates become datetimes in UTC, and those that move are reckoned from `now`. The cursor
    depends on the values as configured, so a date that moves costs no full sync (D5). Raises
    `ValueError` for a value of a parent's row (C20) that is no date where one is wanted.
    """
    kinds = {parameter.name: parameter.type for parameter in parameters}
    return {name: _resolved(name, kinds[name], value, now) for name, value in values.items()}


def _resolved(name: str, kind: ParameterType, value: Any, now: datetime) -> Any:
    try:
        return resolve_value(kind, value, now)
    except (ValueError, TypeError, OverflowError):  # configured values have been checked
        raise ValueError(find_misfit(kind, value, f"parameter {name}")) from None
