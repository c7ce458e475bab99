"""A pack's tables and domains, checked when it loads (contract S1, S3, F4)."""

from typing import Any

import pytest

from pack_sdk import Pack, PackDefinitionError, Schema, make_object_schema, make_parameter
from pack_sdk.results import SyncResult


def row_schema(**fields: Any) -> Schema:
    given: dict[str, Any] = {
        "id_property": "id",
        "display_property": "id",
        "properties": {"id": {"type": "string"}},
    }
    return make_object_schema({**given, **fields})


def nothing(_args: list[Any], _context: Any) -> SyncResult:
    return SyncResult()


def add(pack: Pack, **fields: Any) -> None:
    given: dict[str, Any] = {"name": "Tasks", "identity_name": "Task", "schema": row_schema()}
    given |= {"execute": nothing, **fields}
    pack.add_sync_table(**given)


def test_a_table_is_kept_under_its_name() -> None:
    """A sound table is there under its name, with the id property of its schema (S1)."""
    pack = Pack()
    add(pack, parameters=[{"name": "p", "type": "string"}], description="d")
    table = pack.sync_tables["Tasks"]
    assert (table.identity_name, table.id_property, table.description) == ("Task", "id", "d")
    assert table.parameters == [make_parameter(name="p", type="string")]
    assert table.execute is nothing


def test_add_sync_table_is_also_a_decorator() -> None:
    """Without `execute` it decorates that function and returns it unchanged (C1)."""
    pack = Pack()
    decorated = pack.add_sync_table(name="T", identity_name="T", schema=row_schema())(nothing)
    assert decorated is nothing
    assert pack.sync_tables["T"].execute is nothing


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "My Tasks"}, "sync table 'My Tasks': a name has no spaces"),
        ({"name": "a\tb"}, "a name has no spaces"),
        ({"name": ""}, "sync table '': a name has no spaces and is not empty"),
        ({"identity_name": ""}, "identity_name is missing"),
        ({"schema": row_schema(id_property=None)}, "the schema has no id_property"),
        ({"schema": row_schema(display_property=None)}, "the schema has no display_property"),
        ({"schema": {"type": "string"}}, "the schema of a row is an object"),
        ({"schema": {"type": "nonsense"}}, "sync table 'Tasks': schema.type is 'nonsense'"),
        ({"parameters": [{"name": "9", "type": "string"}]}, "sync table 'Tasks': parameter '9'"),
        (
            {
                "parameters": [
                    {"name": "a", "type": "string", "optional": True},
                    {"name": "b", "type": "string"},
                ]
            },
            "the required parameter 'b' follows the optional 'a'",
        ),
    ],
)
def test_a_table_that_cannot_be(fields: dict[str, Any], message: str) -> None:
    """What the contract asks of a table is checked as it is added, naming it (S1, P)."""
    pack = Pack()
    with pytest.raises(PackDefinitionError) as caught:
        add(pack, **fields)
    assert message in str(caught.value)
    assert not pack.sync_tables


@pytest.mark.parametrize("other", ["Tasks", "tasks"])
def test_table_names_are_unique_without_case(other: str) -> None:
    """DuckDB compares names without case, so two tables may not differ by case only (S1)."""
    pack = Pack()
    add(pack)
    with pytest.raises(PackDefinitionError, match="already has the table 'Tasks'"):
        add(pack, name=other, identity_name="Other")


def test_identity_names_are_unique() -> None:
    """Two tables with one identity name are an error that names the first (S1)."""
    pack = Pack()
    add(pack)
    with pytest.raises(PackDefinitionError, match="'Task' is taken by the table 'Tasks'"):
        add(pack, name="Others")


@pytest.mark.parametrize(
    "name", ["_sync", "_changed_at", "_run_id", "_unknown_properties", "_SYNC"]
)
def test_columns_of_the_engine_are_reserved(name: str) -> None:
    """A property may not hide a column of ours, in any case; `from_key` is the remedy (S3)."""
    properties = {"id": {"type": "string"}, name: {"type": "string"}}
    with pytest.raises(PackDefinitionError, match=f"'{name}' would hide a column") as caught:
        add(Pack(), schema=row_schema(properties=properties))
    assert "from_key" in str(caught.value)


def test_a_nested_property_may_have_a_reserved_name() -> None:
    """Only columns of the table can be hidden (S3)."""
    nested = {"type": "object", "properties": {"_sync": {"type": "string"}}}
    pack = Pack()
    add(pack, schema=row_schema(properties={"id": {"type": "string"}, "o": nested}))
    assert "Tasks" in pack.sync_tables


def test_domains_are_host_names_in_lower_case() -> None:
    """Host names without case, several at once (F4)."""
    pack = Pack()
    pack.add_network_domain("API.Example.com", "localhost")
    assert pack.network_domains == ["api.example.com", "localhost"]


@pytest.mark.parametrize(
    "domain", ["https://example.com", "example.com/x", "example.com:443", "", "*.example.com", "a."]
)
def test_a_domain_is_nothing_but_a_host_name(domain: str) -> None:
    """Scheme, port, path and wildcards are errors that say so (F4)."""
    with pytest.raises(PackDefinitionError, match="is not a host name"):
        Pack().add_network_domain(domain)
