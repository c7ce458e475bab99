"""Sync tables as the original SDK writes them; functions with fewer arguments (S1, C21, C22)."""

from typing import Any

import pytest

from pack_sdk import Pack, PackDefinitionError, make_object_schema
from pack_sdk.testing import MockFetcher, execute_sync_table

ROW = make_object_schema(
    properties={"id": {"type": "string"}}, id_property="id", display_property="id"
)


def sync_rows(args: list[Any], _context: Any) -> dict[str, Any]:
    """One row that tells what was given."""
    return {"result": [{"id": f"{args}"}]}


def ask(_context: Any) -> Any:
    """A function that takes only a context."""


def take_nothing() -> None:
    """A function that takes nothing."""


DEFINITION: dict[str, Any] = {
    "name": "Tasks",
    "displayName": "My tasks",
    "identityName": "Task",
    "schema": ROW,
    "connectionRequirement": "required",
    "formula": {
        "name": "SyncTasks",
        "description": "Sync tasks.",
        "instructions": "for a model",
        "extraOAuthScopes": ["x"],
        "parameters": [{"name": "limit", "type": "number", "fullSyncSuggestedValue": 5}],
        "execute": sync_rows,
        "executeUpdate": sync_rows,
        "maxUpdateBatchSize": 10,
    },
}


def test_a_table_as_the_original_sdk_writes_it() -> None:
    """One mapping, camelCase, a formula; what is for display, actions and edits is left out."""
    pack = Pack()
    table = pack.add_sync_table(DEFINITION)
    assert table is pack.sync_tables["Tasks"]
    assert (table.identity_name, table.description) == ("Task", "Sync tasks.")
    assert execute_sync_table(pack, "Tasks", fetcher=MockFetcher()).rows == [{"id": "[5]"}]


def test_camel_case_keywords_and_a_decorator() -> None:
    """Both spellings are one key."""
    pack = Pack()

    @pack.add_sync_table({"name": "Tasks", "schema": ROW}, identityName="Task")
    def execute(_args: list[Any], _context: Any) -> None:
        """No rows."""

    assert pack.sync_tables["Tasks"].execute is execute


def test_a_dynamic_table_as_the_original_sdk_writes_it() -> None:
    """Its functions are beside the formula (C23)."""
    pack = Pack()
    table = pack.add_dynamic_sync_table(
        {
            "name": "Forms",
            "identityName": "Form",
            "entityName": "Row",
            "defaultAddDynamicColumns": False,
            "placeholderSchema": ROW,
            "getName": ask,
            "getSchema": ask,
            "getDisplayUrl": ask,
            "formula": {"name": "Sync", "description": "d", "execute": sync_rows},
        }
    )
    assert table.is_dynamic
    assert table.dynamic.get_display_url


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"identitName": "x"}, "unknown key 'identitName'; did you mean 'identity_name'? It may"),
        ({"getName": print}, "sync table 'Tasks' has the unknown key 'getName'"),
        ({"formula": 5}, "the formula of the sync table 'Tasks' is 5; write a mapping"),
        ({"formula": {"excute": 1}}, "unknown key 'excute'; did you mean 'execute'?"),
        ({"execute": sync_rows}, "has execute, which the table has as well"),
        ({"name": None}, "`name` is its name, a text"),
        ({"identityName": None}, "identity_name is missing"),
        ({"schema": None}, "neither a schema nor a get_schema"),
        ({"schema": "x"}, "sync table 'Tasks': schema is 'x'; write make_schema"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str) -> None:
    """With the table, the key and the nearest one that there is."""
    with pytest.raises(PackDefinitionError) as caught:
        Pack().add_sync_table({**DEFINITION, **changes})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "function", "message"),
    [
        ("execute", ask, "execute is called with (args, context), which"),
        ("execute", "sync", "execute is 'sync'; it must be a function"),
        ("on_error", take_nothing, "on_error is called with (context, error) or (error), which"),
        ("validate_parameters", take_nothing, "validate_parameters is called with (context, par"),
    ],
)
def test_functions_that_cannot_be_called_fail_when_the_pack_loads(
    key: str, function: Any, message: str
) -> None:
    """Rather than in the first sync that needs them."""
    fields = {"execute": sync_rows, key: function}
    with pytest.raises(PackDefinitionError) as caught:
        Pack().add_sync_table({"name": "T", "identity_name": "T", "schema": ROW}, **fields)
    assert message in str(caught.value)


def test_functions_may_be_written_as_in_the_original_sdk() -> None:
    """`validateParameters(context, _, parameters)` and `onError(error)` (C21, C22)."""
    seen: list[Any] = []

    def fail(_args: list[Any], _context: Any) -> None:
        raise ValueError("no")

    def validate(_context: Any, _: str, parameters: dict[str, Any]) -> None:
        seen.append(parameters)

    def keep(error: Exception) -> None:
        seen.append(str(error))

    pack = Pack()
    formula: dict[str, Any] = {
        "parameters": [{"name": "a", "type": "string", "suggestedValue": "x"}],
        "execute": fail,
        "validateParameters": validate,
        "onError": keep,
    }
    pack.add_sync_table({"name": "T", "identityName": "T", "schema": ROW, "formula": formula})
    with pytest.raises(ValueError, match="no"):
        execute_sync_table(pack, "T", fetcher=MockFetcher())
    assert seen == [{"a": "x"}, "no"]
