"""The model of what tables cost agrees with a day that is played event by event."""

from dataclasses import replace
from statistics import mean

import pytest

from benchmarks.cost_model import BUSY, Load, Measured, cost, most_syncs_a_day
from benchmarks.cost_simulation import Cluster

MEASURED = Measured()
TOLERANCE = 0.05
WAITS = 0.2
"""Of the waits, which are far from the average now and then."""


@pytest.mark.parametrize("share", [0.2, 0.5, BUSY])
def test_it_agrees_with_the_simulation(share: float) -> None:
    """Ops under way and the load of the catalogue within 5 %, waits for it within 20 %."""
    load = loaded(share)
    told, seen = cost(load, MEASURED), Cluster(load=load, measured=MEASURED, slots=10**6).play(20)
    assert told.catalogue == pytest.approx(share)
    assert seen.syncs == pytest.approx(told.syncs, rel=TOLERANCE)
    assert seen.slots == pytest.approx(told.slots, rel=TOLERANCE)
    assert seen.catalogue_cores / load.catalogue_cores == pytest.approx(share, rel=TOLERANCE)
    floor = MEASURED.catalogue_processor_seconds / 1000
    assert mean(seen.waits_for_commits) == pytest.approx(told.catalogue_wait, rel=WAITS, abs=floor)


def test_so_many_slots_as_it_says_are_enough() -> None:
    """With slots that are busy to 70 %, an op waits for one less than it takes itself."""
    load = loaded(0.5)
    told = cost(load, MEASURED)
    enough = Cluster(load=load, measured=MEASURED, slots=int(told.slots / BUSY) + 1).play(10)
    too_few = Cluster(load=load, measured=MEASURED, slots=int(told.slots * 0.9)).play(10)
    assert mean(enough.waits_for_slots) < mean(enough.ops)
    assert mean(too_few.waits_for_slots) > mean(too_few.ops)


def test_one_time_for_all_has_the_last_one_wait() -> None:
    """With one cron string for all tables, some wait for as long as it takes to sync all others."""
    load = loaded(0.5)
    slots = int(cost(load, MEASURED).slots / BUSY) + 1
    spread = Cluster(load=load, measured=MEASURED, slots=slots).play(5)
    together = Cluster(load=load, measured=MEASURED, slots=slots, together=True).play(5)
    assert max(together.waits_for_slots) > 10 * max(spread.waits_for_slots)
    assert together.last_end <= together.seconds, "a round is done before the next"


def test_a_catalogue_that_cannot_keep_up_is_told_of() -> None:
    """Its wait is infinite, and what it bears is fewer syncs than were asked for."""
    load = loaded(1.01)
    assert cost(load, MEASURED).catalogue_wait == float("inf")
    bearable = loaded(1.01, syncs_a_day=most_syncs_a_day(load, MEASURED))
    assert cost(bearable, MEASURED).catalogue == pytest.approx(BUSY)


def loaded(share: float, syncs_a_day: float | None = None) -> Load:
    """A thousand tables, synced so often that the catalogue is busy for that share of the time."""
    load = Load(tables=1_000, rows=10_000_000, upkeeps_a_day=1_000)
    full = most_syncs_a_day(load, MEASURED) + load.full_syncs_a_day
    asked = full * share / BUSY - load.full_syncs_a_day
    return replace(load, syncs_a_day=syncs_a_day or asked)
