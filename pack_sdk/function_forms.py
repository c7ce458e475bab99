"""How a pack's functions are called: with all their arguments, or as many as they take.

JavaScript lets a function take fewer arguments than it is given, and packs of the original
SDK make use of it. Here each function has a few forms, of which the first that fits is used.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from pack_sdk.errors import PackDefinitionError

Function = Callable[..., Any]


def fitting_arguments(
    name: str, function: Any, forms: Mapping[str, tuple[Any, ...]]
) -> tuple[Any, ...]:
    """The first of these lists of arguments, by how they are written, that the function takes.

    Raises `PackDefinitionError` that calls the function `name` if it takes none of them, or is
    no function.
    """
    if not callable(function):
        raise PackDefinitionError(f"{name} is {cast('object', function)!r}; it must be a function")
    try:
        signature = inspect.signature(function)
    except ValueError:  # some functions written in C do not tell
        return next(iter(forms.values()))
    for arguments in forms.values():
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return arguments
    raise PackDefinitionError(
        f"{name} is called with {' or '.join(forms)}, which {signature} does not take"
    )


def execute_arguments(execute: Function, args: Any, context: Any) -> tuple[Any, ...]:
    """The arguments with which `execute` is called (contract C1)."""
    return fitting_arguments("execute", execute, {"(args, context)": (args, context)})


def validation_arguments(
    validate_parameters: Function, context: Any, parameters: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The arguments with which `validate_parameters` is called (contract C21)."""
    return fitting_arguments(
        "validate_parameters",
        validate_parameters,
        {
            "(context, parameters)": (context, parameters),
            "(context, _, parameters)": (context, "", parameters),
            "(context)": (context,),
        },
    )


def error_arguments(on_error: Function, context: Any, error: BaseException | None) -> Any:
    """The arguments with which `on_error` is called (contract C22)."""
    return fitting_arguments(
        "on_error", on_error, {"(context, error)": (context, error), "(error)": (error,)}
    )


def choice_arguments(
    autocomplete: Function, context: Any, search: str, parameters: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The arguments with which a parameter's `autocomplete` is called (contract, section P)."""
    return fitting_arguments(
        "autocomplete",
        autocomplete,
        {
            "(context, search, parameters)": (context, search, parameters),
            "(context, search)": (context, search),
            "(context)": (context,),
        },
    )
