"""How the mode of a sync is decided, rule by rule in their order of precedence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pack_sync.engine.full_or_incremental import (
    ModeDecision,
    ModeRequest,
    RequestedMode,
    decide_mode,
)
from pack_sync.ledger.cursors import SyncPosition

NOW = datetime(2025, 6, 10, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
FINGERPRINT = {"schema": "s1", "parameters": "p1", "connection": "c1"}
BACKFILL = {"dagster/backfill": "bf1"}
AUTOMATED = {**BACKFILL, "dagster/from_automation_condition": "true"}


def position(**changes: Any) -> SyncPosition:
    """A sync with a usable cursor, fully synced yesterday."""
    usual: dict[str, Any] = {
        "cursor": {"since": "2025-06-09"},
        "no_cursor_reason": "",
        "fingerprint": FINGERPRINT,
        "last_full_at": NOW - timedelta(days=1),
        "execution_id": "e1",
    }
    return SyncPosition(**{**usual, **changes})


OVERDUE = position(last_full_at=NOW - timedelta(days=30))
WITHOUT_CURSOR = position(cursor=None, no_cursor_reason="its last full sync gave none")


def decide(
    request: ModeRequest | None = None,
    at: SyncPosition | None = None,
    fingerprint: dict[str, str] = FINGERPRINT,
    full_every: timedelta = WEEK,
) -> ModeDecision:
    """The decision at `NOW`, from a usable cursor unless `at` says otherwise."""
    return decide_mode(
        request or ModeRequest(), at or position(), fingerprint, now=NOW, full_every=full_every
    )


def test_a_usable_cursor_leads_to_an_incremental_sync() -> None:
    """Nothing asked for, a cursor, no full sync due: incremental (contract C12)."""
    assert decide() == ModeDecision(mode="incremental", reason="there is a cursor to continue from")


@pytest.mark.parametrize("cursor", [{}, {"token": "x"}, "text", 7, []])
def test_any_value_that_came_as_a_cursor_is_one(cursor: Any) -> None:
    """A cursor is used whatever Python thinks of its truth; it may be `{}` (contract C6)."""
    assert decide(at=position(cursor=cursor)).mode == "incremental"


def test_config_full_wins_over_all_else() -> None:
    """The run's config comes first: full, whatever the tag says."""
    request = ModeRequest(configured="full", run_tags={"sync/mode": "incremental"})
    assert decide(request) == ModeDecision(mode="full", reason="the run's config says mode: full")


def test_config_incremental_wins_over_tag_backfill_and_period() -> None:
    """The run's config comes first: incremental in spite of tag, backfill and overdue full."""
    request = ModeRequest(configured="incremental", run_tags={"sync/mode": "full", **BACKFILL})
    assert decide(request, OVERDUE) == ModeDecision(
        mode="incremental", reason="the run's config says mode: incremental"
    )


def test_tag_full_wins_over_a_usable_cursor() -> None:
    """The tag `sync/mode: full` makes a full sync of what could be incremental."""
    assert decide(ModeRequest(run_tags={"sync/mode": "full"})) == ModeDecision(
        mode="full", reason="the run is tagged sync/mode: full"
    )


def test_tag_incremental_wins_over_backfill_and_period() -> None:
    """The tag comes before the backfill and before the periodic full sync."""
    request = ModeRequest(run_tags={"sync/mode": "incremental", **BACKFILL})
    assert decide(request, OVERDUE) == ModeDecision(
        mode="incremental", reason="the run is tagged sync/mode: incremental"
    )


@pytest.mark.parametrize("tag", ["Full", "", "fast"])
def test_a_tag_of_another_value_is_an_error(tag: str) -> None:
    """A tag that means nothing is refused, naming it and the choices."""
    with pytest.raises(ValueError, match=f"sync/mode is '{tag}'; use auto, full or incremental"):
        decide(ModeRequest(run_tags={"sync/mode": tag}))


def test_a_tag_on_the_root_run_does_not_count() -> None:
    """Tags survive re-execution, so the run's own `sync/mode` is the one that counts."""
    assert decide(ModeRequest(root_run_tags={"sync/mode": "full"})).mode == "incremental"


def test_a_backfill_is_a_forced_full_sync() -> None:
    """A run of a backfill is full although there is a cursor; the reason names the backfill."""
    assert decide(ModeRequest(run_tags=BACKFILL)) == ModeDecision(
        mode="full", reason="the run belongs to backfill bf1"
    )


def test_a_backfill_with_the_tag_auto_is_still_one() -> None:
    """`sync/mode: auto` asks for nothing, so the backfill decides."""
    assert decide(ModeRequest(run_tags={"sync/mode": "auto", **BACKFILL})).mode == "full"


def test_a_repeated_backfill_run_is_known_by_its_root() -> None:
    """Re-executing a backfill's run drops the tag; the root run still has it."""
    assert decide(ModeRequest(root_run_tags=BACKFILL)) == ModeDecision(
        mode="full", reason="the run first belongs to backfill bf1"
    )


