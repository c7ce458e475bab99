"""Slots of a pool: those of dead runs are freed, and who waits for one says so and can be stopped.

Dagster's own way, which is what there is where it lacks one of the names used here: the slots of a
run that was killed stay taken until run monitoring frees them, if a daemon runs. A run in one
process asks for its slot without a pause, says nothing but in its events, and hears of no signal.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import dagster as dg

from pack_sync.dagster.internals.dead_runs import end_if_dead

LONGEST_PAUSE = 1.0
"""Seconds between two looks for a free slot, and so until a signal is heard."""

_SAID_AGAIN_AFTER = 60.0
_ATTRIBUTES = frozenset({"_instance", "_run_id", "_pending_claims", "_pending_timeouts"})
"""What Dagster's claims keep, which ours look at."""
_SHOWN = 3


def free_slots_of_dead_runs(instance: dg.DagsterInstance) -> int:
    """Free what runs hold that have ended, or whose process is gone; returns how many runs."""
    storage = instance.event_log_storage
    freed = 0
    for run_id in storage.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished or end_if_dead(instance, run):
            storage.free_concurrency_slots_for_run(run_id)
            freed += 1
    return freed


def runs_in(instance: dg.DagsterInstance, pool: str) -> str:
    """Who holds the slots of a pool, as a part of a sentence."""
    info = instance.event_log_storage.get_concurrency_info(pool)
    held = sorted({slot.run_id for slot in info.claimed_slots})
    shown = ", ".join(held[:_SHOWN]) + (f" and {len(held) - _SHOWN} more" if held[_SHOWN:] else "")
    return f"{len(info.claimed_slots)} of {info.slot_count} are taken, by the runs {shown}"


Tell = Callable[[str], None]
_listeners: list[Tell] = []


def tell_of_waiting(tell: Tell) -> None:
    """Have `tell` called, in this process, with what a run waits for. Once in a minute at most."""
    _listeners[:] = [tell]


def _waiting(context: Any, pool: str, step_key: str) -> None:
    """Say what a step waits for, in the run's events and to whoever listens."""
    said: dict[str, float] = context.__dict__.setdefault("_pack_sync_said", {})
    if time.monotonic() - said.get(step_key, float("-inf")) < _SAID_AGAIN_AFTER:
        return
    said[step_key] = time.monotonic()
    instance: dg.DagsterInstance = context._instance
    text = (
        f"waiting for a slot of the pool {pool}: {runs_in(instance, pool)}. Ctrl-C stops this run; "
        f"`dagster instance concurrency set {pool} N` lets more run at once"
    )
    if run := instance.get_run_by_id(context._run_id):
        instance.report_engine_event(text, run)
    for tell in _listeners:
        tell(text)


def watch_claims() -> None:
    """From now on, what waits for a slot in this process does it as the module's text says."""
    with suppress(ImportError, AttributeError):
        _watch_claims()


def _watch_claims() -> None:
    from dagster._core.errors import DagsterExecutionInterruptedError
    from dagster._core.execution.plan.instance_concurrency_context import (
        InstanceConcurrencyContext as Claims,
    )
    from dagster._utils.interrupts import (
        check_captured_interrupt,
        pop_captured_interrupt,
    )

    dagsters_claim: Callable[..., bool] = Claims.claim
    dagsters_interval: Callable[[Any], float] = Claims.interval_to_next_pending_claim_check
    if hasattr(dagsters_claim, "of_pack_sync"):
        return
    if missing := _ATTRIBUTES.difference(Claims.__init__.__code__.co_names):
        raise AttributeError(missing)

    def claim(self: Any, concurrency_key: str, step_key: str, step_priority: int = 0) -> bool:
        """Claim a slot; where there is none, free those of the dead and look again."""
        if step_key in self._pending_claims and time.time() <= self._pending_timeouts[step_key]:
            return False
        if dagsters_claim(self, concurrency_key, step_key, step_priority):
            return True
        if free_slots_of_dead_runs(self._instance):
            self._pending_timeouts[step_key] = 0.0
            if dagsters_claim(self, concurrency_key, step_key, step_priority):
                return True
        self._pending_timeouts[step_key] = time.time() + LONGEST_PAUSE
        _waiting(self, concurrency_key, step_key)
        return False

    def interval(self: Any) -> float:
        """How long to sleep; Dagster's own says 0. Only what runs in one process asks."""
        if check_captured_interrupt():
            pop_captured_interrupt()
            raise DagsterExecutionInterruptedError
        if not self._pending_timeouts:
            return dagsters_interval(self)
        until = min(self._pending_timeouts.values()) - time.time()
        return min(LONGEST_PAUSE, max(0.0, until))

    claim.of_pack_sync = True  # type: ignore[attr-defined]
    Claims.claim = claim  # type: ignore[method-assign]
    Claims.interval_to_next_pending_claim_check = interval  # type: ignore[method-assign]
