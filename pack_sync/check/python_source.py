"""Places in the source of a pack in Python, by its syntax tree."""

import ast
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pack_sync.check.findings import Place
from pack_sync.check.source import Part, shown_path

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_KEYS: dict[str, frozenset[str]] = {
    "result": frozenset({"result"}),
    "continuation": frozenset({"continuation"}),
    "cursor": frozenset({"incrementalContinuation", "incremental_continuation"}),
    "deleted": frozenset(
        {"deletedRowIds", "deleted_row_ids", "deletedItemIds", "deleted_item_ids"}
    ),
}
_INSTEAD = {
    "deleted": "result", "continuation": "result", "handler": "fetch", "result": "returned",
    "cursor": "returned",
}  # fmt: skip
"""Where to look for what is not there: it would have to be written near that."""

_CURSORS = frozenset({"TimeCursor", "SyncToken", "ChangeFeed"})
"""What makes a cursor of the SDK."""

_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "print"})
_LEFT_OUT = {"tests", "__pycache__"}


@dataclass(frozen=True, kw_only=True)
class _Node:
    """A node of a syntax tree with the file it is in."""

    file: Path
    node: ast.AST

    @property
    def place(self) -> Place:
        return Place(file=shown_path(self.file), line=getattr(self.node, "lineno", 1))


