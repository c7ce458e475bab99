"""The headers or parameters of a kind of authentication that has several credentials."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pack_sdk.errors import PackDefinitionError
from pack_sdk.json_values import with_snake_case_keys


@dataclass(frozen=True, kw_only=True)
class CredentialField:
    """One credential: `name` is that of its header or parameter, and of its configuration.

    A header may have a `token_prefix`, which goes before the credential with a blank.
    """

    name: str
    description: str = ""
    token_prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class EndpointChoice:
    """A step after the consent: `get_options(context)` lists endpoints, one of which is chosen."""

    name: str
    get_options: Callable[..., Any]
    description: str = ""


def make_endpoint_choices(definitions: Any) -> tuple[EndpointChoice, ...]:
    """The steps of `post_setup`, as the original SDK writes them.

    Raises `PackDefinitionError`.
    """
    if not isinstance(definitions, list | tuple):
        raise PackDefinitionError("post_setup of the authentication must be a list of steps")
    return tuple(_endpoint_choice(each) for each in cast("list[Any]", definitions))


def _endpoint_choice(definition: Any) -> EndpointChoice:
    if isinstance(definition, EndpointChoice):
        return definition
    known = {"type", "name", "description", "get_options", "get_options_formula"}
    try:
        values = with_snake_case_keys(definition, known, "a step of post_setup")
    except (ValueError, AttributeError) as error:
        raise PackDefinitionError(f"post_setup of the authentication: {error}") from None
    if str(values.get("type", "SetEndPoint")).casefold() != "setendpoint":
        raise PackDefinitionError(
            f"post_setup of the authentication has the type {values['type']!r}; only SetEndPoint "
            "is known"
        )
    function = values.get("get_options") or values.get("get_options_formula")
    name = values.get("name")
    if not callable(function) or not isinstance(name, str):
        raise PackDefinitionError(
            "a step of post_setup of the authentication needs a 'name' and a function 'get_options'"
        )
    return EndpointChoice(
        name=name, get_options=function, description=str(values.get("description") or "")
    )


def make_fields(definitions: Any, what: str) -> tuple[CredentialField, ...]:
    """The fields of a list of mappings. Raises `PackDefinitionError`; `what` names the list."""
    if not isinstance(definitions, list | tuple):
        raise PackDefinitionError(f"{what} of the authentication must be a list")
    fields = tuple(_field(each, what) for each in cast("list[Any]", definitions))
    seen: set[str] = set()
    for field in fields:
        # The names of headers have no case; parameters that differ by it would only confuse.
        if field.name.casefold() in seen:
            raise PackDefinitionError(f"{what} of the authentication has {field.name!r} twice")
        seen.add(field.name.casefold())
    return fields


def _field(definition: Any, what: str) -> CredentialField:
    if isinstance(definition, CredentialField):
        return definition
    if not isinstance(definition, Mapping):
        raise PackDefinitionError(
            f"{what} of the authentication has {definition!r}; write {{'name': …}}"
        )
    try:
        values = with_snake_case_keys(
            cast("Mapping[str, Any]", definition),
            set(CredentialField.__dataclass_fields__),
            f"one of {what} of the authentication",
        )
    except ValueError as error:
        raise PackDefinitionError(str(error)) from None
    if not isinstance(values.get("name"), str) or not values["name"].strip():
        raise PackDefinitionError(f"one of {what} of the authentication needs a 'name'")
    return CredentialField(**{key: value for key, value in values.items() if value is not None})
