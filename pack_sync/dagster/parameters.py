"""The values of a table's parameters: what is configured, and what a sync makes of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from pack_sdk.parameter_values import find_misfit
from pack_sdk.parameters import Parameter, ParameterType
from pack_sdk.wording import choose_from
from pack_sync.dagster.configuration import choose
from pack_sync.project import ConfigurationError


def resolve_parameters(
    parameters: Iterable[Parameter], configured: Mapping[str, Any], *, where: str
) -> dict[str, Any]:
    """A value for every parameter of a table, in declared order (contract C1, C19, P).

    What is configured, else the value that the pack suggests, else None for an optional
    one. Dates that move, such as "yesterday", stay as they are written: see
    `pack_sdk.parameters.values_at`.
    Raises `ConfigurationError` for an unknown, a hidden (C19) or a missing parameter and for
    a value of another type.
    """
    declared = list(parameters)
    _check_names(declared, configured, where=where)
    return {p.name: _required(p, configured, where=where) for p in declared}


def known_parameters(
    parameters: Iterable[Parameter], configured: Mapping[str, Any], *, where: str
) -> dict[str, Any]:
    """As `resolve_parameters`, but a required parameter that is missing is None.

    For discovery: somebody who looks for a parameter's choices has not chosen one yet.
    """
    declared = list(parameters)
    _check_names(declared, configured, where=where)
    return {p.name: _value_of(p, configured, where=where) for p in declared}


def _check_names(
    parameters: Iterable[Parameter], configured: Mapping[str, Any], *, where: str
) -> None:
    declared = list(parameters)
    hidden = {parameter.name: parameter.hidden for parameter in declared}
    crawled = {p.name: p.crawl_parent_table for p in declared if p.crawl_parent_table}
    offered = [name for name in hidden if not hidden[name] and name not in crawled]
    for name in configured:
        if name in crawled:
            raise ConfigurationError(
                f"{where}.{name}: this parameter cannot be set, because it takes its values from "
                f"the table {crawled[name]!r}; "
                f"{choose_from(offered)}"
            )
        if hidden.get(name):
            raise ConfigurationError(
                f"{where}.{name}: this parameter cannot be set, because it is not compatible "
                "with incremental sync (supports_incremental_sync=False); "
                f"{choose_from(offered)}"
            )
    choose(configured, offered, where=where, what="parameter")


def _required(parameter: Parameter, configured: Mapping[str, Any], *, where: str) -> Any:
    value = _value_of(parameter, configured, where=where)
    if parameter.crawl_parent_table:
        return None  # each child gets its parent's value
    if value is None and not parameter.optional and not parameter.has_default:
        raise ConfigurationError(
            f"{where}: the parameter {parameter.name!r} ({parameter.type.value}) is required"
            + (f": {parameter.description}" if parameter.description else "")
        )
    return value


def _value_of(parameter: Parameter, configured: Mapping[str, Any], *, where: str) -> Any:
    if parameter.hidden:
        return None
    value = configured.get(parameter.name)
    if value is None:
        return parameter.default if parameter.has_default else None
    if problem := find_misfit(parameter.type, value, f"{where}.{parameter.name}"):
        raise ConfigurationError(f"{problem}{_hint(parameter, value)}")
    return value


def _hint(parameter: Parameter, value: object) -> str:
    """How to write a text that Dagster takes for another value, quoted or not."""
    other = (ParameterType.NUMBER, ParameterType.BOOLEAN, ParameterType.DATE)
    if parameter.type in other or not isinstance(value, int | float):
        return ""
    return f""". In a defs.yaml write "'{value}'", with both kinds of quotes"""
