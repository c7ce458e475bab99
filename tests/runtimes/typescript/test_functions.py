"""The functions of a table beside `execute`, which the SDK wraps as formulas of two texts."""

from typing import Any

import pytest

from pack_sdk import Choice, DynamicUrl, InvalidResultError, PackDefinitionError, SyncState
from tests.runtimes.typescript.packs import Bench, one_table


def formula(body: str) -> str:
    """A function of `(context, search, parameters)` as the SDK's build leaves it."""
    return f"""{{execute: async ([search, parameters], context) => {{
        parameters = JSON.parse(parameters || "{{}}"); {body} }}}}"""


def dynamic_table(**functions: str) -> str:
    """A bundle with a dynamic table that has these functions."""
    fields = ", ".join(f"{name}: {formula(body)}" for name, body in functions.items())
    return one_table("return {result: [context.sync.dynamicUrl, context.sync.schema]}").replace(
        'name: "Tasks", identityName', f'isDynamic: true, {fields}, name: "Tasks", identityName'
    )


SCHEMA = (
    "return {type: 'array', items: {type: 'object', idProperty: 'id', displayProperty: 'id',"
    " newKeyOfTheSdk: 1, properties: {id: {type: 'string', codaType: 'aNewHint'},"
    " n: {type: 'number', fromKey: parameters.key || search || context.sync.dynamicUrl}}}}"
)


def test_validate_parameters(bench: Bench) -> None:
    """It is given the parameters by name (contract C21)."""
    source = one_table("return", parameters='[{name: "team", type: 0}]').replace(
        "async execute", "validateParameters: " + formula(
            "return {isValid: false, message: `no team ${parameters.team}`, errors: []};"
        ) + ", async execute",
    )  # fmt: skip
    answer = bench.open(source).validate_parameters(["x"], SyncState())
    assert answer == {"isValid": False, "message": "no team x", "errors": []}


def test_a_table_without_validate_parameters(bench: Bench) -> None:
    """Then there is nothing to say."""
    assert bench.open(one_table("return")).validate_parameters([], SyncState()) is None


@pytest.mark.parametrize(
    ("body", "choices"),
    [
        ("return [search, parameters.other];", [Choice("bl", "bl"), Choice("x", "x")]),
        ("return [{display: 'A', value: 'a'}];", [Choice("A", "a")]),
        ("return;", []),
    ],
)
def test_autocomplete(bench: Bench, body: str, choices: list[Any]) -> None:
    """It is given the searched text and the other parameters (contract P)."""
    parameters = (
        f'[{{name: "team", type: 0, autocomplete: {formula(body)}}}, {{name: "other", type: 0}}]'
    )
    session = bench.open(one_table("return", parameters=parameters))
    assert session.autocomplete("team", "bl", [None, "x"]) == choices
    assert session.autocomplete("other", "", [None, None]) == []


def test_the_schema_of_a_dynamic_table(bench: Bench) -> None:
    """An array stands for its items; keys and hints that are not known here are left out (C23)."""
    session = bench.open(dynamic_table(getSchema=SCHEMA, getName="return 'x'"))
    schema = session.get_schema(SyncState(dynamic_url="https://x/1", parameters={}))
    assert schema.field_of("n") == "https://x/1"
    assert schema.properties["id"].hint is None
    keyed = session.get_schema(SyncState(parameters={"key": "k"}))
    assert keyed.field_of("n") == "k"


def test_execute_is_given_url_and_schema(bench: Bench) -> None:
    """As `context.sync.dynamicUrl` and, as an array, `context.sync.schema`."""
    session = bench.open(dynamic_table(getSchema=SCHEMA, getName="return 'x'"))
    schema = session.get_schema(SyncState(dynamic_url="u"))
    page = session.execute([], SyncState(dynamic_url="u", schema=schema))
    assert page.rows == (
        b'"u"\n{"type":"array","items":{"type":"object","idProperty":"id","displayProperty":"id",'
        b'"properties":{"id":{"type":"string"},"n":{"type":"number","fromKey":"u"}}}}\n'
    )


