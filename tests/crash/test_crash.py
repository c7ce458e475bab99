"""Killed syncs: no row lost, none applied twice, the cursor never ahead of the data (D9).

The full harness is `make crash`; see `tests/crash/__init__.py`.
"""

import random
from collections.abc import Iterator

import pytest

from tests.crash.defects import DEFECTS
from tests.crash.fork_server import ForkServer
from tests.crash.killing import How, Kill
from tests.crash.trials import SCENARIOS, Laboratory, Scenario, Trial
from tests.warehouses import KIND

SEED = 20260102
FIRST_FULL, FULL, INCREMENTAL, FALL_BACK = SCENARIOS


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """One for all tests of this file: what it prepares takes longest."""
    with ForkServer() as server:
        yield Laboratory(tmp_path_factory.mktemp("crash"), server, SEED)


def killed_at(
    laboratory: Laboratory,
    scenario: Scenario,
    what: str,
    how: How = "before",
    *,
    nth: int = 0,
    defect: str | None = None,
) -> Trial:
    """A trial killed at a step that begins with these words; the nth of them, from 0."""
    steps = laboratory.steps_of(scenario, defect) if defect else laboratory.steps[scenario.name]
    found = [number for number, step in enumerate(steps) if step.startswith(what)]
    return Trial(scenario=scenario, kills=[Kill(step=found[nth], how=how)])


def test_some_of_all_kills(laboratory: Laboratory) -> None:
    """A sample, over all scenarios: steps before, after, in halves, and moments between."""
    count = 16 if KIND == "file" else 6  # in a lake each takes several times as long
    trials = laboratory.some_trials(count, random.Random(SEED))
    failed = {str(trial): found for trial in trials if (found := laboratory.run(trial))}
    assert failed == {}, f"seed {SEED}"
    assert laboratory.killed > len(trials) / 2


NAMED: dict[str, tuple[Scenario, str, How, int]] = {
    "between pages": (FULL, "write journal", "after", 3),
    "half the rows of a page": (FULL, "write rows", "half", 2),
    "rows without their line": (INCREMENTAL, "write journal", "before", 2),
    "half a line of the journal": (INCREMENTAL, "write journal", "half", 2),
    "half a header": (FIRST_FULL, "write journal", "half", 0),
    "while staging": (FULL, "INSERT INTO rows", "after", 0),
    "in the middle of the transaction": (INCREMENTAL, "INSERT INTO _sync.cursors", "after", 0),
    "before the commit": (FULL, "COMMIT", "before", -1),
    "after the commit": (FULL, "COMMIT", "after", -1),
    "with the pages half removed": (INCREMENTAL, "os.remove rows", "before", -1),
    "before the full sync that was forced": (FALL_BACK, "write journal", "after", 2),
    "in the full sync that was forced": (FALL_BACK, "write journal", "after", 4),
    "at the end of the full sync that was forced": (FALL_BACK, "COMMIT", "before", -1),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_kill(laboratory: Laboratory, name: str) -> None:
    """Each of the moments that the issue names, hit for certain."""
    scenario, what, how, nth = NAMED[name]
    killed = laboratory.killed
    assert laboratory.run(killed_at(laboratory, scenario, what, how, nth=nth)) == []
    assert laboratory.killed == killed + 1


SHOWN: dict[str, tuple[Scenario, str, How, int, str]] = {
    "cursor committed first": (INCREMENTAL, "ATTACH", "before", -1, "the rows are not those of"),
    "cursor committed last": (INCREMENTAL, "COMMIT", "after", -2, "the rows are not those of"),
    "journal before rows": (FULL, "write rows", "before", 2, "its rows are not on disk"),
    "resume skips a page": (INCREMENTAL, "write journal", "after", 2, "the rows are not those"),
    "resume repeats a page": (FULL, "write journal", "after", 3, "'duplicates': 7"),
    "any spool will do": (INCREMENTAL, "os.remove journal", "before", 0, "was applied twice"),
    "never resumed": (FULL, "write journal", "after", 3, "it had to continue from"),
    "torn rows stay": (FULL, "write rows", "half", 2, "the sync failed"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_noticed(laboratory: Laboratory, defect: str) -> None:
    """What these tests look for, they find."""
    scenario, what, how, nth, expected = SHOWN[defect]
    trial = killed_at(laboratory, scenario, what, how, nth=nth, defect=defect)
    problems = laboratory.run(trial, defect)
    assert any(expected in problem for problem in problems), problems
