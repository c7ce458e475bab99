"""Which tables are known to sync incrementally, so that Dagster's graph can show it.

Only a sync finds out, for a pack returns a cursor or does not; and definitions load without opening
the warehouse. So what syncs found is noted in a small file of the project. It is for the eye alone:
where it cannot be written or read, a kind of an asset is missing, and nothing else.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pack_sync.engine.outcome import SyncOutcome
from pack_sync.project import current_project
from pack_sync.warehouse.identifiers import folder_name


def incremental_tables(pack: str) -> frozenset[str]:
    """The pack's tables whose last sync left a cursor, as far as it is noted."""
    try:
        return frozenset(json.loads(_file(pack).read_text()))
    except (OSError, ValueError, TypeError):
        return frozenset()


def note_incremental(pack: str, found: Mapping[str, bool]) -> None:
    """Note of the tables of a run whether they have cursors; written only if that is new."""
    before = incremental_tables(pack)
    after = (before - found.keys()) | {table for table, incremental in found.items() if incremental}
    if after != before:
        with suppress(OSError):  # a disk that is full or cannot be written must not fail a sync
            _write(_file(pack), after)


def has_cursor(outcome: SyncOutcome, *, crawled: bool) -> bool | None:
    """Whether the next sync can be incremental; None where this one does not tell.

    Children of a crawl have cursors of their own; what shows them is that they were used.
    """
    if crawled:
        return True if outcome.record.mode == "incremental" else None
    return outcome.record.cursor_after is not None


def _file(pack: str) -> Path:
    return current_project().state_folder / "incremental" / f"{folder_name(pack)}.json"


def _write(file: Path, tables: Iterable[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as written:
        json.dump(sorted(tables), written)
    Path(written.name).replace(file)  # whole for whoever reads it meanwhile
