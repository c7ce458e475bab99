"""Runs packs written in TypeScript: a session is one fresh child (contract C1 to C9, C16)."""

from collections.abc import Sequence
from typing import Any, cast

import orjson

from pack_sdk.choices import Choice, autocomplete_choices
from pack_sdk.context import SyncState
from pack_sdk.dynamic import DynamicFunctions
from pack_sdk.dynamic_answers import DynamicUrl, parse_schema, parse_text, parse_urls
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sdk.results import parse_result
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import SyncTable
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.calls import PackCalls
from pack_sync.runtimes.typescript.process import Limits
from pack_sync.runtimes.typescript.schema_definitions import read_row_schema
from pack_sync.spool.page import Page


class TypeScriptRuntime:
    """Runs the tables of a built pack (a `pack_sync.runtimes.runtime.PackRuntime`)."""

    def __init__(self, pack: Pack, bundle: Bundle, limits: Limits = Limits()) -> None:  # noqa: B008
        self._pack = pack
        self._bundle = bundle
        self._limits = limits

    def open(self, table_name: str, environment: CallEnvironment) -> "TypeScriptSession":
        """Start a child for one sync of a table."""
        table = self._pack.sync_tables[table_name]
        return TypeScriptSession(table, PackCalls(self._bundle, environment, self._limits, table))

    def connection_name(self, environment: CallEnvironment) -> str | None:
        """Call `getConnectionName` (see `PackRuntime.connection_name`)."""
        if self._pack.authentication.get_connection_name is None:
            return None
        calls = PackCalls(self._bundle, environment, self._limits)
        try:
            name = calls.value("getConnectionName", SyncState())
        finally:
            calls.close()
        return None if name is None else str(name)


class TypeScriptSession:
    """One sync of one table of a TypeScript pack."""

    def __init__(self, table: SyncTable, calls: PackCalls) -> None:
        self._table = table
        self._calls = calls

    @property
    def pid(self) -> int:
        """The id of the child's process."""
        return self._calls.pid

    def execute(self, args: Sequence[Any], sync: SyncState) -> Page:
        """Call `execute` once (see `TableSession.execute`); the SDK itself calls `onError`."""
        frame, rows = self._calls.call("execute", sync, args=list(args))
        result = parse_result(_page(orjson.loads(frame.blob)))
        return Page(
            rows=rows,
            row_count=frame.head["rows"],
            continuation=result.continuation,
            completion=result.completion,
            deleted_row_ids=result.deleted_row_ids,
        )

    def validate_parameters(self, args: Sequence[Any], sync: SyncState) -> Any:
        """Call `validateParameters` (contract C21); None if the table has none."""
        if self._table.validate_parameters is None:
            return None
        return self._calls.value("validateParameters", sync, parameters=self._by_name(args))

    def autocomplete(
        self,
        parameter_name: str,
        search: str,
        args: Sequence[Any],
        *,
        dynamic_url: str | None = None,
    ) -> Sequence[Choice]:
        """Look up a parameter's choices (see `TableSession.autocomplete`)."""
        parameter = next(p for p in self._table.parameters if p.name == parameter_name)
        others = self._by_name(args)
        del others[parameter_name]
        sync = SyncState(schema=self._table.schema, dynamic_url=dynamic_url, parameters=others)

        def call(_: object) -> Any:
            return self._calls.value(
                "autocomplete", sync, parameter=parameter_name, search=search, parameters=others
            )

        return autocomplete_choices(parameter.autocomplete, parameter.type, search, call)

    def get_schema(self, sync: SyncState) -> Schema:
        """Call `getSchema` and check what it returns (see `TableSession.get_schema`)."""
        self._check_dynamic("getSchema")
        returned = self._calls.value("getSchema", sync, parameters=dict(sync.parameters))
        return parse_schema(read_row_schema(returned), self._table.name, sync.dynamic_url)

    def list_dynamic_urls(self, parent_url: str | None = None) -> Sequence[DynamicUrl]:
        """Call `listDynamicUrls` (contract C23)."""
        dynamic = self._check_dynamic("listDynamicUrls")
        if dynamic.list_dynamic_urls is None:
            raise PackDefinitionError(
                f"the table {self._table.name!r} has no listDynamicUrls; search for a text, or "
                "ask the pack's author which URLs it takes"
            )
        returned = self._calls.value("listDynamicUrls", SyncState(), search=parent_url)
        return parse_urls(returned, self._calls.called("listDynamicUrls"))

    def search_dynamic_urls(self, text: str) -> Sequence[DynamicUrl]:
        """Call `searchDynamicUrls`; without one, search the top of the list (C23)."""
        dynamic = self._check_dynamic("searchDynamicUrls")
        if dynamic.search_dynamic_urls is None:
            urls = self.list_dynamic_urls()
            return [url for url in urls if text.casefold() in url.display.casefold()]
        returned = self._calls.value("searchDynamicUrls", SyncState(), search=text)
        return parse_urls(returned, self._calls.called("searchDynamicUrls"))

    def get_name(self, url: str) -> str:
        """Call `getName` (contract C23)."""
        self._check_dynamic("getName")
        returned = self._calls.value("getName", SyncState(dynamic_url=url))
        return parse_text(returned, f"{self._calls.called('getName')} for {url}")

    def get_display_url(self, url: str) -> str:
        """Call `getDisplayUrl` (contract C23); without one, the URL is for browsers as well."""
        if self._check_dynamic("getDisplayUrl").get_display_url is None:
            return url
        returned = self._calls.value("getDisplayUrl", SyncState(dynamic_url=url))
        return parse_text(returned, f"{self._calls.called('getDisplayUrl')} for {url}")

    def close(self) -> None:
        """End the child; a call still under way is abandoned."""
        self._calls.close()

    def _by_name(self, args: Sequence[Any]) -> dict[str, Any]:
        return dict(zip((p.name for p in self._table.parameters), args, strict=True))

    def _check_dynamic(self, name: str) -> DynamicFunctions:
        if self._table.dynamic is None:
            raise PackDefinitionError(f"the table {self._table.name!r} is static: no {name}")
        return self._table.dynamic


def _page(page: dict[str, Any]) -> dict[str, Any]:
    """A page without rows; what else a completion has means nothing, as in the original SDK."""
    if isinstance(page.get("completion"), dict):
        completion = cast("dict[str, Any]", page["completion"])
        known = ("incrementalContinuation", "hasIncompleteResults")
        page["completion"] = {key: completion[key] for key in known if key in completion}
    return page
