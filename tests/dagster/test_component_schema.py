"""What editors and `dg` know of `PackSyncComponent`: its JSON schema, and `dg scaffold defs`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pack_sync.dagster.component import PackSyncComponent
from tests.dagster.dagster_project import ProjectCopy, copy_project

COMPONENT = "pack_sync.PackSyncComponent"

PACK_WITH_CREDENTIALS = """
from pack_sdk import AuthenticationType, Pack, make_object_schema
pack = Pack()
pack.add_network_domain("example.com")
pack.set_authentication(type=AuthenticationType.WEB_BASIC, requires_endpoint_url=True)
THING = make_object_schema(
    properties={"id": {"type": "string"}}, id_property="id", display_property="id"
)
@pack.add_sync_table(name="Things", identity_name="Thing", schema=THING)
def sync_things(args, context):
    return {"result": []}
"""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The component's JSON schema, as `dg` hands it to editors."""
    model = PackSyncComponent.get_model_cls()
    assert model is not None
    return model.model_json_schema()


def properties_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property of the component and of its parts that are ours."""
    parts: dict[str, Any] = {"PackSyncComponent": schema}
    ours = ("Connection", "Table", "Sync", "Schedule", "Freshness", "Environment")
    parts |= {name: part for name, part in schema["$defs"].items() if name.startswith(ours)}
    assert len(parts) > 5
    for part, described in parts.items():
        for name, value in described["properties"].items():
            yield f"{part}.{name}", value


def test_every_key_is_described_in_the_schema(schema: dict[str, Any]) -> None:
    """Also those of connections, tables, syncs, schedules: an editor shows it beside the key."""
    bare = [name for name, value in properties_of(schema) if not value.get("description")]
    assert bare == []


def test_the_schema_knows_the_defaults(schema: dict[str, Any]) -> None:
    """So that an editor shows them, and only `pack` is required."""
    assert schema["required"] == ["pack"]
    assert schema["properties"]["attempts"]["default"] == 3
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("attributes", [{"attempts": 0}, {"max_rejected_share": 1.5}, {"pak": "x"}])
def test_a_value_out_of_range_is_refused(attributes: dict[str, Any]) -> None:
    """Limits hold when the file is loaded, with the key's name in the error."""
    model = PackSyncComponent.get_model_cls()
    assert model is not None
    with pytest.raises(ValidationError, match=next(iter(attributes))):
        model.model_validate({"pack": "demo", **attributes})


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A copy of the project in which `dg scaffold defs` has written two files."""
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    (copy.folder / "packs" / "acme").mkdir()
    (copy.folder / "packs" / "acme" / "__init__.py").touch()
    (copy.folder / "packs" / "acme" / "pack.py").write_text(PACK_WITH_CREDENTIALS)
    done = copy.run("dg", "scaffold", "defs", COMPONENT, "crm", "--pack", "acme")
    assert done.returncode == 0, done.stdout + done.stderr
    return copy


def defs_yaml(copy: ProjectCopy, name: str) -> Path:
    """The file that was written."""
    return copy.folder / "sync_assets" / "defs" / name / "defs.yaml"


def test_dg_scaffolds_what_the_pack_needs(scaffolded: ProjectCopy) -> None:
    """No credentials: how an account is connected, or variables named, is in comments."""
    text = defs_yaml(scaffolded, "crm").read_text()
    assert yaml.safe_load(text) == {"type": COMPONENT, "attributes": {"pack": "acme"}}
    assert "packsync connect acme" in text
    hints = text[text.index("  # connections:") :].replace("  # ", "  ").split("\n\n")[0]
    assert yaml.safe_load(hints) == {
        "connections": {
            "default": {
                "endpoint": "https://example.com",
                "credentials": {
                    "username": {"env": "ACME_USERNAME"},
                    "password": {"env": "ACME_PASSWORD"},
                },
            }
        }
    }
    assert "#   Things:" in text
    assert "packsync settings" in text
    assert "docs/" not in text, "which the project may not have"


def test_what_was_scaffolded_passes_dgs_checks(scaffolded: ProjectCopy) -> None:
    """`dg check yaml` and `dg list defs` take the file as it is."""
    checked = scaffolded.run("dg", "check", "yaml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    listed = scaffolded.run("dg", "list", "defs", "--json")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assets = json.loads(listed.stdout[listed.stdout.index("{") :])["assets"]
    assert "acme/Things" in {asset["asset_key"] for asset in assets}
    assert "secret-1" not in listed.stdout + checked.stdout


def test_scaffolding_an_unknown_pack_names_the_choices(scaffolded: ProjectCopy) -> None:
    """Without a traceback; nothing is left that would be in the way of every later load."""
    done = scaffolded.run("dg", "scaffold", "defs", COMPONENT, "other", "--pack", "acmee")
    assert done.returncode != 0
    assert "there is no pack 'acmee'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not defs_yaml(scaffolded, "other").parent.exists()


def test_dgs_help_shows_the_options(scaffolded: ProjectCopy) -> None:
    """With typer 0.26 or later it shows none, of no command (dagster issue 33893)."""
    done = scaffolded.run("dg", "scaffold", "defs", COMPONENT, "--help")
    assert "--pack" in done.stdout
