"""Places in the source of a pack in TypeScript, by what stands there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pack_sync.check.findings import Place
from pack_sync.check.source import Part, shown_path
from pack_sync.runtimes.typescript.bundle import required_entry
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError

_GIVEN = r"\b{}\b\s*(?::|=(?!=)|[,}}](?<!\.))"
"""A key of an object, or a property that is set: no place where it is read."""

_PATTERNS: dict[str, str] = {
    "result": _GIVEN.format("result"),
    "continuation": r"\bcontinuation\b\s*(?::|=(?!=))|(?<!\.)\bcontinuation\b\s*[,}]",
    "cursor": _GIVEN.format("incrementalContinuation"),
    "deleted": _GIVEN.format("deleted(?:Row|Item)Ids"),
    "handler": r"\bcatch\b",
    "fetch": r"\.fetch\s*\(",
    "execute": r"\bexecute\b",
    "id": r"\bid(?:Property)?\s*:",
    "domains": r"\baddNetworkDomain\b",
    "log": r"\b(?:logger|console)\s*\.",
    "table": r"\baddSyncTable\b",
    "memory": r"^(?:let|var)\s",
}
_INSTEAD = {"deleted": "result", "continuation": "result", "handler": "fetch", "log": "execute"}


@dataclass(frozen=True, kw_only=True)
class _Text:
    """A part of a file; `first_line` is the number of its first."""

    file: Path
    text: str
    first_line: int = 1

    def place_of(self, pattern: str) -> Place | None:
        found = re.search(pattern, self.text, re.MULTILINE)
        if found is None:
            return None
        line = self.first_line + self.text.count("\n", 0, found.start())
        return Place(file=shown_path(self.file), line=line)


class TypeScriptSource:
    """The TypeScript files of a pack, the one that it begins with first."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = [
            _Text(file=file, text=file.read_text(encoding="utf-8", errors="replace"))
            for file in files
        ]

    def lines(self) -> Iterator[tuple[Place, str]]:
        """All lines of its files."""
        for file in self._files:
            for number, line in enumerate(file.text.splitlines(), 1):
                yield Place(file=shown_path(file.file), line=number), line

    def find(self, table: str, part: Part, detail: str = "") -> Place:
        """The line of a part of a table (see `pack_sync.check.source.Source`)."""
        looked: str | None = part
        while looked is not None:
            for pattern in _patterns(looked, detail):
                for text in self._where(table):
                    if place := text.place_of(pattern):
                        return place
            looked = _INSTEAD.get(looked)
        nearest = next(self._where(table))
        return Place(file=shown_path(nearest.file), line=nearest.first_line)

    def raised_at(self, error: BaseException) -> Place | None:
        """The innermost line of its files in the error's stack."""
        stack = error.stack if isinstance(error, JavaScriptError) else ""
        for name, line in re.findall(r"([^\s()]+):(\d+):\d+\)", stack):
            for text in self._files:
                if text.file.as_posix().endswith(name):
                    return Place(file=shown_path(text.file), line=int(line))
        return None

    def _where(self, table: str) -> Iterator[_Text]:
        """Where to look, in this order: in the table's declaration, then in whole files."""
        for text in self._files:
            if (declared := _declaration(text, table)) is not None:
                yield declared
        yield from self._files


def typescript_files(folder: Path) -> list[Path]:
    """The sources of a pack, the file that it begins with first."""
    entry = required_entry(folder)
    others = sorted(
        file
        for file in entry.parent.rglob("*")
        if file.suffix in (".ts", ".js") and "node_modules" not in file.parts and file != entry
    )
    return [entry, *(file for file in others if ".test." not in file.name)]


def _patterns(part: str, detail: str) -> list[str]:
    """What to look for, the first that is found anywhere."""
    if part in ("property", "parameter"):
        name = re.escape(detail)
        return [rf"""(?:^|[\s{{,"'])({name})["']?\s*:""", rf"""["']{name}["']"""]
    return [_PATTERNS[part]]


def _declaration(text: _Text, table: str) -> _Text | None:
    """The call that declares the table, from its name to its closing parenthesis."""
    name = re.compile(rf"""\bname\s*:\s*["'`]{re.escape(table)}["'`]""")
    for call in re.finditer(r"\badd(?:Dynamic)?SyncTable\s*\(", text.text):
        whole = text.text[call.start() : _end_of_call(text.text, call.end())]
        if name.search(whole):
            line = text.first_line + text.text.count("\n", 0, call.start())
            return _Text(file=text.file, text=whole, first_line=line)
    return None


def _end_of_call(text: str, start: int) -> int:
    depth = 1
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)
