"""From a place in the bundle to the pack's own file and line (source maps, version 3)."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pack_sync.runtimes.typescript.bundle import Bundle

MAX_STACK_LINES = 20
_PLACE = re.compile(
    r"(?P<before>.*?)\(?bundle\.js(?:, <anonymous>)?:(?P<line>\d+):(?P<column>\d+)\)?$"
)
_WRAPPER_COLUMNS = len("(function (exports, module) {")
"""What `child.js` writes before the bundle, on its first line."""

_DIGITS = {
    letter: value
    for value, letter in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}


class Place(NamedTuple):
    """A place in a source file; line and column begin at 1."""

    source: str
    line: int
    column: int


def map_stack(stack: str, bundle: Bundle) -> list[str]:
    """The functions of a stack trace that are the pack's, as `function (file:line:column)`.

    The innermost comes first. Without a source map the places are those in the bundle.
    """
    lines: list[str] = []
    for text in stack.splitlines():
        found = _PLACE.match(text.strip())
        if found is None:
            continue
        line, column = int(found["line"]), int(found["column"])
        if line == 1:
            column -= _WRAPPER_COLUMNS
        place = place_of(bundle, line, column)
        function = found["before"].removeprefix("at ").strip()
        lines.append(f"{function} {_shown(place, bundle)}".strip())
    return lines[:MAX_STACK_LINES]


def place_of(bundle: Bundle, line: int, column: int) -> Place:
    """Where a place in the bundle comes from; itself if the map does not say."""
    place = Place(bundle.file.name, line, column)
    if bundle.source_map is None:
        return place
    place = _look_up(bundle.source_map, place) or place
    # A bundle that was made here was made in two steps; the second map leads to the first's file.
    first = bundle.file.with_name(f"{Path(place.source).name}.map")
    if first != bundle.source_map and first.is_file():
        place = _look_up(first, place) or place
    return place


def _look_up(source_map: Path, place: Place) -> Place | None:
    sources, lines = _read(source_map, source_map.stat().st_mtime_ns)
    segments = lines[place.line - 1] if place.line <= len(lines) else []
    index = bisect_right(segments, place.column - 1, key=lambda segment: segment[0]) - 1
    if index < 0 or segments[index][1] < 0:
        return None
    _, source, line, column = segments[index]
    return Place(sources[source], line + 1, column + 1)


def _shown(place: Place, bundle: Bundle) -> str:
    """The place with its file as seen from the pack's folder, where it is below that."""
    source = place.source
    path = (bundle.file.parent / source).resolve()
    if path.is_relative_to(bundle.folder):
        source = str(path.relative_to(bundle.folder))
    elif source.startswith("."):  # from where somebody else compiled it
        source = source.lstrip("./")
    return f"{source}:{place.line}:{place.column}"


@lru_cache(maxsize=8)
def _read(file: Path, _changed: int) -> tuple[list[str], list[list[tuple[int, int, int, int]]]]:
    """The sources of a map, and for each line of the bundle its segments."""
    content: Any = orjson.loads(file.read_bytes())
    root = content.get("sourceRoot") or ""
    sources = [root + str(source) for source in content["sources"]]
    return sources, list(_lines(content["mappings"]))


def _lines(mappings: str) -> Iterator[list[tuple[int, int, int, int]]]:
    source = line = column = 0
    for text in mappings.split(";"):
        segments: list[tuple[int, int, int, int]] = []
        start = 0
        for segment in filter(None, text.split(",")):
            numbers = _numbers(segment)
            start += numbers[0]
            if len(numbers) < 4:
                segments.append((start, -1, 0, 0))
                continue
            source, line, column = source + numbers[1], line + numbers[2], column + numbers[3]
            segments.append((start, source, line, column))
        yield segments


def _numbers(segment: str) -> list[int]:
    """The numbers of a segment, each written as base64 digits of five bits and a sign bit."""
    numbers: list[int] = []
    value = shift = 0
    for letter in segment:
        digit = _DIGITS[letter]
        value |= (digit & 31) << shift
        shift += 5
        if not digit & 32:
            numbers.append(-(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    return numbers
