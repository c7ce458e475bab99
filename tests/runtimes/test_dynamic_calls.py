"""Calling the functions of a dynamic table (contract C23, C14)."""

import asyncio
from typing import Any

import pytest

from pack_sdk import DynamicUrl, InvalidResultError, Pack, PackDefinitionError, SyncState
from pack_sdk.logger import SilentLogger
from pack_sync.runtimes.python.runtime import PythonRuntime
from pack_sync.runtimes.runtime import CallEnvironment, PageTimeoutError
from pack_sync.runtimes.session import PackSession
from tests.commit.sync_bench import a_schema
from tests.runtimes.pack_calls import RecordingFetcher, open_session

URL = "https://api.example.com/forms/1"


def nothing(*_: object) -> None:
    """A function of the pack that is not called."""


def open_forms(
    seconds: float = 30, fetcher: RecordingFetcher | None = None, **functions: Any
) -> PackSession:
    """A session of a dynamic table with these functions."""
    pack = Pack()
    usual: dict[str, Any] = {"get_name": nothing, "get_schema": nothing}
    pack.add_dynamic_sync_table(name="Forms", execute=nothing, **{**usual, **functions})
    environment = CallEnvironment(
        fetcher=fetcher or RecordingFetcher(),
        logger=SilentLogger(),
        endpoint="https://api.example.com",
        page_timeout_seconds=seconds,
    )
    return PythonRuntime(pack).open("Forms", environment)


def test_get_schema_knows_the_url_and_the_parameters() -> None:
    """The schema in the context is what is asked for, so it is not there (C23)."""
    seen: list[Any] = []

    def get_schema(context: Any, parameters: Any) -> Any:
        seen.append((context.sync.dynamic_url, context.sync.dynamicUrl, context.sync.schema))
        seen.append(parameters)
        return a_schema()

    state = SyncState(dynamic_url=URL, schema=a_schema(), parameters={"since": 3})
    assert open_forms(get_schema=get_schema).get_schema(state) == a_schema()
    assert seen == [(URL, URL, None), {"since": 3}]


def test_an_async_get_schema_is_awaited_and_can_fetch() -> None:
    """All these functions may be `async def` (C23)."""
    fetcher = RecordingFetcher()

    async def get_schema(context: Any) -> Any:
        await context.fetcher.fetch(url=context.sync.dynamic_url + "/fields")
        return a_schema()

    session = open_forms(fetcher=fetcher, get_schema=get_schema)
    assert session.get_schema(SyncState(dynamic_url=URL)) == a_schema()
    assert fetcher.sent == [f"{URL}/fields"]


def test_listing_the_top_and_a_folder() -> None:
    """The folder's URL is the second argument, None at the top (C23)."""

    def list_dynamic_urls(_context: Any, parent_url: Any) -> Any:
        if parent_url is None:
            return [{"display": "Folder", "value": "f", "hasChildren": True}]
        return [{"display": f"in {parent_url}", "value": "t"}]

    session = open_forms(list_dynamic_urls=list_dynamic_urls)
    assert session.list_dynamic_urls() == [
        DynamicUrl(display="Folder", value="f", has_children=True)
    ]
    assert session.list_dynamic_urls("f") == [DynamicUrl(display="in f", value="t")]


def test_searching() -> None:
    """The pack's own search is given the text (C23)."""

    async def search_dynamic_urls(_context: Any, text: str) -> Any:
        await asyncio.sleep(0)
        return [{"display": text, "value": "u"}]

    session = open_forms(list_dynamic_urls=nothing, search_dynamic_urls=search_dynamic_urls)
    assert session.search_dynamic_urls("Bud") == [DynamicUrl(display="Bud", value="u")]


def test_searching_without_a_search_looks_through_the_top() -> None:
    """In any case of letters (C23)."""

    def list_dynamic_urls(_context: Any) -> Any:
        return [{"display": "Budget", "value": "b"}, {"display": "Team", "value": "t"}]

    session = open_forms(list_dynamic_urls=list_dynamic_urls)
    assert session.search_dynamic_urls("bUD") == [DynamicUrl(display="Budget", value="b")]


def test_name_and_display_url_tell_of_one_url() -> None:
    """It is `context.sync.dynamic_url`; without get_display_url it is for browsers too (C23)."""

    def get_name(context: Any) -> str:
        return f"Form {context.sync.dynamic_url[-1]}"

    def get_display_url(context: Any) -> str:
        return f"https://example.com/{context.sync.dynamic_url[-1]}"

    session = open_forms(get_name=get_name, get_display_url=get_display_url)
    assert session.get_name(URL) == "Form 1"
    assert session.get_display_url(URL) == "https://example.com/1"
    assert open_forms().get_display_url(URL) == URL


@pytest.mark.parametrize(
    ("name", "argument", "message"),
    [
        ("get_schema", SyncState(dynamic_url=URL), f"of the table 'Forms' for {URL} returned 7"),
        ("list_dynamic_urls", None, "of the table 'Forms' returned 7"),
        ("search_dynamic_urls", "text", "of the table 'Forms' returned 7"),
        ("get_name", URL, f"of the table 'Forms' for {URL} returned 7"),
        ("get_display_url", URL, f"of the table 'Forms' for {URL} returned 7"),
    ],
)
def test_an_answer_that_is_none(name: str, argument: object, message: str) -> None:
    """The error names the function, the table and the URL (C23)."""

    def seven(*_: object) -> int:
        return 7

    functions: dict[str, Any] = {name: seven}
    session = open_forms(**functions)
    with pytest.raises(InvalidResultError, match=f"^{name} {message}"):
        getattr(session, name)(argument)


def test_what_the_pack_lacks_is_said() -> None:
    """A pack need not list; a static table has none of it (C23)."""
    with pytest.raises(PackDefinitionError, match="'Forms' has no list_dynamic_urls; search"):
        open_forms().list_dynamic_urls()
    with pytest.raises(PackDefinitionError, match="'Tasks' is static: no get_schema"):
        open_session(nothing).get_schema(SyncState())


def test_a_call_takes_as_long_as_a_page_at_most() -> None:
    """An endless get_schema is given up, like an endless execute (C14, C23)."""
    fetcher = RecordingFetcher()

    def get_schema(_context: Any) -> None:
        while True:
            pass

    session = open_forms(0.2, fetcher, get_schema=get_schema)
    with pytest.raises(PageTimeoutError, match=r"get_schema of the table 'Forms' took longer"):
        session.get_schema(SyncState(dynamic_url=URL))
    assert fetcher.pages == [0.2]
    assert fetcher.cancelled
