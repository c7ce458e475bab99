"""Declaring dynamic tables, and what their functions may answer (contract C23)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pack_sdk import (
    DynamicUrl,
    InvalidResultError,
    Pack,
    PackDefinitionError,
    Schema,
    SyncTable,
    make_object_schema,
    make_schema,
)
from pack_sdk.crawl import check_crawling
from pack_sdk.dynamic import listing_arguments, schema_arguments
from pack_sdk.dynamic_answers import parse_schema, parse_text, parse_urls

ROW = make_object_schema(
    properties={"id": {"type": "string"}}, id_property="id", display_property="id"
)
URL = "https://api.example.com/forms/1"


def nothing(*_: object) -> None:
    """Any function of a pack."""


def add_forms(pack: Pack, **changes: Any) -> SyncTable:
    """A dynamic table with all its functions, some of them changed."""
    functions: dict[str, Any] = {
        "list_dynamic_urls": nothing,
        "search_dynamic_urls": nothing,
        "get_name": nothing,
        "get_display_url": nothing,
        "get_schema": nothing,
    }
    return pack.add_dynamic_sync_table(name="Forms", execute=nothing, **{**functions, **changes})


def test_a_dynamic_table_has_its_functions_and_no_schema_yet() -> None:
    """It is chosen by URL; identity_name may be left out (C23)."""
    pack = Pack()
    table = add_forms(pack)
    assert table is pack.sync_tables["Forms"]
    assert table.is_dynamic
    assert table.identity_name == "Forms"
    assert not table.schema.properties
    assert table.dynamic is not None
    assert table.dynamic.get_display_url is nothing


def test_without_execute_it_is_a_decorator() -> None:
    """As `add_sync_table` is."""
    pack = Pack()

    @pack.add_dynamic_sync_table(name="Forms", get_name=nothing, get_schema=nothing)
    def sync_forms(_args: Any, _context: Any) -> None:
        """Sync."""

    assert pack.sync_tables["Forms"].execute is sync_forms


@pytest.mark.parametrize(
    "fields",
    [
        {"get_schema": nothing},
        {"dynamic_options": {"getSchema": nothing, "entityName": "Form"}},
        {"dynamic_options": {"get_schema": nothing, "defaultAddDynamicColumns": False}},
        {"get_schema": nothing, "schema": ROW},
    ],
)
def test_a_table_of_fixed_identity_may_ask_for_its_schema(fields: Mapping[str, Any]) -> None:
    """By `get_schema` or `dynamicOptions`; it has no URL (C23)."""
    table = Pack().add_sync_table(name="Tasks", identity_name="Task", execute=nothing, **fields)
    assert table.dynamic is not None
    assert table.dynamic.get_schema is nothing
    assert not table.is_dynamic


def test_a_table_with_a_schema_is_static() -> None:
    """Nothing is asked for where nothing is to be asked."""
    table = Pack().add_sync_table(
        name="Tasks", identity_name="Task", schema=ROW, execute=nothing, dynamic_options={}
    )
    assert table.dynamic is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "neither a schema nor a get_schema"),
        ({"get_schema": nothing, "dynamic_options": {"getSchema": nothing}}, "given twice"),
        ({"dynamic_options": {"getSchemas": nothing}}, "unknown key 'getSchemas'"),
        ({"dynamic_options": {"getSchema": "schema"}}, "get_schema is 'schema'; it must be a fun"),
        ({"get_schema": lambda: None}, r"called with \(context, parameters\) or .* does not take"),
        ({"get_schema": nothing, "schema": {"type": "string"}}, "is an object"),
    ],
)
def test_a_table_of_fixed_identity_that_cannot_be(fields: Any, problem: str) -> None:
    """The error names the table and what is wrong, when the pack loads (C23, S1)."""
    with pytest.raises(PackDefinitionError, match=f"sync table 'Tasks': .*{problem}"):
        Pack().add_sync_table(name="Tasks", identity_name="Task", execute=nothing, **fields)


@pytest.mark.parametrize(
    "name",
    ["list_dynamic_urls", "search_dynamic_urls", "get_name", "get_display_url", "get_schema"],
)
def test_a_function_that_cannot_be_called_is_refused(name: str) -> None:
    """Its name and signature are in the error, when the pack loads (C23)."""
    with pytest.raises(PackDefinitionError, match=rf"'Forms': {name} is called with"):
        add_forms(Pack(), **{name: lambda: None})


def test_names_are_checked_as_for_other_tables() -> None:
    """No spaces, and identity names are unique in a pack (S1)."""
    pack = Pack()
    add_forms(pack, identity_name="Form")
    with pytest.raises(PackDefinitionError, match="the pack already has the table 'Forms'"):
        add_forms(pack)
    with pytest.raises(PackDefinitionError, match="'Form' is taken by the table 'Forms'"):
        pack.add_sync_table(name="F2", identity_name="Form", schema=ROW, execute=nothing)


def crawling(pack: Pack, table: str, key: str) -> Pack:
    """The pack with a child that crawls one of its tables."""
    strategy = {"parentTable": {"tableName": table, "propertyKey": key}}
    parameters: Any = [{"name": "parent", "type": "string", "crawlStrategy": strategy}]
    pack.add_sync_table(
        name="Child", identity_name="Child", schema=ROW, execute=nothing, parameters=parameters
    )
    return pack


def test_a_dynamic_table_cannot_be_crawled() -> None:
    """It stands for many tables, so it has no rows of its own (C20, C23)."""
    pack = Pack()
    add_forms(pack)
    with pytest.raises(PackDefinitionError, match="'Forms' cannot be crawled, because it is dyn"):
        check_crawling(crawling(pack, "Forms", "id").sync_tables)


def test_a_property_that_is_asked_for_may_be_crawled() -> None:
    """Which properties there are is only known at the sync (C20, C23)."""
    pack = Pack()
    pack.add_sync_table(name="Tasks", identity_name="T", get_schema=nothing, execute=nothing)
    check_crawling(crawling(pack, "Tasks", "custom").sync_tables)


def of_context(_context: object) -> None:
    """A get_schema that needs no parameters."""


def of_parameters(_context: object, _parameters: object) -> None:
    """A get_schema as ours."""


def as_in_the_original(_context: object, _search: object, _parameters: object) -> None:
    """A get_schema as the original SDK's."""


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (of_context, ("c",)),
        (of_parameters, ("c", {"p": 1})),
        (as_in_the_original, ("c", "", {"p": 1})),
        (nothing, ("c", {"p": 1})),
    ],
)
def test_get_schema_takes_what_it_needs(
    function: Callable[..., Any], arguments: tuple[Any, ...]
) -> None:
    """Context and parameters, also as the original SDK passes them (C23)."""
    assert schema_arguments(function, "c", {"p": 1}) == arguments


