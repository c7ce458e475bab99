"""Full or incremental: decided here and nowhere else, always with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from pack_sync.engine.fingerprint import changed_parts
from pack_sync.ledger.cursors import SyncPosition

Mode: TypeAlias = Literal["full", "incremental"]
RequestedMode: TypeAlias = Literal["auto", "full", "incremental"]

MODE_TAG = "sync/mode"
_BACKFILL_TAG = "dagster/backfill"
_AUTOMATION_TAG = "dagster/from_automation_condition"


@dataclass(frozen=True, kw_only=True)
class ModeRequest:
    """What the run asks for: its config, its tags, and the tags of the run it repeats.

    Re-executing a backfill's run drops the backfill's tag, so the root run is asked too.
    """

    configured: RequestedMode = "auto"
    run_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    root_run_tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class ModeDecision:
    """The mode of a sync and why."""

    mode: Mode
    reason: str


def decide_mode(
    request: ModeRequest,
    position: SyncPosition,
    fingerprint: Mapping[str, str],
    *,
    now: datetime,
    full_every: timedelta,
) -> ModeDecision:
    """Choose the mode; the first of these rules that applies wins.

    The run's config `mode`; its tag `sync/mode`; a backfill forces a full sync (unless
    automation started it); no usable cursor (contract D3, D5); a full sync was brought forward
    (D8, D9), or the periodic one is overdue (contract C12, C13), a held one counting as done (D8);
    else incremental.
    `incremental` on request still becomes full where there is no cursor to continue from.
    Raises `ValueError` for a tag that is neither `auto`, `full` nor `incremental`.
    """
    requested, asked_by = _requested(request)
    if requested == "full":
        return ModeDecision(mode="full", reason=asked_by)
    unusable = _why_unusable(position, fingerprint)
    if requested == "incremental":
        if unusable:
            return ModeDecision(mode="full", reason=f"{asked_by}, but {unusable}")
        return ModeDecision(mode="incremental", reason=asked_by)
    if unusable:
        return ModeDecision(mode="full", reason=unusable)
    # A held full sync counts as done: else every run would fetch all rows to be held again.
    last = max(filter(None, (position.last_full_at, position.held_at)), default=None)
    if position.full_due_reason and position.held_at is None:
        return ModeDecision(mode="full", reason=position.full_due_reason)
    if last is None or now - last >= full_every:
        when = f"the last full sync was at {last:%Y-%m-%d %H:%M} UTC" if last else "none is known"
        return ModeDecision(
            mode="full", reason=f"the periodic full sync (every {_days(full_every)}) is due: {when}"
        )
    reason = "there is a cursor to continue from"
    if position.held_at is not None:
        reason += f"; the full sync of {position.held_at:%Y-%m-%d %H:%M} UTC is held"
    return ModeDecision(mode="incremental", reason=reason)


def asks_for_full(request: ModeRequest) -> bool:
    """Whether somebody asked for a full sync: by the run's config, a tag or a backfill."""
    return _requested(request)[0] == "full"


def _requested(request: ModeRequest) -> tuple[RequestedMode, str]:
    if request.configured != "auto":
        return request.configured, f"the run's config says mode: {request.configured}"
    tag = request.run_tags.get(MODE_TAG)
    if tag == "full" or tag == "incremental":  # spelled out: it narrows the type
        return tag, f"the run is tagged {MODE_TAG}: {tag}"
    if tag not in (None, "auto"):
        raise ValueError(f"the run's tag {MODE_TAG} is {tag!r}; use auto, full or incremental")
    for tags, which in ((request.run_tags, ""), (request.root_run_tags, "first ")):
        if _BACKFILL_TAG in tags and _AUTOMATION_TAG not in tags:
            return "full", f"the run {which}belongs to backfill {tags[_BACKFILL_TAG]}"
    return "auto", ""


def _why_unusable(position: SyncPosition, fingerprint: Mapping[str, str]) -> str | None:
    """Why the cursor cannot be used (contract D5), None if it can."""
    if position.cursor is None:
        return position.no_cursor_reason or "it has no cursor"
    if changed := changed_parts(position.fingerprint, fingerprint):
        return f"the {' and the '.join(changed)} changed since the last sync"
    return None


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
