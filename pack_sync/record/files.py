"""Where recordings are, and writing one whole or not at all."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pack_sdk.testing.recordings import Recording, content_of, read_recordings
from pack_sync.warehouse.identifiers import folder_name

_LINE = 100


def recordings_of(folder: Path, table: str, sync: str) -> list[Recording]:
    """What was recorded of a table's sync, the oldest first. Raises `ValueError`."""
    place = folder / folder_name(table)
    found = read_recordings(place) if place.is_dir() else []
    return [each for each in found if each.sync == sync]


def written_text(recording: Recording) -> str:
    """What the file of a recording says."""
    return _pretty(content_of(recording), "") + "\n"


def _pretty(value: Any, indent: str) -> str:
    """A value as JSON: on one line where it fits, so that a short row is a line of a diff."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(line) <= _LINE or not value or not isinstance(value, dict | list):
        return line
    inner = f"{indent}  "
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        parts = [f"{json.dumps(k, ensure_ascii=False)}: {_pretty(v, inner)}" for k, v in items]
        return f"{{\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}}}"
    parts = [_pretty(item, inner) for item in cast("list[Any]", value)]
    return f"[\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}]"


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


TEST = '''"""What was recorded of the service, replayed: `packsync record` adds to it."""

from pack_sdk.testing import recording_tests
from {module} import pack

test_recordings = recording_tests(pack, __file__)
'''
"""The test of a pack in Python; `module` has its `pack`."""


def write_test(folder: Path, module: str) -> Path | None:
    """Write the test that replays the recordings of `folder`, beside it, if there is none yet.

    Returns its path; None if there is one, whatever it is called.
    """
    tests = folder.parent
    if any("recording_tests(" in each.read_text(encoding="utf-8") for each in tests.glob("*.py")):
        return None
    (tests / "__init__.py").touch()  # else pytest takes tests of two packs for one
    file = tests / "test_recordings.py"
    file.write_text(TEST.format(module=module), encoding="utf-8")
    return file


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", errors="strict") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


def _next_number(place: Path) -> int:
    numbers = [each.name.partition("-")[0] for each in place.glob("*.json")]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
