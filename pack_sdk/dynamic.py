"""Tables whose schema is asked for: their functions, and how these are called (contract C23)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pack_sdk.errors import PackDefinitionError
from pack_sdk.function_forms import fitting_arguments
from pack_sdk.json_values import with_snake_case_keys

Function = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class DynamicFunctions:
    """The functions of a table whose schema is asked for; each may be `async def`.

    `get_schema(context, parameters)` returns the schema that the rows have now; parameters
    that are not configured yet are None. The others belong to a table that stands for many,
    one for each dynamic URL (`by_url`): `list_dynamic_urls(context, parent_url)` and
    `search_dynamic_urls(context, text)` return `[{display, value, hasChildren?}]`;
    `get_name(context)` and `get_display_url(context)` tell of `context.sync.dynamic_url`.
    Arguments after the context may be left out of `get_schema` and `list_dynamic_urls`, and
    the former may also be written as in the original SDK, `(context, _, parameters)`.
    """

    get_schema: Function
    by_url: bool = False
    list_dynamic_urls: Function | None = None
    search_dynamic_urls: Function | None = None
    get_name: Function | None = None
    get_display_url: Function | None = None

    def __post_init__(self) -> None:
        """Refuse functions that cannot be called. Raises `PackDefinitionError`."""
        schema_arguments(self.get_schema, None, {})
        if self.list_dynamic_urls is not None:
            listing_arguments(self.list_dynamic_urls, None, None)
        if self.search_dynamic_urls is not None:
            forms = {"(context, text)": (None, "")}
            fitting_arguments("search_dynamic_urls", self.search_dynamic_urls, forms)
        for name in ("get_name", "get_display_url"):
            if (function := getattr(self, name)) is not None:
                fitting_arguments(name, function, {"(context)": (None,)})


def dynamic_functions(
    options: Mapping[str, Any] | None, get_schema: Function | None
) -> DynamicFunctions | None:
    """The functions of a table of fixed identity, from `dynamic_options` or `get_schema`.

    `dynamic_options` is `{"getSchema": function}`; what else the original SDK has there is a
    matter of display. Returns None if there is no function: the schema is static. Raises
    `PackDefinitionError` for unknown keys, or when both are given.
    """
    allowed = {"get_schema", "default_add_dynamic_columns", "entity_name", "property_options"}
    try:
        given = with_snake_case_keys(options or {}, allowed, "dynamic_options")
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    if get_schema is not None and given.get("get_schema") is not None:
        raise PackDefinitionError("get_schema is given twice; leave it out of dynamic_options")
    function = get_schema or given.get("get_schema")
    return None if function is None else DynamicFunctions(get_schema=function)


def schema_arguments(
    get_schema: Function, context: Any, parameters: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The arguments with which `get_schema` is called."""
    return fitting_arguments(
        "get_schema",
        get_schema,
        {
            "(context, parameters)": (context, parameters),
            "(context, _, parameters)": (context, "", parameters),
            "(context)": (context,),
        },
    )


def listing_arguments(
    list_dynamic_urls: Function, context: Any, parent_url: str | None
) -> tuple[Any, ...]:
    """The arguments with which `list_dynamic_urls` is called.

    Raises `PackDefinitionError` if a folder is to be listed and the function takes none.
    """
    forms: dict[str, tuple[Any, ...]] = {"(context, parent_url)": (context, parent_url)}
    if parent_url is None:
        forms["(context)"] = (context,)
    return fitting_arguments("list_dynamic_urls", list_dynamic_urls, forms)
