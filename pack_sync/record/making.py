"""From a sync job to recordings on disk: made, trimmed, cleaned, replayed, written."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pack_sdk.testing.recordings import Recording
from pack_sync.engine.sync_job import SyncJob
from pack_sync.record.anonymizing import Anonymizer
from pack_sync.record.errors import NotRecordedError
from pack_sync.record.files import recordings_of, write_recordings, written_text
from pack_sync.record.recorder import RawSync, record_sync
from pack_sync.record.replay import replay
from pack_sync.record.secrets import Secrets
from pack_sync.record.stand_ins import StandIns
from pack_sync.record.trimming import as_replayed, trimmed


@dataclass(frozen=True, kw_only=True)
class RecordingOptions:
    """How a sync is recorded.

    `rows` are kept of each list in an answer, all if it is None. `full` forbids to go on from the
    cursor of an earlier recording. `stand_ins` replace personal data, except that of properties
    to `keep`; None leaves it.
    """

    rows: int | None = 5
    full: bool = False
    stand_ins: StandIns | None = None
    keep: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A recording that was written, and what there is to say about it."""

    recording: Recording
    path: Path
    bytes_written: int
    notes: list[str] = field(default_factory=list[str])


def make_recordings(
    sync: SyncJob,
    folder: Path,
    options: RecordingOptions,
    scratch: Path,
    tell: Callable[[str], object],
) -> list[Recorded]:
    """Sync, and write what the service answered into `folder`; pages go to `scratch` meanwhile.

    Where an earlier recording of the same sync says with which cursor to go on, the sync is an
    incremental one. Raises `AttemptFailedError` if it fails, `NotRecordedError` if it cannot be
    kept; nothing is written then.
    """
    cursor = None if options.full else _cursor_of_the_last(sync, folder)
    finished: list[tuple[Recording, str]] = []
    notes: list[list[str]] = []
    for raw in record_sync(sync, scratch, cursor, tell):
        recording, said = _finished(raw, options)
        finished.append((recording, written_text(recording)))
        notes.append(said)
    paths = write_recordings(folder, finished)
    return [
        Recorded(recording=recording, path=path, bytes_written=len(text.encode()), notes=said)
        for (recording, text), path, said in zip(finished, paths, notes, strict=True)
    ]


def _cursor_of_the_last(sync: SyncJob, folder: Path) -> Any:
    earlier = recordings_of(folder, sync.table.name, sync.key.sync)
    return earlier[-1].next_cursor if earlier else None


def _finished(raw: RawSync, options: RecordingOptions) -> tuple[Recording, list[str]]:
    """A recording as it is written: replayed, and proven to hold no secret."""
    recording, note = trimmed(raw.sync, raw.recording, options.rows)
    secrets = Secrets(raw.sync.connection.redactor, recording)
    clean = secrets.removed_from(recording)
    if clean.next_cursor != recording.next_cursor:
        clean = replace(clean, next_cursor=None)
    anonymizer = options.stand_ins and Anonymizer(options.stand_ins, options.keep)
    if anonymizer:
        clean = anonymizer.anonymized(clean)
    found = replay(raw.sync, clean)
    pages = found.expected.pages == recording.expected.pages
    if found.problem or not pages or found.unused:
        changed = "secrets and personal data were" if anonymizer else "secrets were"
        why = found.difference(replace(recording, expected=found.expected))
        raise NotRecordedError(
            f"once {changed} replaced, it cannot be replayed, so it was not kept: "
            f"{secrets.without(why or 'it has another number of pages')}"
        )
    clean = as_replayed(clean, found)
    if anonymizer:
        anonymizer.check(clean)
    if secrets.are_in(written_text(clean).encode()):
        raise NotRecordedError("a secret would be left in its file, so it was not kept")
    return clean, [note] if note else []