@pytest.mark.parametrize(
    "request_", [ModeRequest(run_tags=AUTOMATED), ModeRequest(root_run_tags=AUTOMATED)]
)
def test_automation_is_not_a_backfill(request_: ModeRequest) -> None:
    """Automation conditions start runs as backfills; those are incremental as usual."""
    assert decide(request_).mode == "incremental"


def test_a_backfill_is_named_before_the_missing_cursor() -> None:
    """Where several rules would make the sync full, the first of them is the reason."""
    assert decide(ModeRequest(run_tags=BACKFILL), WITHOUT_CURSOR).reason == (
        "the run belongs to backfill bf1"
    )


def test_the_first_sync_is_full() -> None:
    """A table that was never synced has no cursor."""
    assert decide(at=SyncPosition()) == ModeDecision(mode="full", reason="it has never been synced")


def test_without_a_cursor_the_sync_is_full_for_the_reason_that_was_kept() -> None:
    """Why there is no cursor was recorded when it was lost, and is told (contract D3)."""
    assert decide(at=WITHOUT_CURSOR) == ModeDecision(
        mode="full", reason="its last full sync gave none"
    )


def test_without_a_cursor_the_sync_is_full_even_if_nobody_noted_why() -> None:
    """Somebody may have cleared the cursor in the ledger: full all the same."""
    assert decide(at=position(cursor=None)) == ModeDecision(mode="full", reason="it has no cursor")


@pytest.mark.parametrize("part", ["schema", "parameters", "connection"])
def test_a_changed_part_of_the_fingerprint_makes_the_cursor_useless(part: str) -> None:
    """Another schema, other parameters, another account: full, naming the part (contract D5)."""
    assert decide(fingerprint={**FINGERPRINT, part: "other"}) == ModeDecision(
        mode="full", reason=f"the {part} changed since the last sync"
    )


def test_all_changed_parts_are_named() -> None:
    """The reason names every part that changed (contract D5)."""
    changed = {**FINGERPRINT, "schema": "s2", "parameters": "p2"}
    assert decide(fingerprint=changed).reason == (
        "the schema and the parameters changed since the last sync"
    )


def test_a_cursor_without_a_fingerprint_is_not_trusted() -> None:
    """A cursor of which nobody knows what it describes is not used (contract D5)."""
    assert decide(at=position(fingerprint=None)).mode == "full"


@pytest.mark.parametrize("asked", ["config", "tag"])
@pytest.mark.parametrize(
    ("at", "why"),
    [
        (WITHOUT_CURSOR, "its last full sync gave none"),
        (position(fingerprint={**FINGERPRINT, "schema": "s0"}), "the schema changed since"),
    ],
)
def test_incremental_on_request_needs_a_cursor(asked: str, at: SyncPosition, why: str) -> None:
    """Asked for an incremental sync that is impossible: full, and the reason says both."""
    configured: RequestedMode = "incremental" if asked == "config" else "auto"
    tags = {"sync/mode": "incremental"} if asked == "tag" else {}
    decision = decide(ModeRequest(configured=configured, run_tags=tags), at)
    assert decision.mode == "full"
    assert decision.reason.startswith("the run")
    assert f"incremental, but {why}" in decision.reason


@pytest.mark.parametrize(
    ("ago", "mode"),
    [(WEEK - timedelta(seconds=1), "incremental"), (WEEK, "full"), (2 * WEEK, "full")],
)
def test_the_periodic_full_sync_is_due_after_its_period(ago: timedelta, mode: str) -> None:
    """A full sync is due when the last one is as old as the setting says (contract C12)."""
    assert decide(at=position(last_full_at=NOW - ago)).mode == mode


def test_the_periodic_full_sync_says_when_the_last_one_was() -> None:
    """The reason names the period and the last full sync (contract C12, C13)."""
    assert decide(at=OVERDUE).reason == (
        "the periodic full sync (every 7 days) is due: "
        "the last full sync was at 2025-05-11 12:00 UTC"
    )


def test_the_period_is_a_setting() -> None:
    """A day's period makes yesterday's full sync overdue; the reason has it (contract C12)."""
    decision = decide(full_every=timedelta(hours=24))
    assert decision.mode == "full"
    assert "(every 24 hours)" in decision.reason


def test_a_cursor_without_any_full_sync_is_overdue() -> None:
    """Where no full sync is on record, one is due (contract C12)."""
    decision = decide(at=position(last_full_at=None))
    assert decision.mode == "full"
    assert decision.reason.endswith("is due: none is known")


def test_an_unusable_cursor_is_named_before_the_period() -> None:
    """No usable cursor comes before the overdue full sync."""
    at = position(last_full_at=NOW - timedelta(days=30), fingerprint={**FINGERPRINT, "schema": "0"})
    assert decide(at=at).reason == "the schema changed since the last sync"