class PythonSource:
    """The Python files of a pack, those of its tests left out."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
        self._functions: dict[str, _Node] = {}
        self._tables: dict[str, _Node] = {}
        self._executes: dict[str, _Node] = {}
        for found in self._all():
            if isinstance(found.node, Function):
                self._functions.setdefault(found.node.name, found)
        for found in self._all():
            self._note_table(found)

    def lines(self) -> Iterator[tuple[Place, str]]:
        """All lines of its files."""
        for file in self._trees:
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                yield Place(file=shown_path(file), line=number), line

    def find(self, table: str, part: Part, detail: str = "") -> Place:
        """The line of a part of a table (see `pack_sync.check.source.Source`)."""
        looked: str | None = part
        while looked is not None:
            if (found := next(self._found(table, looked, detail), None)) is not None:
                return found.place
            looked = _INSTEAD.get(looked)
        return self._execute(table).place

    def raised_at(self, error: BaseException) -> Place | None:
        """The last of its lines in the error's traceback."""
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if (file := Path(frame.filename)) in self._trees:
                return Place(file=shown_path(file), line=frame.lineno or 1)
        return None

    def _found(self, table: str, part: str, detail: str) -> Iterator[_Node]:
        if part in _KEYS:
            yield from self._returned(table, _KEYS[part])
            if part == "cursor":
                yield from self._within(table, lambda node: _called(node) in _CURSORS)
        elif part == "returned":
            yield from self._within(table, lambda node: isinstance(node, ast.Return))
        elif part == "handler":
            yield from self._within(table, lambda node: isinstance(node, ast.ExceptHandler))
            yield from self._within(table, _is_suppress)
        elif part == "fetch":
            yield from self._within(table, lambda node: _called(node) == "fetch")
        elif part == "log":
            yield from self._within(table, lambda node: _called(node) in _LOGGING)
        elif part == "id":
            yield from self._in_schema(table, "id_property")
        elif part == "property":
            yield from self._in_schema(table, detail)
        elif part == "parameter":
            yield from (
                _Node(file=found.file, node=found.node)
                for found in self._all()
                if isinstance(found.node, ast.Constant) and found.node.value == detail
            )
        elif part == "domains":
            yield from (f for f in self._all() if _called(f.node) == "add_network_domain")
        elif part == "memory":
            yield from self._memory(table)
        elif part == "table" and table in self._tables:
            yield self._tables[table]

    def _execute(self, table: str) -> _Node:
        if (found := self._executes.get(table) or self._tables.get(table)) is not None:
            return found
        first = next(iter(self._trees))
        return _Node(file=first, node=self._trees[first])

    def _note_table(self, found: _Node) -> None:
        """Remember a declaration of a table, and its function."""
        node = found.node
        if isinstance(node, Function):
            for decorator in node.decorator_list:
                if (name := _table_of(decorator)) is not None:
                    self._tables[name] = _Node(file=found.file, node=decorator)
                    self._executes[name] = found
        elif (name := _table_of(node)) is not None and isinstance(node, ast.Call):
            self._tables.setdefault(name, found)
            execute = _argument(node, "execute")
            if isinstance(execute, ast.Name) and execute.id in self._functions:
                self._executes[name] = self._functions[execute.id]

    def _reached(self, table: str) -> Iterator[_Node]:
        """The table's function, and the pack's functions that it comes to, each once."""
        waiting, seen = [self._execute(table)], set[int]()
        while waiting:
            function = waiting.pop(0)
            if id(function.node) in seen:
                continue
            seen.add(id(function.node))
            yield function
            for node in ast.walk(function.node):
                name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", None)
                if isinstance(name, str) and name in self._functions:
                    waiting.append(self._functions[name])

    def _within(self, table: str, fits: Callable[[ast.AST], bool]) -> Iterator[_Node]:
        for function in self._reached(table):
            nodes = [node for node in ast.walk(function.node) if fits(node)]
            for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0)):
                yield _Node(file=function.file, node=node)

    def _returned(self, table: str, keys: frozenset[str]) -> Iterator[_Node]:
        """Where a value is given under one of the keys: in a dictionary, or as an argument."""
        for function in self._reached(table):
            found: list[ast.AST] = []
            for node in ast.walk(function.node):
                if isinstance(node, ast.Dict):
                    found += [key for key in node.keys if key is not None and _text(key) in keys]
                elif isinstance(node, ast.keyword) and node.arg in keys:
                    found.append(node)
                elif isinstance(node, ast.Assign):
                    found += [target for target in node.targets if _subscript(target) in keys]
            for node in sorted(found, key=lambda node: getattr(node, "lineno", 0), reverse=True):
                yield _Node(file=function.file, node=node)

    def _in_schema(self, table: str, key: str) -> Iterator[_Node]:
        """Where a key stands in the table's schema, or in any of the pack's."""
        declared = self._tables.get(table)
        schema = _argument(declared.node, "schema") if declared else None
        if declared is not None and schema is not None:
            for node in ast.walk(schema):
                if isinstance(node, ast.Name) and (assigned := self._assigned(node.id)):
                    yield from _keys_in(assigned, key)
            yield from _keys_in(_Node(file=declared.file, node=schema), key)
        for file, tree in self._trees.items():
            yield from _keys_in(_Node(file=file, node=tree), key)

    def _assigned(self, name: str) -> _Node | None:
        for file, tree in self._trees.items():
            for node in tree.body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                if isinstance(node, ast.AnnAssign):
                    targets = [node.target]
                if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                    return _Node(file=file, node=node)
        return None

    def _memory(self, table: str) -> Iterator[_Node]:
        """Where the table's functions change what is outside of them."""
        yield from self._within(table, lambda node: isinstance(node, ast.Global))
        outside = {
            target.id
            for tree in self._trees.values()
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        yield from self._within(table, lambda node: _changes(node, outside))

    def _all(self) -> Iterator[_Node]:
        for file, tree in self._trees.items():
            for node in ast.walk(tree):
                yield _Node(file=file, node=node)


def python_files(files: Sequence[Path]) -> list[Path]:
    """Those of a pack's files that are no tests of it."""
    folder = files[0].parent
    return [
        file
        for file in files
        if not _LEFT_OUT & set(file.relative_to(folder).parts[:-1])
        and not file.name.startswith("test_")
        and file.name not in ("conftest.py", "fake.py")
    ]


def _table_of(node: ast.AST) -> str | None:
    """The name of the table that a call declares."""
    if _called(node) not in ("add_sync_table", "add_dynamic_sync_table"):
        return None
    return _text(_argument(node, "name"))


def _called(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", None)


def _argument(call: ast.AST, name: str) -> ast.expr | None:
    """An argument of a call, or a value of the dictionary that it is given instead."""
    if not isinstance(call, ast.Call):
        return None
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    for given in call.args:
        if isinstance(given, ast.Dict):
            for key, value in zip(given.keys, given.values, strict=True):
                if _text(key) == name:
                    return value
    return None


def _text(node: ast.AST | None) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else None


def _subscript(node: ast.AST) -> str | None:
    return _text(node.slice) if isinstance(node, ast.Subscript) else None


def _keys_in(within: _Node, key: str) -> Iterator[_Node]:
    for node in ast.walk(within.node):
        if isinstance(node, ast.Dict):
            for each in node.keys:
                if each is not None and _text(each) == key:
                    yield _Node(file=within.file, node=each)
        elif isinstance(node, ast.keyword) and node.arg == key:
            yield _Node(file=within.file, node=node)


def _is_suppress(node: ast.AST) -> bool:
    return _called(node) == "suppress"


_CHANGING = {"append", "add", "update", "extend", "insert", "pop", "clear", "setdefault", "remove"}


def _changes(node: ast.AST, outside: set[str]) -> bool:
    """Whether a node changes an object that a name outside of functions stands for."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return node.func.attr in _CHANGING and isinstance(owner, ast.Name) and owner.id in outside
    targets: Sequence[ast.expr] = node.targets if isinstance(node, ast.Assign) else ()
    if isinstance(node, ast.AugAssign):
        targets = [node.target]
    owners = [each.value for each in targets if isinstance(each, ast.Subscript | ast.Attribute)]
    return any(isinstance(owner, ast.Name) and owner.id in outside for owner in owners)
