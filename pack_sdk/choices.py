"""The values that may be chosen for a parameter: its `autocomplete` (contract, section P)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

from pack_sdk.errors import InvalidResultError, PackDefinitionError
from pack_sdk.function_forms import choice_arguments
from pack_sdk.parameter_types import ParameterType
from pack_sdk.parameter_values import find_misfit

Autocomplete: TypeAlias = Sequence[Any] | Callable[..., Any]
"""A list of values or of `{display, value}`, or a function that returns one."""


class Choice(NamedTuple):
    """One value to choose: what is shown, and what the configuration is to say."""

    display: str
    value: Any


def check_autocomplete(autocomplete: Autocomplete | None, kind: ParameterType, what: str) -> None:
    """Refuse an `autocomplete` that cannot work, when the pack loads.

    Its values must fit the parameter's type; a function takes `(context, search, parameters)`,
    or the first or first two of these, and is not called here. Raises `PackDefinitionError`
    that starts with `what`.
    """
    if autocomplete is None:
        return
    if callable(autocomplete):
        try:
            choice_arguments(autocomplete, None, "", {})
        except PackDefinitionError as error:
            raise PackDefinitionError(f"{what}: {error}") from None
        return
    try:
        _to_choices(autocomplete, kind)
    except ValueError as error:
        raise PackDefinitionError(f"{what}: {error}") from None


def autocomplete_choices(
    autocomplete: Autocomplete | None,
    kind: ParameterType,
    search: str,
    call: Callable[[Callable[..., Any]], Any],
) -> list[Choice]:
    """The choices of a parameter of this type that match `search`.

    A list is searched here, as `simple_autocomplete` does it. A function is given to `call`,
    which calls it (see `choice_arguments`) and awaits it if need be; what it
    returns counts as it is, since it was told what is searched for. Nothing returned is no
    choices. Raises `InvalidResultError` for a return value that is no list of choices.
    """
    if autocomplete is None:
        return []
    if not callable(autocomplete):
        return simple_autocomplete(search, autocomplete)
    returned = call(autocomplete)
    try:
        return _to_choices([] if returned is None else returned, kind)
    except ValueError as error:
        raise InvalidResultError(str(error)) from None


def simple_autocomplete(search: str | None, options: Sequence[Any]) -> list[Choice]:
    """Those of the options whose display has the searched text in it, in any case of letters.

    For `autocomplete` functions of an API that cannot search. Options are values, or
    `{display, value}`.

    >>> simple_autocomplete("bl", ["open", "blocked"])
    [Choice(display='blocked', value='blocked')]
    """
    sought = (search or "").casefold()
    choices = [_to_choice(option, "option") for option in options]
    return [choice for choice in choices if sought in choice.display.casefold()]


def autocomplete_search_objects(
    search: str | None, objects: Sequence[Mapping[str, Any]], display_key: str, value_key: str
) -> list[Choice]:
    """The objects of an API's answer as choices: one field is shown and searched, one is used.

    >>> autocomplete_search_objects("al", [{"id": 1, "name": "Alpha"}], "name", "id")
    [Choice(display='Alpha', value=1)]
    """
    options = [{"display": each.get(display_key), "value": each[value_key]} for each in objects]
    return simple_autocomplete(search, options)


def _to_choices(options: object, kind: ParameterType) -> list[Choice]:
    """The options as choices, each of which fits the type. Raises `ValueError`."""
    if not isinstance(options, list | tuple):
        raise ValueError(
            f"autocomplete is {options!r}; it must be a list of values or of "
            '{"display": …, "value": …}, or a function that returns one'
        )
    choices: list[Choice] = []
    for index, option in enumerate(cast("Sequence[object]", options)):
        choice = _to_choice(option, f"autocomplete[{index}]")
        if problem := find_misfit(kind.element, choice.value, f"autocomplete[{index}]"):
            raise ValueError(problem)
        choices.append(choice)
    return choices


def _to_choice(option: object, path: str) -> Choice:
    if isinstance(option, Choice):
        return option
    if not isinstance(option, Mapping):
        return Choice(_shown(option), option)
    fields = cast("Mapping[str, Any]", option)
    if "value" not in fields:
        raise ValueError(f'{path} is {option!r}; it needs a "value"')
    display = fields.get("display")
    return Choice(_shown(fields["value"]) if display is None else str(display), fields["value"])


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
