"""Syncing from a recording instead of the network, and comparing with what was recorded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pack_sdk.pack import Pack
from pack_sdk.results import Completion
from pack_sdk.testing.clock import Clock
from pack_sdk.testing.fetcher import MockFetcher
from pack_sdk.testing.recordings import Recording, read_recordings
from pack_sdk.testing.synced_rows import SyncedRows
from pack_sdk.testing.syncing import execute_sync_table


def recording_tests(pack: Pack, place: str | Path) -> Callable[[Recording], None]:
    """A pytest test that replays each recording of the folder `recordings` beside a test file.

        test_recordings = recording_tests(pack, __file__)

    `place` may be the folder itself as well. Without recordings the test is skipped.
    """
    import pytest  # only tests need it

    place = Path(place)
    folder = place if place.is_dir() else place.parent / "recordings"
    recordings = read_recordings(folder) if folder.is_dir() else []

    @pytest.mark.parametrize("recording", recordings, ids=str)
    def test_recordings(recording: Recording) -> None:
        check_recording(pack, recording)

    return test_recordings


def check_recording(pack: Pack, recording: Recording) -> SyncedRows:
    """Replay a recorded sync: the pack must ask and find as it did then.

    Raises `AssertionError` for a request that was not recorded, a recorded one that is not made
    any more, and other rows, deletions, pages or another cursor than were recorded; else what the
    pack raises.
    """
    fetcher = MockFetcher.replay(recording)
    synced = replay_sync(pack, recording, fetcher)
    expected, completion = recording.expected, synced.completion
    incomplete = bool(completion and completion.has_incomplete_results)
    _compare(recording, "pages", len(synced.pages), expected.pages)
    _compare(recording, "ids of its rows", synced.ids, list(expected.ids))
    _compare(recording, "deleted ids", synced.deleted_row_ids, list(expected.deleted_ids))
    _compare(recording, "cursor", synced.cursor, expected.cursor)
    _compare(recording, "hasIncompleteResults", incomplete, expected.has_incomplete_results)
    if fetcher.unused:
        unused = "".join(f"\n  {each}" for each in fetcher.unused)
        raise AssertionError(
            f"{recording}: the pack did not ask again for{unused}\n{recording.how_to_renew}"
        )
    return synced


def replay_sync(pack: Pack, recording: Recording, fetcher: MockFetcher | None = None) -> SyncedRows:
    """The sync of a recording, run anew with its parameters, cursor, clock and answers.

    `fetcher` is what answers, such as one that changes some of what was recorded.
    """
    previous = None
    if recording.mode == "incremental":
        previous = Completion(incremental_continuation=recording.cursor_before)
    return execute_sync_table(
        pack,
        recording.table,
        recording.parameters,
        fetcher=fetcher or MockFetcher.replay(recording),
        previous_completion=previous,
        clock=Clock(recording.started_at),
        endpoint=recording.endpoint,
        dynamic_url=recording.dynamic_url,
        max_pages=recording.expected.pages + 1,
        stop_after=None if recording.expected.ended else recording.expected.pages,
        allow_rejected=True,
    )


def _compare(recording: Recording, what: str, found: Any, expected: Any) -> None:
    """Raise `AssertionError` unless both are the same JSON."""
    if json.dumps(found, sort_keys=True, default=str) != json.dumps(expected, sort_keys=True):
        raise AssertionError(
            f"{recording}: the {what} differ from what was recorded\n"
            f"  now:      {found!r:.300}\n  recorded: {expected!r:.300}\n{recording.how_to_renew}"
        )
