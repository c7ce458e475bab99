"""The asset check that warns before an account ends (contract A6)."""

import json
import time
from typing import Any

import dagster as dg
import pytest

from tests.connect import bench as benches
from tests.connect.authorization_server import tokens
from tests.connect.bench import Bench
from tests.dagster import dagster_project

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench

DAY = 86_400


def check_of(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    """The evaluation of `account_lasts`."""
    found = result.get_asset_check_evaluations()
    [evaluation] = [each for each in found if each.check_name == "account_lasts"]
    return evaluation


def connected(bench: Bench, **changes: Any) -> None:
    """An account whose tokens have these fields."""
    bench.service.twists["/token"] = lambda _, __: tokens(bench.service, **changes)
    bench.switch_on()
    assert bench.connect().code == 0


@pytest.mark.parametrize(
    ("changes", "passed"),
    [
        ({}, True),
        ({"refresh_token_expires_in": 30 * DAY}, True),
        ({"refresh_token_expires_in": 13 * DAY}, False),
        ({"refresh_token": None, "expires_in": 90 * DAY}, True),
        ({"refresh_token": None, "expires_in": 2 * DAY}, False),
        ({"refresh_token": None, "expires_in": None}, True),
    ],
)
def test_it_warns_of_an_end_within_two_weeks(
    bench: Bench, changes: dict[str, Any], passed: bool
) -> None:
    """And says when that is, and what to do (A6)."""
    connected(bench, **changes)
    evaluation = check_of(bench.project.run())
    assert evaluation.passed is passed
    if not passed:
        assert evaluation.severity is dg.AssetCheckSeverity.WARN
        assert evaluation.description is not None
        assert "packsync connect acme default --reconnect" in evaluation.description
        assert evaluation.metadata["sync/account_ends"].value


def test_it_fails_when_the_account_has_ended(bench: Bench) -> None:
    """Then it is no warning any more (A6)."""
    connected(bench, refresh_token_expires_in=5 * DAY)
    [file] = bench.token_files
    kept = json.loads(file.read_bytes())
    file.write_text(json.dumps({**kept, "refresh_expires_at": time.time() - 60}))
    evaluation = check_of(bench.project.run())
    assert evaluation.severity is dg.AssetCheckSeverity.ERROR
    assert evaluation.description is not None
    assert "has ended at" in evaluation.description


def test_it_fails_where_nothing_is_connected(bench: Bench) -> None:
    """With the command (A6)."""
    bench.switch_on()
    evaluation = check_of(bench.project.run())
    assert not evaluation.passed
    assert "packsync connect acme default" in str(evaluation.description)


def test_other_kinds_have_no_such_check(bench: Bench) -> None:
    """Their credentials have no end that is known (A6)."""
    bench.switch_on(type="HeaderBearerToken", token_url=None)
    job = bench.project.definitions().resolve_asset_graph()
    assert "account_lasts" not in {key.name for key in job.asset_check_keys}
