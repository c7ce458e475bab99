"""Mistakes in the keys of a defs.yaml: line, key, the nearest right key, and no value."""

import pytest

from pack_sync.dagster.broken_packs import VALIDATING
from pack_sync.project import ConfigurationError
from tests.dagster import dagster_project
from tests.dagster.dagster_project import COMPONENT, DagsterProject
from tests.dagster.test_broken_packs import WITH_LOAD_PACKS

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

OTHER = f"type: {COMPONENT}\nattributes:\n  pack: globex\n---\n"


def reason(project: DagsterProject, text: str) -> str:
    """What is said of a defs.yaml with these attributes, and when it is checked."""
    project.write(f"{project.module}/definitions.py", WITH_LOAD_PACKS)
    file = project.write(f"{project.module}/defs/acme/defs.yaml", text)
    (spec,) = project.definitions().resolve_all_asset_specs()
    project.monkeypatch.setenv(VALIDATING, "1")
    with pytest.raises(ConfigurationError) as refusal:
        project.definitions()
    checked = str(refusal.value)
    assert checked in (spec.description or "")
    assert checked.startswith(f"{file}: ")
    return checked.removeprefix(f"{file}: ")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["pak: demo", "pack: acme"], "attributes.pak (line 3): no key 'pak'; mean 'pack'?"),
        (
            ["pak: demo"],
            "attributes.pack (line 2): this key is required; "
            "attributes.pak (line 3): no key 'pak'; mean 'pack'?",
        ),
        (
            ["pack: acme", "tables:", "  Items: {}", "  a.b:", "    bad_value: null"],
            "attributes.tables.a.b.bad_value (line 7): no key 'bad_value'; mean 'bad_values'?",
        ),
        (
            ["pack: acme", "tables:", "  '*':", "    syncs:", "      eu:", "        zzz: 1"],
            "attributes.tables.*.syncs.eu.zzz (line 8): no key 'zzz'; "
            "choose from connection, parameters",
        ),
        (
            ["pack: acme", "schedule:", "  enabled: true", "  timezone: UTC"],
            "attributes.schedule.timezone (line 6): no key 'timezone'; mean 'time_zone'?",
        ),
        (
            ["pack: acme", "translation:", "  group_nam: x"],
            "attributes.translation.group_nam (line 5): no key 'group_nam'; mean 'group_name'?",
        ),
    ],
)
@pytest.mark.parametrize("before", ["", OTHER], ids=["alone", "second document"])
def test_a_wrong_key_is_named_with_its_line_and_the_nearest(
    project: DagsterProject, lines: list[str], said: str, before: str
) -> None:
    """Wherever in the file it is, also below what may be a template."""
    for number in range(8, 1, -1) if before else ():
        said = said.replace(f"line {number})", f"line {number + 4})")
    said = said.replace("no key", "there is no key").replace("mean", "did you mean")
    text = f"type: {COMPONENT}\nattributes:\n" + "".join(f"  {line}\n" for line in lines)
    assert reason(project, before + text) == said


def test_no_value_of_the_file_is_quoted(project: DagsterProject) -> None:
    """It may be a credential, which somebody wrote where a variable's name belongs."""
    attributes = "{pack: acme, connections: {default: {credentials: {token: tok-1234567890}}}}"
    said = reason(project, f"type: {COMPONENT}\nattributes: {attributes}\n")
    assert said == (
        "attributes.connections.default.credentials.token (line 2): Input should be an object"
    )
