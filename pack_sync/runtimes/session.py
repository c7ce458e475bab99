"""`PackSession`: one sync's calls into a pack, the same for packs in Python and in TypeScript.

What is asked of a pack, and how its answers are checked, is here. How one of its functions is
called, in a thread or in a child process, is the business of a `Caller` for its language.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pack_sdk.choices import Choice, autocomplete_choices
from pack_sdk.context import SyncState
from pack_sdk.dynamic import DynamicFunctions
from pack_sdk.dynamic_answers import DynamicUrl, parse_schema, parse_text, parse_urls
from pack_sdk.errors import PackDefinitionError
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import SyncTable
from pack_sync.spool.page import Page


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """One call of one function of a pack.

    `name` is the function's name in snake_case, and `function` what the pack declared, which for
    a TypeScript pack only stands for the real one. `table` is None for a function of the pack as
    a whole. Which of the other fields count depends on the function: `args` are those of
    `execute`; `search` is the searched text, or the folder to list; `parameters` are values by
    name; `parameter` is the one whose `autocomplete` is called.
    """

    name: str
    function: Callable[..., Any]
    table: SyncTable | None
    sync: SyncState = field(default_factory=SyncState)
    args: Sequence[Any] = ()
    search: str | None = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parameter: str = ""

    @property
    def row_schema(self) -> Schema | None:
        """What the rows of the table are; of a dynamic one that of this sync."""
        return self.sync.schema or (self.table.schema if self.table else None)

    def described(self, spelled: str) -> str:
        """The function as messages name it; `spelled` is its name in the pack's language."""
        return f"{spelled} of the table {self.table.name!r}" if self.table else spelled


class Caller(Protocol):
    """Calls the functions of one pack, for as long as one sync takes.

    All calls raise what the pack raised, or `PageTimeoutError`.
    """

    def execute(self, call: FunctionCall) -> Page:
        """Call `execute` once and return its page; raises `InvalidResultError` for a wrong one.

        Of an error that `execute` raises, the table's `on_error` may make a better one.
        """
        ...

    def call(self, call: FunctionCall) -> Any:
        """Call any other function and return its answer, unchecked."""
        ...

    def spelled(self, name: str) -> str:
        """A function's name as an author of this language writes it: `getSchema`."""
        ...

    def close(self) -> None:
        """Let go of the pack's code; a call still under way is abandoned."""
        ...


