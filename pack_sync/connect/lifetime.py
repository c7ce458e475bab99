"""How long a connected account lasts, in words: what ends, and when (contract A6)."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from pack_sync.connect.obtained import Refreshed

WARN_BEFORE_SECONDS = 14 * 86_400.0
"""An end that is nearer is warned of: longer than the week between two full syncs."""


def moment(seconds: float) -> str:
    """A time as it is shown: `2026-03-01 14:05 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def what_ends(refreshed: Refreshed) -> Sequence[str]:
    """Sentences about the tokens that a consent gave."""
    tokens = refreshed.tokens
    if not tokens.refresh_token:
        if tokens.expires_at is None:
            return [
                "The service gave no refresh token and does not say when the access token ends: "
                "syncs work until it is revoked or ends, then connect the account again."
            ]
        return [
            f"The service gave no refresh token: the consent ends at {moment(tokens.expires_at)}, "
            "then connect the account again. Some services give one for another scope or "
            "parameter, such as offline_access."
        ]
    told: list[str] = []
    if refreshed.problem:
        told.append(f"A refresh, tried at once, did not work: {refreshed.problem}")
    if tokens.refresh_expires_at is not None:
        told.append(
            f"The consent ends at {moment(tokens.refresh_expires_at)}"
            f"{' unless it is refreshed before' if refreshed.rotates else ''}."
        )
    if refreshed.rotates:
        told.append(
            "The refresh token changes with each use, and the one before ends: syncs must all "
            "take it from where it is kept. Do not copy it to another project or program."
        )
    return told


def ends_soon(end_at: float | None) -> bool:
    """Whether an end is so near that somebody is to be told."""
    return end_at is not None and end_at - time.time() < WARN_BEFORE_SECONDS


def has_ended(end_at: float | None) -> bool:
    """Whether an end is past."""
    return end_at is not None and end_at <= time.time()


def lacking(asked: Sequence[str], granted: Sequence[str] | None) -> list[str]:
    """The scopes that were asked for and not granted; none where the service is silent."""
    return [] if granted is None else [each for each in asked if each not in granted]
