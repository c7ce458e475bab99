"""The table and its parameters' values that a test gives, as the engine has them (C1, C19, P)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from pack_sdk.pack import Pack
from pack_sdk.parameter_values import find_misfit, resolve_value
from pack_sdk.parameters import Parameter
from pack_sdk.sync_table import SyncTable
from pack_sdk.wording import choose_from

Args: TypeAlias = Mapping[str, Any] | Sequence[Any]
"""Values by name, or by position in declared order; what is left out has its default."""


def table_of(pack: Pack, name: str) -> SyncTable:
    """The table of that name; raises `ValueError`, with the choices, if the pack has none."""
    if name not in pack.sync_tables:
        raise ValueError(f"the pack has no table {name!r}; {choose_from(pack.sync_tables)}")
    return pack.sync_tables[name]


def values_of(parameters: Iterable[Parameter], args: Args | None, now: datetime) -> dict[str, Any]:
    """A value for every parameter, by name: what is given, suggested, or None (contract P).

    Dates are resolved as in a sync that begins at `now`. Raises `ValueError` for a value that
    could not be configured: unknown, hidden (C19), of another type, or required and missing.
    """
    declared = {parameter.name: parameter for parameter in parameters}
    given = _by_name(declared, () if args is None else args)
    for name, value in given.items():
        if name not in declared:
            raise ValueError(f"there is no parameter {name!r}; {choose_from(declared)}")
        if declared[name].hidden and value is not None:
            raise ValueError(
                f"the parameter {name!r} is hidden, so a sync always passes None for it; "
                "call `execute` with make_context to try it"
            )
    return {p.name: _value_of(p, given, now) for p in declared.values()}


def _by_name(declared: Mapping[str, Parameter], args: Args) -> Mapping[str, Any]:
    if isinstance(args, Mapping):
        return args
    if len(args) > len(declared):
        raise ValueError(f"{len(args)} values for {len(declared)} parameters")
    return dict(zip(declared, args, strict=False))


def _value_of(parameter: Parameter, given: Mapping[str, Any], now: datetime) -> Any:
    if parameter.hidden:
        return None
    value = given.get(parameter.name)
    if value is None:
        if not parameter.has_default and not parameter.optional:
            raise ValueError(
                f"the parameter {parameter.name!r} ({parameter.type.value}) is required"
            )
        value = parameter.default if parameter.has_default else None
    elif problem := find_misfit(parameter.type, value, f"parameter {parameter.name!r}"):
        raise ValueError(problem)
    return resolve_value(parameter.type, value, now)
