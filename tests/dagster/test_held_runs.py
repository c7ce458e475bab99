"""A held sync as Dagster shows it, and its approval in a run's config (contract D8)."""

import traceback
from typing import Any

import dagster as dg
import pytest

from pack_sync.dagster.checks import NOTHING_HELD
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, values_of
from tests.engine.sync_harness import Scripted, last_page

project = dagster_project.project

ITEMS = dg.AssetKey(["acme", "Items"])
TWO = last_page("t1", a="1", b="2")
NONE: dict[str, Any] = {"result": [], "completion": {"incrementalContinuation": "t2"}}


def check_of(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """The check of the table in a run."""
    (found,) = [e for e in result.get_asset_check_evaluations() if e.check_name == NOTHING_HELD]
    return found


def held(project: DagsterProject, *then: Any, **attributes: Any) -> dg.ExecuteInProcessResult:
    """A project whose table is held; `then` are the pages of later syncs."""
    execute = Scripted(TWO, NONE, *then)
    project.switch_on_pack("acme", pack_of(Items=execute), **attributes)
    assert project.run("incremental").success
    return project.run("full_refresh")


def names(project: DagsterProject) -> list[Any]:
    """The stored ids."""
    return [row[0] for row in project.query('SELECT id FROM acme."Items" ORDER BY 1')]


def test_a_held_sync_fails_the_run_and_the_check(project: DagsterProject) -> None:
    """The failure and the check say how many rows are at stake and how to approve (D8)."""
    result = held(project)
    assert not result.success
    assert "would delete 2 of 2 rows" in project.logged(result)
    assert "Traceback" not in project.logged(result)
    check = check_of(result)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert check.metadata["sync/held_deletes"].value == 2
    assert "packsync held approve" in str(check.metadata["sync/held_remedy"].value)
    assert names(project) == ["a", "b"]


def test_the_asset_s_page_shows_what_is_held(project: DagsterProject) -> None:
    """As an observation, since there is no materialization; then with each one (D8)."""
    held(project, last_page("t3", c="3"))
    (observation,) = project.instance.fetch_observations(ITEMS, limit=9).records
    shown = observation.asset_observation
    assert shown is not None
    assert shown.metadata["sync/held"].value == 1
    assert '"id":"a"' in str(shown.metadata["sync/held_sample"].value).replace("\\", "")
    result = project.run("incremental")
    assert result.success
    assert values_of(result, "Items")["sync/held"] == 1
    assert not check_of(result).passed


def test_the_launchpad_approves(project: DagsterProject) -> None:
    """`approve_deletes: true` applies what is held, for that run only (D8)."""
    held(project, last_page("t3", c="3"))
    config = {"ops": {"sync_acme": {"config": {"approve_deletes": True}}}}
    result = project.run("incremental", run_config=config)
    assert result.success
    assert check_of(result).passed
    assert names(project) == ["c"]
    assert "2 rows deleted" in str(values_of(result, "Items")["sync/warnings"])


def test_limits_come_from_the_configuration(project: DagsterProject) -> None:
    """Of a table that is often empty, for example (D8)."""
    assert held(project, hold_empty=False).success
    assert names(project) == []


@pytest.mark.parametrize("wrong", [{"max_deleted_share": 1.5}, {"max_deleted_rows": -1}])
def test_impossible_limits_are_refused(wrong: dict[str, Any], project: DagsterProject) -> None:
    """When the definitions load, naming the key (D8)."""
    project.switch_on_pack("acme", pack_of(Items=Scripted()), **wrong)
    with pytest.raises(Exception, match="acme") as caught:
        project.definitions()
    assert next(iter(wrong)) in "".join(traceback.format_exception(caught.value))


def test_a_table_with_several_syncs(project: DagsterProject) -> None:
    """One sync of it is held; the check is of the whole table (C18, D8)."""
    execute = Scripted(TWO, TWO, NONE, last_page("t3", a="1", b="2"))
    tables: dict[str, Any] = {"Items": {"syncs": {"east": {}, "west": {}}}}
    project.switch_on_pack("acme", pack_of(Items=execute), tables=tables, max_parallel_tables=1)
    project.run("incremental")
    result = project.run("full_refresh")
    assert not result.success
    assert not check_of(result).passed
    assert "packsync held approve acme.Items --sync 'east'" in project.logged(result)
    assert project.query('SELECT _sync, count(*) FROM acme."Items" GROUP BY 1 ORDER BY 1') == [
        ("east", 2),
        ("west", 2),
    ]