def test_what_can_be_chosen(bench: Bench) -> None:
    """Lists, folders, searches, names and addresses (contract C23)."""
    session = bench.open(
        dynamic_table(
            getSchema=SCHEMA,
            listDynamicUrls=(
                "return search ? [] : [{display: 'A', value: '/a', hasChildren: true}];"
            ),
            searchDynamicUrls="return [{display: search, value: '/s'}];",
            getName="return `the name of ${context.sync.dynamicUrl}`;",
            getDisplayUrl="return `https://x${context.sync.dynamicUrl}`;",
        )
    )
    assert session.list_dynamic_urls() == [DynamicUrl(display="A", value="/a", has_children=True)]
    assert session.list_dynamic_urls("/a") == []
    assert session.search_dynamic_urls("b") == [DynamicUrl(display="b", value="/s")]
    assert session.get_name("/a") == "the name of /a"
    assert session.get_display_url("/a") == "https://x/a"


def test_functions_that_a_dynamic_table_lacks(bench: Bench) -> None:
    """Without a search the list is searched; without an address the URL is it; others fail."""
    listed = bench.open(
        dynamic_table(getSchema=SCHEMA, listDynamicUrls="return [{display: 'Abc', value: '/a'}]")
    )
    assert [url.value for url in listed.search_dynamic_urls("B")] == ["/a"]
    assert listed.search_dynamic_urls("x") == []
    assert listed.get_display_url("/a") == "/a"
    with pytest.raises(PackDefinitionError, match="the table 'Tasks' has no getName"):
        listed.get_name("/a")
    bare = bench.open(dynamic_table(getSchema=SCHEMA))
    with pytest.raises(PackDefinitionError, match="has no listDynamicUrls"):
        bare.list_dynamic_urls()


def test_a_schema_that_is_none(bench: Bench) -> None:
    """The error names table and URL."""
    session = bench.open(dynamic_table(getSchema="return {type: 'string'}"))
    with pytest.raises(InvalidResultError, match="getSchema of the table 'Tasks' for /a"):
        session.get_schema(SyncState(dynamic_url="/a"))


def test_the_name_of_the_connection(bench: Bench) -> None:
    """Asked of no table; a pack that does not say has none (contract A1)."""
    authentication = f"""exports.pack.defaultAuthentication = {{
        type: "HeaderBearerToken", getConnectionName: {
        formula("return (await context.fetcher.fetch({method: 'GET', url: '/me'})).body;")
    }}};"""
    assert bench.runtime(one_table("return") + authentication).connection_name(
        bench.environment()
    ) == "/me"  # fmt: skip
    assert bench.runtime(one_table("return")).connection_name(bench.environment()) is None


def test_a_static_table_has_no_schema_to_ask_for(bench: Bench) -> None:
    """The error says so."""
    session = bench.open(one_table("return"))
    with pytest.raises(PackDefinitionError, match="'Tasks' is static: no getSchema"):
        session.get_schema(SyncState())
    with pytest.raises(PackDefinitionError, match="is static: no listDynamicUrls"):
        session.list_dynamic_urls()


def test_the_endpoints_that_an_account_may_use(bench: Bench) -> None:
    """A step of `postSetup` lists them in the child, by the step's name (contract A9)."""
    body = "return [{display: context.endpoint || 'Site', value: 'https://a.example.com'}];"
    source = (
        one_table("return")
        + f"""
exports.pack.defaultAuthentication = {{
    type: "OAuth2", authorizationUrl: "https://x.example/a", tokenUrl: "https://x.example/t",
    postSetup: [
        {{type: "SetEndPoint", name: "other", getOptions: {formula("return [];")}}},
        {{type: "SetEndPoint", name: "site", getOptions: {formula(body)}}},
    ],
}};
"""
    )
    runtime = bench.runtime(source)
    steps = bench.pack(source).authentication.post_setup
    environment = bench.environment()
    found = [runtime.endpoint_options(step, environment) for step in steps]
    assert found == [[], [Choice("Site", "https://a.example.com")]]
