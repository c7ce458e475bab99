"""`Pack`: a service's sync tables, network domains and authentication."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, overload

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.dynamic import DynamicFunctions, dynamic_functions
from pack_sdk.errors import PackDefinitionError
from pack_sdk.parameters import Parameter, check_order, make_parameter
from pack_sdk.schemas import Schema, make_schema
from pack_sdk.sync_table import UNKNOWN_SCHEMA, SyncTable, check_row_schema

Execute = TypeVar("Execute", bound=Callable[..., Any])


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
        schema: Schema | Mapping[str, Any] | None = None,
        execute: None = None,
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
        get_schema: Callable[..., Any] | None = None,
        dynamic_options: Mapping[str, Any] | None = None,
    ) -> Callable[[Execute], Execute]: ...

    @overload
    def add_sync_table(
        self,
        *,
        name: str,
        identity_name: str,
        schema: Schema | Mapping[str, Any] | None = None,
        execute: Callable[..., Any],
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
        get_schema: Callable[..., Any] | None = None,
        dynamic_options: Mapping[str, Any] | None = None,
    ) -> SyncTable: ...

    def add_sync_table(
        self,
        *,
        name: str,
        identity_name: str,
        schema: Schema | Mapping[str, Any] | None = None,
        execute: Callable[..., Any] | None = None,
        get_schema: Callable[..., Any] | None = None,
        dynamic_options: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add a table; without `execute` it is a decorator of that function.

        `execute(args, context)` returns one page (contract C1, C2). `validate_parameters`
        `(context, parameters)` is asked before a sync (C21). `on_error(context, error)` may
        raise a better error (C22). With `get_schema(context, parameters)`, or
        `dynamic_options={"getSchema": …}`, the schema is asked for before every sync (C23).
        Raises `PackDefinitionError` that names the table and what is wrong with it.
        """

        def make(function: Callable[..., Any]) -> SyncTable:
            dynamic = dynamic_functions(dynamic_options, get_schema)
            if schema is None and dynamic is None:
                raise PackDefinitionError("it has neither a schema nor a get_schema (contract S1)")
            return _make_table(name, identity_name, schema, function, dynamic, **fields)

        return self._add(name, execute, make)

    @overload
    def add_dynamic_sync_table(
        self,
        *,
        name: str,
        get_name: Callable[..., Any],
        get_schema: Callable[..., Any],
        list_dynamic_urls: Callable[..., Any] | None = None,
        search_dynamic_urls: Callable[..., Any] | None = None,
        get_display_url: Callable[..., Any] | None = None,
        identity_name: str | None = None,
        execute: None = None,
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> Callable[[Execute], Execute]: ...

    @overload
    def add_dynamic_sync_table(
        self,
        *,
        name: str,
        get_name: Callable[..., Any],
        get_schema: Callable[..., Any],
        list_dynamic_urls: Callable[..., Any] | None = None,
        search_dynamic_urls: Callable[..., Any] | None = None,
        get_display_url: Callable[..., Any] | None = None,
        identity_name: str | None = None,
        execute: Callable[..., Any],
        parameters: Sequence[Parameter | Mapping[str, Any]] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> SyncTable: ...

    def add_dynamic_sync_table(
        self,
        *,
        name: str,
        get_name: Callable[..., Any],
        get_schema: Callable[..., Any],
        list_dynamic_urls: Callable[..., Any] | None = None,
        search_dynamic_urls: Callable[..., Any] | None = None,
        get_display_url: Callable[..., Any] | None = None,
        identity_name: str | None = None,
        execute: Callable[..., Any] | None = None,
        **fields: Any,
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add a table that stands for many, one for each dynamic URL (contract C23).

        The functions are those of `pack_sdk.dynamic.DynamicFunctions`; the rest is as in
        `add_sync_table`. The URL that was chosen is `context.sync.dynamic_url`. Without an
        `identity_name` the table's name is it.
        """

        def make(function: Callable[..., Any]) -> SyncTable:
            dynamic = DynamicFunctions(
                get_schema=get_schema,
                by_url=True,
                list_dynamic_urls=list_dynamic_urls,
                search_dynamic_urls=search_dynamic_urls,
                get_name=get_name,
                get_display_url=get_display_url,
            )
            return _make_table(name, identity_name or name, None, function, dynamic, **fields)

        return self._add(name, execute, make)

    def _add(
        self,
        name: str,
        execute: Callable[..., Any] | None,
        make: Callable[[Callable[..., Any]], SyncTable],
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add the table that `make` makes of `execute`; without it, a decorator that does."""

        def add(function: Callable[..., Any]) -> SyncTable:
            try:
                table = make(function)
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
        if table.schema is not UNKNOWN_SCHEMA:
            check_row_schema(table.schema)
        check_order(table.parameters)


def _make_table(
    name: str,
    identity_name: str,
    schema: Schema | Mapping[str, Any] | None,
    execute: Callable[..., Any],
    dynamic: DynamicFunctions | None,
    parameters: Sequence[Parameter | Mapping[str, Any]] = (),
    **fields: Any,
) -> SyncTable:
    return SyncTable(
        name=name,
        identity_name=identity_name,
        schema=UNKNOWN_SCHEMA if schema is None else make_schema(schema),
        execute=execute,
        parameters=[
            given if isinstance(given, Parameter) else make_parameter(given) for given in parameters
        ],
        dynamic=dynamic,
        **fields,
    )
