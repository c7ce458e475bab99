"""The types of dictionaries: an editor accepts what is right, and underlines what is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pack_sdk.dictionaries import PropertyDefinition, SyncCompletion, SyncPage
from pack_sdk.results import parse_result
from pack_sdk.schemas import make_object_schema

ROOT = Path(__file__).resolve().parents[2]

GOOD = """
from typing import Any
from pack_sdk import (
    Pack, ParameterFields, PropertyDefinition, SyncExecutionContext, SyncPage, make_object_schema
)

PROPERTIES: dict[str, PropertyDefinition] = {
    "id": {"type": "string"},
    "due": {"type": "string", "hint": "date", "from_key": "dueDate"},
}
PARAMETERS: list[ParameterFields] = [
    {
        "name": "team",
        "type": "string",
        "autocomplete": [{"display": "A", "value": "a"}],
        "crawl_strategy": {"parent_table": {"table_name": "Teams", "property_key": "id"}},
    }
]
pack = Pack()
pack.set_authentication(type="HeaderBearerToken", network_domain="api.example.com")
ITEM = make_object_schema(properties=PROPERTIES, id_property="id", display_property="id")

@pack.add_sync_table(
    name="Items",
    identity_name="Item",
    schema=ITEM,
    parameters=PARAMETERS,
)
def sync_items(args: list[Any], context: SyncExecutionContext) -> SyncPage:
    context.fetcher.fetch(url="/items", cache_ttl_secs=5)
    if context.sync.continuation is None:
        return {"result": [], "continuation": {"page": 2}, "deleted_row_ids": ["a"]}
    return {"result": [], "completion": {"incremental_continuation": {"since": 1}}}
"""
MISSPELT = {
    "continuation": "continuaton",
    "from_key": "form_key",
    "network_domain": "network_domian",
    "crawl_strategy": "crawl_stratgy",
    "cache_ttl_secs": "cache_ttl",
    "display_property": "dispaly_property",
}


def errors_of(folder: Path, source: str) -> list[str]:
    """What a type checker says of a pack."""
    (folder / "pack.py").write_text(source)
    (folder / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "extraPaths": [str(ROOT)]})
    )
    done = subprocess.run(  # noqa: S603 - our own environment's
        [Path(sys.executable).with_name("pyright"), "--outputjson", "--pythonpath", sys.executable],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [each["message"] for each in json.loads(done.stdout)["generalDiagnostics"]]


def test_a_right_pack_has_no_errors(tmp_path: Path) -> None:
    """In the checker's strictest mode."""
    assert errors_of(tmp_path, GOOD) == []


def test_misspelt_keys_are_found(tmp_path: Path) -> None:
    """Each by its name."""
    bad = GOOD
    for right, wrong in MISSPELT.items():
        bad = bad.replace(f'"{right}"', f'"{wrong}"').replace(f"{right}=", f"{wrong}=")
    found = "\n".join(errors_of(tmp_path, bad))
    assert [wrong for wrong in MISSPELT.values() if f'"{wrong}"' not in found] == []


@pytest.mark.parametrize("key", [*SyncPage.__annotations__])
def test_the_keys_of_a_page_are_those_that_count(key: str) -> None:
    """A key that the types offer is one that `execute` may return."""
    parse_result({"result": [], key: [] if key.startswith(("result", "deleted")) else None})


@pytest.mark.parametrize("key", [*SyncCompletion.__annotations__])
def test_the_keys_of_a_completion_are_those_that_count(key: str) -> None:
    """As above, of the last page."""
    parse_result({"result": [], "completion": {key: True}})


def test_the_keys_of_a_property_are_those_of_a_schema() -> None:
    """None is unknown to `make_object_schema`."""
    items = {"type": "string"}
    values = {"type": "object", "items": items, "properties": {"id": items}}
    given = {key: values.get(key) for key in PropertyDefinition.__annotations__}
    assert make_object_schema(given).properties["id"].type == "string"
