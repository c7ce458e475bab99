"""Looking up a parameter's choices in a test."""

from collections.abc import Callable, Mapping
from typing import Any

from pack_sdk.choices import Choice, autocomplete_choices
from pack_sdk.fetching import Send
from pack_sdk.function_forms import choice_arguments
from pack_sdk.pack import Pack
from pack_sdk.testing.arguments import table_of
from pack_sdk.testing.calling import call
from pack_sdk.testing.context import ContextOptions
from pack_sdk.testing.fetcher import MockFetcher
from pack_sdk.testing.network import guarded


def discover_choices(
    pack: Pack,
    table_name: str,
    parameter_name: str,
    search: str = "",
    parameters: Mapping[str, Any] | None = None,
    *,
    fetcher: Send | None = None,
    endpoint: str | None = None,
) -> list[Choice]:
    """The choices that `packsync discover` would show for a parameter (its `autocomplete`).

    `parameters` holds the values of the others, by name; those that are left out are None.
    """
    table = table_of(pack, table_name)
    declared = {parameter.name: parameter for parameter in table.parameters}
    parameter = declared.pop(parameter_name)
    values = {name: (parameters or {}).get(name) for name in declared}
    options: ContextOptions = {"schema": table.schema, "endpoint": endpoint}

    send = guarded(fetcher or MockFetcher(), pack, endpoint)

    def ask(function: Callable[..., Any]) -> Any:
        return call(
            function,
            lambda context: choice_arguments(function, context, search, values),
            send,
            options,
        )

    return autocomplete_choices(parameter.autocomplete, parameter.type, search, ask)
