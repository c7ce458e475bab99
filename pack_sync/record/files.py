"""Where recordings are, and writing one whole or not at all."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pack_sdk.testing.recordings import Recording, content_of, read_recordings
from pack_sync.warehouse.identifiers import folder_name


def recordings_of(folder: Path, table: str, sync: str) -> list[Recording]:
    """What was recorded of a table's sync, the oldest first. Raises `ValueError`."""
    place = folder / folder_name(table)
    found = read_recordings(place) if place.is_dir() else []
    return [each for each in found if each.sync == sync]


def written_text(recording: Recording) -> str:
    """What the file of a recording says."""
    return json.dumps(content_of(recording), indent=2, ensure_ascii=False) + "\n"


def write_recordings(folder: Path, texts: Sequence[tuple[Recording, str]]) -> list[Path]:
    """Write the files of some recordings, all or none, each with the next number of its table.

    A file has its name only when it is whole. Raises `OSError`.
    """
    written: list[Path] = []
    try:
        for recording, text in texts:
            place = folder / folder_name(recording.table)
            place.mkdir(parents=True, exist_ok=True)
            file = place / f"{_next_number(place):03}-{recording.mode}.json"
            part = file.with_suffix(".part")
            try:
                _write(part, text)
                part.rename(file)
            finally:
                part.unlink(missing_ok=True)
            written.append(file)
    except BaseException:
        for file in written:
            file.unlink()
        raise
    return written


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", errors="strict") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _next_number(place: Path) -> int:
    numbers = [each.name.partition("-")[0] for each in place.glob("*.json")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
