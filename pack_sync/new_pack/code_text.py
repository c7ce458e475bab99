"""Python source, laid out as ruff and black lay it out at any width from 88 characters on.

What fits is on one line; all else has one item a line and a comma after the last, which formatters
leave alone.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pack_sync.new_pack.draft import Guess, Json

WIDTH = 88
_INDENT = "    "


@dataclass(frozen=True)
class Code:
    """An expression that is written as it is."""

    text: str


@dataclass(frozen=True)
class Noted:
    """A value with a comment."""

    value: Json
    comment: str


@dataclass(frozen=True)
class Call:
    """A call with keywords, such as the construction of an object."""

    name: str
    arguments: Mapping[str, Json]


def quoted(text: str) -> str:
    """The text as a literal, in double quotes unless others need fewer backslashes."""
    literal = repr(text)
    if literal[0] == '"' or (text.count('"') > text.count("'")):
        return literal
    inner = literal[1:-1].replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'


def one_line(value: Json) -> str:
    """A value of JSON, or code, on one line."""
    match value:
        case Code(text):
            return text
        case Noted(inner, _):
            return one_line(inner)
        case str():
            return quoted(value)
        case Mapping():
            pairs = cast("Mapping[str, Json]", value).items()
            return "{" + ", ".join(f"{quoted(k)}: {one_line(v)}" for k, v in pairs) + "}"
        case Call(name, arguments):
            inner = ", ".join(f"{key}={one_line(each)}" for key, each in arguments.items())
            return f"{name}({inner})"
        case tuple():
            inner = ", ".join(one_line(each) for each in cast("tuple[Json, ...]", value))
            return f"({inner},)" if len(cast("tuple[Json, ...]", value)) == 1 else f"({inner})"
        case list():
            return "[" + ", ".join(one_line(each) for each in cast("list[Json]", value)) + "]"
        case _:
            return repr(value)


def laid_out(prefix: str, value: Json, suffix: str = "", depth: int = 0) -> list[str]:
    """The lines of `prefix value suffix`, such as `rows = […]` or `"id": {…},`."""
    noted = value if isinstance(value, Noted) else None
    value = noted.value if noted else value
    indent = _INDENT * depth
    line = f"{indent}{prefix}{one_line(value)}{suffix}"
    if not _holds_notes(value) and (len(line) <= WIDTH or not _items(value)):
        lines = [line]
    else:
        opening, closing = _brackets(value)
        lines = [f"{indent}{prefix}{opening}"]
        for key, item in _items(value):
            lines += laid_out(key, item, ",", depth + 1)
        lines.append(f"{indent}{closing}{suffix}")
    if noted is None or not noted.comment:
        return lines
    if len(lines) == 1 and len(lines[0]) + len(noted.comment) + 4 <= WIDTH:
        return [f"{lines[0]}  # {noted.comment}"]
    return [*comment(noted.comment, depth), *lines]


def call(prefix: str, name: str, arguments: Mapping[str, Json], depth: int = 0) -> list[str]:
    """The lines of `prefix name(argument=value, …)`."""
    return laid_out(prefix, Call(name, arguments), depth=depth)


def _brackets(value: Json) -> tuple[str, str]:
    if isinstance(value, Call):
        return f"{value.name}(", ")"
    if isinstance(value, tuple):
        return "(", ")"
    return ("{", "}") if isinstance(value, Mapping) else ("[", "]")


def comment(text: str, depth: int = 0) -> list[str]:
    """A comment of as many lines as it takes."""
    start = f"{_INDENT * depth}# "
    plain = " ".join(text.split())
    return textwrap.wrap(plain, WIDTH, initial_indent=start, subsequent_indent=start)


def remarks(what: str, guess: Guess, depth: int = 0) -> list[str]:
    """The evidence of a guess as a comment, and below it what is to be found out."""
    lines = comment(f"{what}: {guess.evidence}", depth) if guess.evidence else []
    if guess.question:
        question = guess.question if lines else f"{what}: {guess.question}"
        lines += comment(f"QUESTION: {question}", depth)
    return lines


def _holds_notes(value: Json) -> bool:
    """Whether a comment belongs to something inside, so that it needs a line of its own."""
    return any(
        (isinstance(item, Noted) and bool(item.comment)) or _holds_notes(item)
        for _, item in _items(value)
    )


def _items(value: Json) -> Sequence[tuple[str, Json]]:
    """What a mapping or list holds, with what is written in front of each."""
    if isinstance(value, Noted):
        return _items(value.value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Json]", value).items()
        return [(f"{quoted(key)}: ", item) for key, item in pairs]
    if isinstance(value, Call):
        return [(f"{key}=", item) for key, item in value.arguments.items()]
    if isinstance(value, list | tuple):
        return [("", item) for item in cast("list[Json]", value)]
    return []