def test_a_list_without_folders_needs_no_parent() -> None:
    """But a folder cannot be asked of it (C23)."""

    def top(context: object) -> object:
        return context

    assert listing_arguments(top, "c", None) == ("c",)
    assert listing_arguments(nothing, "c", "folder") == ("c", "folder")
    with pytest.raises(PackDefinitionError, match="does not take"):
        listing_arguments(top, "c", "folder")


def test_urls_in_either_spelling() -> None:
    """`hasChildren` makes a folder; a text is its own name; nothing is no URLs (C23)."""
    returned = [
        {"display": "One", "value": "u1"},
        {"display": "All", "value": "u2", "hasChildren": True},
        {"display": "More", "value": "u3", "has_children": True},
        {"value": "u4"},
        "u5",
        DynamicUrl(display="Six", value="u6"),
    ]
    assert parse_urls(returned, "x") == [
        DynamicUrl(display="One", value="u1"),
        DynamicUrl(display="All", value="u2", has_children=True),
        DynamicUrl(display="More", value="u3", has_children=True),
        DynamicUrl(display="u4", value="u4"),
        DynamicUrl(display="u5", value="u5"),
        DynamicUrl(display="Six", value="u6"),
    ]
    assert parse_urls(None, "x") == []


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        ({"display": "One"}, "listing returned .* must be a list"),
        ([1], 'listing: item 0 is 1; it needs a "display" and a "value"'),
        (["u", {"display": "x"}], 'listing: item 1 has nothing as its "value"'),
        ([{"display": "x", "value": 7}], 'item 0 has 7 as its "value", which is a URL'),
        ([{"value": "u", "url": "v"}], "unknown key 'url'"),
    ],
)
def test_urls_that_are_none(returned: object, problem: str) -> None:
    """The error names the function and the item (C23)."""
    with pytest.raises(InvalidResultError, match=problem):
        parse_urls(returned, "listing")


@pytest.mark.parametrize("returned", [None, "", 3, ["name"]])
def test_a_name_is_a_text(returned: object) -> None:
    """Anything else is an error that names the function (C23)."""
    with pytest.raises(InvalidResultError, match=r"^get_name of Forms returned"):
        parse_text(returned, "get_name of Forms")


@pytest.mark.parametrize(
    "returned",
    [
        ROW,
        {"type": "object", "properties": {"id": {"type": "string"}}, "id": "id", "primary": "id"},
        make_schema(type="array", items=ROW),
        {"type": "array", "items": ROW},
    ],
)
def test_a_schema_may_be_a_mapping_or_an_array_of_objects(returned: object) -> None:
    """Older packs return an array; its objects are the rows (C23)."""
    schema = parse_schema(returned, WHAT)
    assert isinstance(schema, Schema)
    assert list(schema.properties) == ["id"]
    assert (schema.id_property, schema.display_property) == ("id", "id")


WHAT = f"get_schema of the table 'Forms' for {URL}"


def with_properties(**properties: str) -> dict[str, Any]:
    """A schema as a mapping, whose id is `id`."""
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "idProperty": "id",
        "displayProperty": "id",
    }


@pytest.mark.parametrize(
    ("returned", "problem"),
    [
        (None, r" returned nothing; return make_object_schema"),
        ("schema", r" returned 'schema'"),
        ({"type": "string"}, "the schema of a row is an object"),
        ({"type": "object", "properties": {"id": {"type": "string"}}}, "has no id_property"),
        (
            with_properties(id="string", Cost="number", cost="number"),
            "'Cost' and 'cost' .*case",
        ),
        (with_properties(id="string", _sync="string"), "'_sync' would hide a column"),
        (with_properties(id="boolean"), "ids are strings or numbers"),
        (with_properties(id="strin"), "schema.properties.id.type is 'strin'"),
    ],
)
def test_a_schema_is_checked_as_a_static_one_is(returned: object, problem: str) -> None:
    """S1, S3 and reserved columns; the error names the table and the URL (C23)."""
    with pytest.raises(InvalidResultError, match=rf"^get_schema of the table 'Forms' for {URL}.*"):
        parse_schema(returned, WHAT)
    with pytest.raises(InvalidResultError, match=problem):
        parse_schema(returned, WHAT)
