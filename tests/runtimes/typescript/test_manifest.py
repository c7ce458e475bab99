"""What a pack declares, read from the pack itself into a `Pack`."""

import json
from typing import Any

import pytest

from pack_sdk import PackDefinitionError, ParameterType
from pack_sdk.authentication import AuthenticationType
from pack_sdk.crawl import crawl_of
from pack_sdk.parameters import UNSET
from pack_sync.runtimes.typescript.manifest import read_manifest
from tests.runtimes.typescript.packs import Bench, one_table

SCHEMA = {
    "type": "object",
    "idProperty": "Id",
    "displayProperty": "Id",
    "identity": {"name": "Task"},
    "properties": {"Id": {"type": "string", "fromKey": "id", "originalKey": "id"}},
}


def manifest(**fields: Any) -> dict[str, Any]:
    """A manifest with one table, as the child writes it."""
    table = {"name": "Tasks", "identityName": "Task", "schema": SCHEMA, "getter": {}}
    return {"networkDomains": [], "authentication": None, "tables": [table | fields]}


def parameter(**fields: Any) -> Any:
    """The only parameter of a table, as it is read."""
    declared = {"name": "p", "type": 0, **fields}
    pack = read_manifest(manifest(getter={"parameters": [declared]}))
    return pack.sync_tables["Tasks"].parameters[0]


def test_what_a_bundle_declares(bench: Bench) -> None:
    """Tables, schemas, domains: all from the pack itself, with the SDK's names of properties."""
    pack = bench.pack(one_table("return", more='description: "All tasks."'))
    table = pack.sync_tables["Tasks"]
    assert pack.network_domains == ["example.com"]
    assert (table.identity_name, table.description, table.id_property) == (
        "Task", "All tasks.", "Id",
    )  # fmt: skip
    assert {name: table.schema.field_of(name) for name in table.schema.properties} == {
        "Id": "id", "TaskName": "task_name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (0, ParameterType.STRING), (1, ParameterType.NUMBER), (3, ParameterType.BOOLEAN),
        (4, ParameterType.DATE), (9, ParameterType.EMAIL),
        ({"type": "array", "items": 4}, ParameterType.DATE_ARRAY),
        ({"type": "array", "items": 0, "allowEmpty": True}, ParameterType.SPARSE_STRING_ARRAY),
    ],
)  # fmt: skip
def test_types_of_parameters(declared: Any, expected: ParameterType) -> None:
    """The SDK's numbers, and its arrays of them."""
    assert parameter(type=declared).type is expected


@pytest.mark.parametrize("declared", [17, "string", None, {"type": "array"}])
def test_an_unknown_type(declared: Any) -> None:
    """The error names table and parameter."""
    with pytest.raises(PackDefinitionError, match="sync table 'Tasks': parameter 'p' has the unkn"):
        parameter(type=declared)


def test_what_is_read_of_a_parameter() -> None:
    """What matters for a sync; the rest is a matter of display."""
    read = parameter(
        description="d", optional=True, defaultValue="a", supportsIncrementalSync=False,
        autocomplete={"execute": True}, allowManualInput=True, aNewKey=1,
    )  # fmt: skip
    assert (read.description, read.optional, read.suggested_value) == ("d", True, "a")
    assert read.hidden
    assert read.autocomplete is not None
    assert parameter().autocomplete is None
    assert parameter().suggested_value is UNSET
    assert parameter(suggestedValue=None).suggested_value is None


def test_crawled_parameters() -> None:
    """As the SDK leaves them, with the property's normalised name (contract C20)."""
    declared = manifest(
        getter={
            "parameters": [
                {
                    "name": "p",
                    "type": 0,
                    "crawlStrategy": {"parentTable": {"tableName": "Lists", "propertyKey": "Id"}},
                }
            ]
        }
    )
    crawl = crawl_of(read_manifest(declared).sync_tables["Tasks"])
    assert crawl is not None
    assert (crawl.parent_table, crawl.properties) == ("Lists", {"p": "Id"})


