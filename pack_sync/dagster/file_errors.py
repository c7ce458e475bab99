"""What is wrong in a `defs.yaml`, in words: line, key and the nearest right key, for each mistake.

Dagster validates a file with pydantic, whose message names its own alternatives among the keys,
loses the line below these, and quotes values, which may be credentials.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pack_sdk.wording import choose_from


def what_is_wrong(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """All mistakes of a file that Dagster read, without what was written there.

    `schema` is the JSON schema of the component, whose keys are the choices.
    """
    mistakes = [_Mistake(each, schema) for each in error.errors(include_url=False)]
    paths = [mistake.path for mistake in mistakes]
    told = [
        str(mistake)
        for at, mistake in enumerate(mistakes)
        # That a template would do as well is of no use beside what is wrong in what is there.
        if not mistake.wants_template
        or not any(path[: len(mistake.path)] == mistake.path for path in _without(paths, at))
    ]
    return "; ".join(dict.fromkeys(told))


def _without(paths: Sequence[Sequence[str]], at: int) -> Sequence[Sequence[str]]:
    return [*paths[:at], *paths[at + 1 :]]


class _Mistake:
    """One of pydantic's errors, with its path as it is in the file."""

    def __init__(self, error: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        self._error = error
        position = error["ctx"]["source_position"]
        parts = str(error["loc"][0]).rpartition(" at ")[0].split(".")
        self.path, self._line = _found(Path(position.filename), position.start.line, parts)
        self.wants_template = error["type"] == "string_type" and parts[-1] == "str"
        if error["type"] == "missing":
            self.path = [*self.path, parts[-1]]
        models = [part for each in parts for part in each.strip("]").split(",")]
        named = [schema["$defs"][name] for name in models if name in schema["$defs"]]
        self._choices = list((named or [schema])[-1].get("properties", {}))

    def __str__(self) -> str:
        return f"{'.'.join(self.path)} (line {self._line}): {self._words()}"

    def _words(self) -> str:
        kind, key = self._error["type"], self.path[-1]
        if kind == "missing":
            return "this key is required"
        if kind != "extra_forbidden":
            return str(self._error["msg"])
        if near := difflib.get_close_matches(key, self._choices, n=1):
            return f"there is no key {key!r}; did you mean {near[0]!r}?"
        return f"there is no key {key!r}; {choose_from(self._choices)}"


def _found(file: Path, line: int, parts: Sequence[str]) -> tuple[list[str], int]:
    """Which keys of the file the parts are, and the line of the last; `line` is at least near."""
    try:
        compose: Any = yaml.compose_all  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        documents = [each for each in compose(file.read_text(), yaml.SafeLoader) if each]
    except (OSError, yaml.YAMLError):
        return list(parts), line
    before = [each for each in documents if each.start_mark.line < line]
    return _keys(before[-1], parts, line) if before else (list(parts), line)


def _keys(node: Any, parts: Sequence[str], line: int) -> tuple[list[str], int]:
    """The keys below a node of YAML; what is no key is a name of pydantic's."""
    path: list[str] = []
    while parts:
        taken = 1
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            names = str(key.value).split(".")  # a key may have dots of its own
            if list(parts[: len(names)]) == names:
                path.append(str(key.value))
                node, line, taken = value, key.start_mark.line + 1, len(names)
                break
        parts = parts[taken:]
    return path, line
