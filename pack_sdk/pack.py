"""`Pack`: a service's sync tables, network domains and authentication."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.errors import PackDefinitionError
from pack_sdk.parameters import Parameter, check_order, make_parameter
from pack_sdk.schemas import Schema, ValueType, make_schema

Execute = TypeVar("Execute", bound=Callable[..., Any])

RESERVED_COLUMNS = {"_sync", "_changed_at", "_run_id", "_unknown_properties", "rowid"}
"""Columns that every synced table has, or may have, beside the pack's own."""


@dataclass(frozen=True, kw_only=True)
class SyncTable:
    """One sync table of a pack, checked against contract S1, S3 and P."""

    name: str
    identity_name: str
    schema: Schema
    execute: Callable[..., Any]
    parameters: Sequence[Parameter] = field(default_factory=list[Parameter])
    description: str = ""
    validate_parameters: Callable[..., Any] | None = None
    on_error: Callable[..., Any] | None = None

    @property
    def id_property(self) -> str:
        """The property whose values tell rows apart."""
        return str(self.schema.id_property)


class Pack:
    """A service: create one in `packs/<name>/pack.py` as the module's `pack`.

    >>> pack = Pack()
    >>> pack.add_network_domain("api.example.com")
    """

    def __init__(self) -> None:
        self.sync_tables: dict[str, SyncTable] = {}
        self.network_domains: list[str] = []
        self.authentication = Authentication()

    def add_network_domain(self, *domains: str) -> None:
        """Allow requests to these hosts and all below them (contract F4).

        A domain is a bare host name; anything else raises `PackDefinitionError`.
        """
        for domain in domains:
            if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", domain):
                raise PackDefinitionError(
                    f"the network domain {domain!r} is not a host name; write it without "
                    "scheme, port and path, such as 'api.example.com'"
                )
            self.network_domains.append(domain.lower())

    def set_authentication(
        self, definition: Mapping[str, Any] | None = None, /, **fields: Any
    ) -> None:
        """Declare which credentials a connection must give (see `make_authentication`)."""
        self.authentication = make_authentication(definition, **fields)

    set_user_authentication = set_authentication
    set_system_authentication = set_authentication

    @overload
    def add_sync_table(
        self,
        *,
        name: str,
        identity_name: str,
        schema: Schema | Mapping[str, Any],
        execute: None = None,
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> Callable[[Execute], Execute]: ...

    @overload
    def add_sync_table(
        self,
        *,
        name: str,
        identity_name: str,
        schema: Schema | Mapping[str, Any],
        execute: Callable[..., Any],
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> SyncTable: ...

    def add_sync_table(
        self,
        *,
        name: str,
        identity_name: str,
        schema: Schema | Mapping[str, Any],
        execute: Callable[..., Any] | None = None,
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add a table; without `execute` it is a decorator of that function.

        `execute(args, context)` returns one page (contract C1, C2). `validate_parameters`
        `(context, parameters)` is asked before a sync (C21). `on_error(context, error)` may
        raise a better error (C22). Raises `PackDefinitionError` that names the table and
        what is wrong with it.
        """

        def add(function: Callable[..., Any]) -> SyncTable:
            try:
                table = SyncTable(
                    name=name,
                    identity_name=identity_name,
                    schema=make_schema(schema),
                    execute=function,
                    parameters=[
                        given if isinstance(given, Parameter) else make_parameter(given)
                        for given in parameters
                    ],
                    description=description,
                    validate_parameters=validate_parameters,
                    on_error=on_error,
                )
                self._check(table)
            except PackDefinitionError as error:
                raise PackDefinitionError(f"sync table {name!r}: {error}") from None
            self.sync_tables[name] = table
            return table

        if execute is not None:
            return add(execute)

        def decorate(function: Execute) -> Execute:
            add(function)
            return function

        return decorate

    def _check(self, table: SyncTable) -> None:
        if not table.name or re.search(r"\s", table.name):
            raise PackDefinitionError("a name has no spaces and is not empty (contract S1)")
        if not table.identity_name:
            raise PackDefinitionError("identity_name is missing (contract S1)")
        for other in self.sync_tables.values():
            if other.name.casefold() == table.name.casefold():
                raise PackDefinitionError(f"the pack already has the table {other.name!r}")
            if other.identity_name == table.identity_name:
                raise PackDefinitionError(
                    f"the identity name {table.identity_name!r} is taken by the table "
                    f"{other.name!r}; identity names are unique in a pack (contract S1)"
                )
        schema = table.schema
        if schema.type is not ValueType.OBJECT:
            raise PackDefinitionError("the schema of a row is an object; use make_object_schema")
        for role in ("id_property", "display_property"):
            if not getattr(schema, role):
                raise PackDefinitionError(f"the schema has no {role} (contract S1)")
        id_schema = schema.properties[str(schema.id_property)]
        if id_schema.type not in (ValueType.STRING, ValueType.NUMBER):
            raise PackDefinitionError(
                f"the id property {schema.id_property!r} is of the type {id_schema.type.value!r}; "
                "ids are strings or numbers (contract S6)"
            )
        for name in schema.properties:
            if name.casefold() in RESERVED_COLUMNS:
                raise PackDefinitionError(
                    f"the property {name!r} would hide a column of the engine; rename it and "
                    "keep its source with `from_key`"
                )
        check_order(table.parameters)