@pytest.mark.parametrize(
    ("declared", "kind", "keys"),
    [
        ({"type": "HeaderBearerToken", "instructionsUrl": "x"}, "HeaderBearerToken", ("token",)),
        ({"type": "CodaApiHeaderBearerToken"}, "HeaderBearerToken", ("token",)),
        (
            {"type": "Custom", "params": [{"name": "key", "description": "k", "aNewKey": 1}]},
            "Custom",
            ("key",),
        ),
        ({"type": "WebBasic", "uxConfig": {"usernameOnly": True}}, "WebBasic", ("username",)),
        ({"type": "OAuth2", "authorizationUrl": "https://x/a"}, "HeaderBearerToken", ("token",)),
        (
            {"type": "OAuth2", "tokenUrl": "https://x/t", "scopes": ["a"], "pkce": True},
            "OAuth2",
            ("client_id", "client_secret", "refresh_token"),
        ),
        ({"type": "Various"}, "None", ()),
        ({"type": "None"}, "None", ()),
    ],
)
def test_authentication(declared: Any, kind: str, keys: tuple[str, ...]) -> None:
    """The kinds of the SDK (contract A1); a pack that registers itself gets a token instead."""
    authentication = read_manifest({**manifest(), "authentication": declared}).authentication
    assert authentication.type is AuthenticationType(kind)
    assert authentication.credential_keys == keys


def test_what_connecting_an_account_needs() -> None:
    """Its fields are read, and steps of `postSetup` are functions in the child (contract A9)."""
    step = {"type": "SetEndPoint", "name": "site", "description": "Which?", "getOptions": True}
    declared = {
        "type": "OAuth2", "authorizationUrl": "https://x/a", "tokenUrl": "https://x/t",
        "additionalParams": {"prompt": "consent", "offline": True}, "endpointKey": "url",
        "instructionsUrl": "https://x/help", "resource": "urn:x", "postSetup": [step],
        "deviceAuthorizationUrl": "https://x/d", "revocationUrl": "https://x/r",
    }  # fmt: skip
    found = read_manifest({**manifest(), "authentication": declared}).authentication
    assert found.additional_params == {"prompt": "consent", "offline": "true"}
    assert (found.endpoint_key, found.resource) == ("url", "urn:x")
    assert (found.device_authorization_url, found.revocation_url) == ("https://x/d", "https://x/r")
    assert [(each.name, each.description) for each in found.post_setup] == [("site", "Which?")]


def test_authentication_that_is_not_supported() -> None:
    """The error has the type and those that are."""
    declared = {**manifest(), "authentication": {"type": "AWSAssumeRole"}}
    with pytest.raises(PackDefinitionError, match="type AWSAssumeRole, which is not supp"):
        read_manifest(declared)


def test_schemas_of_later_versions_of_the_sdk() -> None:
    """Keys and hints that are not known here are left out, at any depth."""
    schema = json.loads(json.dumps(SCHEMA))
    schema["properties"]["Id"] |= {"codaType": "aNewHint", "aNewKey": {"x": 1}}
    schema["properties"]["People"] = {
        "type": "array",
        "items": {"type": "object", "codaType": "person", "aNewKey": 1, "properties": {}},
    }
    table = read_manifest(manifest(schema=schema)).sync_tables["Tasks"]
    assert table.schema.properties["Id"].hint is None
    people = table.schema.properties["People"].items
    assert people is not None
    assert people.hint == "person"


def test_properties_with_names_of_our_columns() -> None:
    """`_sync` is a column of ours: the property gets another name and keeps its field."""
    properties = {
        "_run_id": {"type": "string", "fromKey": "run"},
        "Id": {"type": "string", "fromKey": "id"},
        "_sync": {"type": "string"},
    }
    schema = {**SCHEMA, "idProperty": "_run_id", "properties": properties}
    table = read_manifest(manifest(schema=schema)).sync_tables["Tasks"]
    assert table.id_property == "_run_id_"
    fields = {name: table.schema.field_of(name) for name in table.schema.properties}
    assert fields == {"_run_id_": "run", "Id": "id", "_sync_": "_sync"}


def test_dynamic_tables() -> None:
    """Which functions a table has is known without asking for them (contract C23)."""
    pack = read_manifest(
        manifest(isDynamic=True, getSchema={"execute": True}, listDynamicUrls={"execute": True})
    )
    table = pack.sync_tables["Tasks"]
    assert table.is_dynamic
    assert table.dynamic is not None
    assert table.dynamic.list_dynamic_urls is not None
    assert table.dynamic.search_dynamic_urls is None
    fixed = read_manifest(manifest(getSchema={"execute": True})).sync_tables["Tasks"]
    assert not fixed.is_dynamic
    assert fixed.dynamic is not None
    assert fixed.schema.properties


def test_the_functions_are_in_the_child() -> None:
    """What stands for them here cannot be called by mistake."""
    table = read_manifest(manifest()).sync_tables["Tasks"]
    with pytest.raises(TypeError, match="runs in its child"):
        table.execute([], None)


def test_an_identity_where_older_versions_have_it() -> None:
    """In the schema."""
    declared = manifest(identityName=None)
    assert read_manifest(declared).sync_tables["Tasks"].identity_name == "Task"
