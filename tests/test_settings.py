"""Settings are declared once: the page for users and the resources have what is declared."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from pack_sync import PackResource, PackSyncComponent
from pack_sync.cli.app import app
from pack_sync.dagster.configuration import SyncConfiguration, TableConfiguration
from pack_sync.settings import SyncSettings, TableSettings
from pack_sync.settings_page import reference

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"


def test_the_page_is_up_to_date() -> None:
    """`python -m pack_sync.settings > docs/reference/settings.md` makes it."""
    assert PAGE.read_text() == reference()


def test_the_page_has_all_that_may_be_written_below_tables() -> None:
    """Also what is said of one sync of a table."""
    for kind in (TableConfiguration, SyncConfiguration):
        assert [name for name in kind.model_fields if f"\n| `{name}` | " not in reference()] == []
    assert '| `bad_values` | `"reject"` |' in reference()


def test_a_command_shows_the_settings() -> None:
    """A project that `packsync init` made has no docs."""
    shown = CliRunner().invoke(app, ["settings"], env={"COLUMNS": "300"}).output
    for name in TableSettings.model_fields | SyncSettings.model_fields:
        assert f" {name} " in shown


@pytest.mark.parametrize("kind", [PackResource, PackSyncComponent])
@pytest.mark.parametrize("name", list(SyncSettings.model_fields))
def test_a_setting_is_the_same_everywhere(
    kind: type[PackResource | PackSyncComponent], name: str
) -> None:
    """Default, bounds and sentence are those of the one declaration."""
    declared, found = SyncSettings.model_fields[name], kind.model_fields[name]
    assert (found.default, found.description) == (declared.default, declared.description)
    assert [each for each in found.metadata if each in declared.metadata] == declared.metadata


@pytest.mark.parametrize("kind", [PackResource, PackSyncComponent, SyncSettings])
def test_bounds_hold_everywhere(kind: type[SyncSettings]) -> None:
    """A share is from 0 to 1, whoever is given it."""
    given: dict[str, Any] = {} if kind is SyncSettings else {"pack": "demo"}
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        kind(**given, max_deleted_share=2)


def test_a_resource_takes_a_number_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read when a run starts, and its bounds are checked then."""
    monkeypatch.setenv("ATTEMPTS", "5")
    given = PackResource(pack="demo", attempts=dg.EnvVar.int("ATTEMPTS"))
    with dg.build_resources({"demo_pack": given}) as resources:
        assert resources.demo_pack.settings().attempts == 5
    monkeypatch.setenv("ATTEMPTS", "0")
    with pytest.raises(dg.DagsterError) as failure, dg.build_resources({"demo_pack": given}):
        pass
    assert "greater than or equal to 1" in str(failure.value.__cause__)