class PackSession:
    """One sync of one table: the pack's code, loaded and ready to be called.

    Every method raises what the pack raised, or `PageTimeoutError` when a call took too long.
    """

    def __init__(self, table: SyncTable, caller: Caller) -> None:
        self._table = table
        self._caller = caller

    def execute(self, args: Sequence[Any], sync: SyncState) -> Page:
        """Call `execute` once and return its page (contract C1, C2, C22).

        Raises `InvalidResultError` that says what is wrong with the page.
        """
        function = self._table.execute
        return self._caller.execute(self._call("execute", function, sync, args=list(args)))

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validate_parameters` and return its answer, None if there is none (C21)."""
        function = self._table.validate_parameters
        if function is None:
            return None
        parameters = self._by_name(args)
        call = self._call("validate_parameters", function, sync, parameters=parameters)
        return self._caller.call(call)

    def autocomplete(
        self,
        parameter_name: str,
        search: str,
        args: Sequence[Any],
        *,
        dynamic_url: str | None = None,
    ) -> Sequence[Choice]:
        """The choices of a parameter that match `search`, none if it has no `autocomplete`.

        `args` are the values of all parameters in declared order, None for those that are not
        known yet; `dynamic_url` is that of a dynamic table's entry (C23). Raises
        `InvalidResultError` for an answer that is no list of choices.
        """
        parameter = next(p for p in self._table.parameters if p.name == parameter_name)
        others = self._by_name(args)
        del others[parameter_name]
        # A copy: a pack may change what it finds in its context.
        sync = SyncState(
            schema=self._table.schema, dynamic_url=dynamic_url, parameters=dict(others)
        )
        given = {"search": search, "parameters": others, "parameter": parameter_name}

        def ask(function: Callable[..., Any]) -> Any:
            return self._caller.call(self._call("autocomplete", function, sync, **given))

        return autocomplete_choices(parameter.autocomplete, parameter.type, search, ask)

    def get_schema(self, sync: SyncState) -> Schema:
        """Ask a table with `dynamic` functions for its schema, which is checked (C23).

        Raises `InvalidResultError` that names the table and the URL.
        """
        function = self._dynamic("get_schema").get_schema
        sync = replace(sync, schema=None)  # it is what is asked for
        call = self._call("get_schema", function, sync, parameters=sync.parameters)
        return parse_schema(self._caller.call(call), self._described(call))

    def list_dynamic_urls(self, parent_url: str | None = None) -> Sequence[DynamicUrl]:
        """What can be chosen for a dynamic table, at the top or in a folder (contract C23).

        Raises `InvalidResultError`, and `PackDefinitionError` if the pack cannot list.
        """
        name = "list_dynamic_urls"
        function = self._dynamic(name).list_dynamic_urls
        if function is None:
            advice = "search for a text, or ask the pack's author which URLs it takes"
            raise PackDefinitionError(f"{self._lacks(name)}; {advice}")
        call = self._call(name, function, SyncState(), search=parent_url)
        return parse_urls(self._caller.call(call), self._described(call))

    def search_dynamic_urls(self, text: str) -> Sequence[DynamicUrl]:
        """What can be chosen and fits the text; raises as `list_dynamic_urls` does.

        Of a pack without a search the top of the list is looked through.
        """
        function = self._dynamic("search_dynamic_urls").search_dynamic_urls
        if function is None:
            urls = self.list_dynamic_urls()
            return [url for url in urls if text.casefold() in url.display.casefold()]
        call = self._call("search_dynamic_urls", function, SyncState(), search=text)
        return parse_urls(self._caller.call(call), self._described(call))

    def get_name(self, url: str) -> str:
        """What the pack calls the table of a dynamic URL. Raises `InvalidResultError`."""
        function = self._dynamic("get_name").get_name
        if function is None:
            raise PackDefinitionError(self._lacks("get_name"))
        return self._text_of_url("get_name", function, url)

    def get_display_url(self, url: str) -> str:
        """The dynamic URL for a browser; itself, if the pack has no `get_display_url`."""
        function = self._dynamic("get_display_url").get_display_url
        return url if function is None else self._text_of_url("get_display_url", function, url)

    def close(self) -> None:
        """Let go of the pack's code; a call still under way is abandoned."""
        self._caller.close()

    def _call(
        self, name: str, function: Callable[..., Any], sync: SyncState, **fields: Any
    ) -> FunctionCall:
        return FunctionCall(name=name, function=function, table=self._table, sync=sync, **fields)

    def _text_of_url(self, name: str, function: Callable[..., Any], url: str) -> str:
        """What a function says about one dynamic URL."""
        call = self._call(name, function, SyncState(dynamic_url=url))
        return parse_text(self._caller.call(call), self._described(call))

    def _described(self, call: FunctionCall) -> str:
        """The function as messages name it, with the dynamic URL that it was asked about."""
        text, url = call.described(self._caller.spelled(call.name)), call.sync.dynamic_url
        return text if url is None else f"{text} for {url}"

    def _lacks(self, name: str) -> str:
        return f"the table {self._table.name!r} has no {self._caller.spelled(name)}"

    def _dynamic(self, name: str) -> DynamicFunctions:
        if self._table.dynamic is None:
            raise PackDefinitionError(
                f"the table {self._table.name!r} is static: no {self._caller.spelled(name)}"
            )
        return self._table.dynamic

    def _by_name(self, args: Sequence[Any]) -> dict[str, Any]:
        return dict(zip((p.name for p in self._table.parameters), args, strict=True))
