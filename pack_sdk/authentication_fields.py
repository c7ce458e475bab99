"""The headers or parameters of a kind of authentication that has several credentials."""

from collections.abc import Mapping
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
