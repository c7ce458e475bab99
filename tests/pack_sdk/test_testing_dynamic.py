"""The testing kit and tables that say their schema themselves (contract C23)."""

from typing import Any

import pytest

from pack_sdk import Pack
from pack_sdk.testing import MockFetcher, execute_sync_table
from tests.pack_sdk.sync_samples import ITEM, Steps, items

URL = "https://api.example.com/schema"


def ask_for_schema(context: Any) -> Any:
    """A schema whose id is the field that the service names."""
    name = context.fetcher.fetch(url=URL).body
    properties = {name: {"type": "string"}}
    return {"type": "object", "properties": properties, "idProperty": name, "primary": name}


def by_url(execute: Any) -> Pack:
    """A pack with a table that stands for many."""
    pack = Pack()
    pack.add_network_domain("api.example.com")
    pack.add_dynamic_sync_table(
        name="Items", get_name=str, get_schema=ask_for_schema, execute=execute
    )
    return pack


def test_the_schema_is_asked_for_first() -> None:
    """It is in every page's context, with the URL, and rows are checked against it."""
    steps = Steps({"result": [{"number": "a"}], "continuation": 1}, {"result": [{"number": "b"}]})
    fetcher = MockFetcher().on(URL, "number")
    synced = execute_sync_table(by_url(steps), "Items", fetcher=fetcher, dynamic_url="/forms/1")
    assert synced.ids == ["a", "b"]
    for context in steps.contexts:
        assert context.sync.schema is synced.table.schema
        assert context.sync.dynamic_url == "/forms/1"
    assert fetcher.urls == [URL]
    rows = Steps({"result": items(a="1")})
    with pytest.raises(AssertionError, match="property 'number': the row has no id"):
        execute_sync_table(by_url(rows), "Items", fetcher=fetcher, dynamic_url="/forms/1")


def test_a_table_of_fixed_identity_needs_no_url() -> None:
    """It has only `get_schema`."""
    pack = Pack()
    pack.add_network_domain("api.example.com")
    pack.add_sync_table(
        name="Items",
        identity_name="Item",
        get_schema=ask_for_schema,
        execute=Steps({"result": items(a="1")}),
    )
    synced = execute_sync_table(pack, "Items", fetcher=MockFetcher("name"))
    assert synced.ids == ["1"]


def test_the_url_must_fit_the_table() -> None:
    """A dynamic table needs one, any other takes none."""
    with pytest.raises(ValueError, match="needs a `dynamic_url`"):
        execute_sync_table(by_url(Steps()), "Items", fetcher=MockFetcher())
    pack = Pack()
    pack.add_sync_table(name="Items", identity_name="Item", schema=ITEM, execute=Steps())
    with pytest.raises(ValueError, match="takes no `dynamic_url`"):
        execute_sync_table(pack, "Items", fetcher=MockFetcher(), dynamic_url="/forms/1")
