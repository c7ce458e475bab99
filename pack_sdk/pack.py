"""`Pack`: a service's sync tables, network domains and authentication."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast, overload

from typing_extensions import Unpack

from pack_sdk.authentication import Authentication, make_authentication
from pack_sdk.dictionaries import AuthenticationFields, ParameterFields, PropertyDefinition
from pack_sdk.errors import PackDefinitionError
from pack_sdk.fetching import FetchResponse
from pack_sdk.json_values import is_storable_name
from pack_sdk.parameters import Parameter, check_order
from pack_sdk.rate_limits import RateLimits
from pack_sdk.rates import parse_rates
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import UNKNOWN_SCHEMA, SyncTable, check_row_schema
from pack_sdk.table_definitions import make_table, read_definition

_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

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
        self.rate: tuple[str, ...] = ()
        self.count_not_modified = True
        self.rate_limits = RateLimits()
        # Tables by what must be unique: looking through all of them would take a thousand
        # tables a second.
        self._names: dict[str, str] = {}
        self._identities: dict[str, str] = {}

    def add_network_domain(self, *domains: str) -> None:
        """Allow requests to these hosts and all below them (contract F4).

        A domain is a bare host name; anything else raises `PackDefinitionError`.
        """
        for domain in domains:
            if not isinstance(cast("object", domain), str) or not _HOST.fullmatch(domain):
                raise PackDefinitionError(
                    f"the network domain {domain!r} is not a host name; write it without "
                    "scheme, port and path, such as 'api.example.com'"
                )
            self.network_domains.append(domain.lower())

    def set_authentication(
        self, definition: Mapping[str, Any] | None = None, /, **fields: Unpack[AuthenticationFields]
    ) -> None:
        """Declare which credentials a connection must give (see `make_authentication`)."""
        self.authentication = make_authentication(definition, **fields)

    def set_rate(self, *rates: str, count_not_modified: bool = True) -> None:
        """Say how many requests the service allows one account, such as `"5/s"` (contract F8).

        Several hold all together: `set_rate("100/10s", "250000/day")`. A connection's `rate` in
        `defs.yaml` replaces them. `count_not_modified=False` says that the service counts no
        request that it answers with 304 (contract F9). Raises `PackDefinitionError` for what is
        no rate.
        """
        self.count_not_modified = count_not_modified
        self.rate = tuple(str(rate) for rate in parse_rates(rates))

    def set_rate_limits(
        self,
        *,
        is_limited: Callable[[FetchResponse], Any] | None = None,
        remaining_header: str = "",
        reset_header: str = "",
    ) -> None:
        """Say how the service refuses requests that are too many, if not by 429 and `Retry-After`.

        `is_limited(response)` looks at each answer, also at those with other statuses, and is
        true where it is such a refusal, or the seconds to wait:

        >>> pack = Pack()
        >>> pack.set_rate_limits(is_limited=lambda response: "tooManyCalls" in str(response.body))

        `remaining_header` and `reset_header` name what says how many requests are left and when
        there will be more, in seconds or as a point in time; `X-RateLimit-Remaining` and its
        relatives are known. The connection pauses, and the request is made again (contract F5).
        Only for packs in Python.
        """
        self.rate_limits = RateLimits(
            is_limited=is_limited, remaining_header=remaining_header, reset_header=reset_header
        )

    set_user_authentication = set_authentication
    set_system_authentication = set_authentication

    @overload
    def add_sync_table(
        self,
        /,
        *,
        name: str,
        identity_name: str,
        schema: Schema | PropertyDefinition | None = None,
        execute: None = None,
        parameters: Sequence[Parameter | ParameterFields] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
        get_schema: Callable[..., Any] | None = None,
        dynamic_options: Mapping[str, Any] | None = None,
    ) -> Callable[[Execute], Execute]: ...

    @overload
    def add_sync_table(
        self,
        /,
        *,
        name: str,
        identity_name: str,
        schema: Schema | PropertyDefinition | None = None,
        execute: Callable[..., Any],
        parameters: Sequence[Parameter | ParameterFields] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
        get_schema: Callable[..., Any] | None = None,
        dynamic_options: Mapping[str, Any] | None = None,
    ) -> SyncTable: ...

    @overload
    def add_sync_table(self, definition: Mapping[str, Any], /, **fields: Any) -> Any: ...

    def add_sync_table(
        self, definition: Mapping[str, Any] | None = None, /, **fields: Any
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add a table; without `execute` it is a decorator of that function.

        `execute(args, context)` returns one page (contract C1, C2). `validate_parameters`
        `(context, parameters)` is asked before a sync (C21). `on_error(context, error)` may
        raise a better error (C22). With `get_schema(context, parameters)`, or
        `dynamic_options={"getSchema": …}`, the schema is asked for before every sync (C23).

        It may also be one mapping as the original SDK writes it, with camelCase keys and a
        `formula`. Raises `PackDefinitionError` that names the table and what is wrong with it.
        """
        return self._add(read_definition(definition, fields, by_url=False), by_url=False)

    @overload
    def add_dynamic_sync_table(
        self,
        /,
        *,
        name: str,
        get_name: Callable[..., Any],
        get_schema: Callable[..., Any],
        list_dynamic_urls: Callable[..., Any] | None = None,
        search_dynamic_urls: Callable[..., Any] | None = None,
        get_display_url: Callable[..., Any] | None = None,
        identity_name: str | None = None,
        execute: None = None,
        parameters: Sequence[Parameter | ParameterFields] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> Callable[[Execute], Execute]: ...

    @overload
    def add_dynamic_sync_table(
        self,
        /,
        *,
        name: str,
        get_name: Callable[..., Any],
        get_schema: Callable[..., Any],
        list_dynamic_urls: Callable[..., Any] | None = None,
        search_dynamic_urls: Callable[..., Any] | None = None,
        get_display_url: Callable[..., Any] | None = None,
        identity_name: str | None = None,
        execute: Callable[..., Any],
        parameters: Sequence[Parameter | ParameterFields] = (),
        description: str = "",
        validate_parameters: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> SyncTable: ...

    @overload
    def add_dynamic_sync_table(self, definition: Mapping[str, Any], /, **fields: Any) -> Any: ...

    def add_dynamic_sync_table(
        self, definition: Mapping[str, Any] | None = None, /, **fields: Any
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add a table that stands for many, one for each dynamic URL (contract C23).

        The functions are those of `pack_sdk.dynamic.DynamicFunctions`; the rest is as in
        `add_sync_table`. The URL that was chosen is `context.sync.dynamic_url`. Without an
        `identity_name` the table's name is it.
        """
        return self._add(read_definition(definition, fields, by_url=True), by_url=True)

    def _add(
        self, values: Mapping[str, Any], *, by_url: bool
    ) -> SyncTable | Callable[[Execute], Execute]:
        """Add the table if it has its `execute`; without it, a decorator that adds it."""

        def add(function: Callable[..., Any]) -> SyncTable:
            try:
                table = make_table({**values, "execute": function}, by_url=by_url)
                self._check(table)
            except PackDefinitionError as error:
                raise PackDefinitionError(f"sync table {values['name']!r}: {error}") from None
            self.sync_tables[table.name] = table
            self._names[table.name.casefold()] = table.name
            self._identities[table.identity_name] = table.name
            return table

        if "execute" in values:
            return add(values["execute"])

        def decorate(function: Execute) -> Execute:
            add(function)
            return function

        return decorate

    def _check(self, table: SyncTable) -> None:
        if not table.name or re.search(r"\s", table.name):
            raise PackDefinitionError("a name has no spaces and is not empty")
        if not is_storable_name(table.name):
            raise PackDefinitionError("a name has no NUL and no half of a character")
        if not table.identity_name:
            raise PackDefinitionError("identity_name is missing")
        if other := self._names.get(table.name.casefold()):
            raise PackDefinitionError(f"the pack already has the table {other!r}")
        if other := self._identities.get(table.identity_name):
            raise PackDefinitionError(
                f"the identity name {table.identity_name!r} is taken by the table "
                f"{other!r}; identity names are unique in a pack"
            )
        if table.schema is not UNKNOWN_SCHEMA:
            check_row_schema(table.schema)
        check_order(table.parameters)
