"""Makes docs/reference/commands.md, api.md and check-rules.md: `python -m tests.reference_pages`.

The commands are told by their help, the public API by its docstrings, the rules by themselves.
"""

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import click

import pack_sdk
import pack_sdk.testing
import pack_sync
from pack_sync.check.rules import rules_in_order
from pack_sync.cli.commands import COMMANDS, command
from pack_sync.cli.groups import ListByDefault

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_MADE = "For developers: this page is made by `python -m tests.reference_pages`.\n"
_RULE = re.compile(r"\s?\((?:contract )?[A-Z]\d+[a-z]?(?:,\s[A-Z]\d+)*\)")
_MODULES = {
    pack_sync: "For Dagster projects.",
    pack_sdk: "For authors of packs.",
    pack_sdk.testing: "For tests of packs.",
}


def commands() -> str:
    """The page of all commands with their arguments and options."""
    lines = ["# Commands\n", "`packsync COMMAND --help` says the same.\n"]
    for name in COMMANDS:
        lines += _command(f"packsync {name}", command(name))
    return "\n".join([*lines, _MADE])


def _command(path: str, described: Any) -> Iterator[str]:
    context = click.Context(described)
    below: list[str] = list(getattr(described, "commands", {}))
    parameters = [each for each in described.get_params(context) if each.name != "help"]
    if parameters or not below:
        words = [_usage(each) for each in parameters if each.param_type_name == "argument"]
        has_options = any(each.param_type_name == "option" for each in parameters)
        yield f"## `{' '.join([path, *words])}{' [OPTIONS]' if has_options else ''}`\n"
        yield f"{inspect.cleandoc(described.help or '')}\n"
        rows = [_row(each) for each in parameters if each.help]
        yield from ["| | |", "|---|---|", *rows, ""] if rows else []
    if isinstance(described, ListByDefault):
        yield f"## `{path}`\n\n`{path}` alone is `{path} list`.\n"
    for name in below:
        yield from _command(f"{path} {name}", described.get_command(context, name))


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    name += "..." if argument.nargs == -1 and not name.endswith("...") else ""
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _row(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    name = " / ".join(parameter.opts) if is_option else _usage(parameter)
    default: Any = parameter.default
    shown = is_option and default not in (None, False, (), "") and not callable(default)
    return f"| `{name}` | {parameter.help}{f' Default: {default}.' if shown else ''} |"


def api() -> str:
    """The page of all public names, with what their docstrings say."""
    lines = ["# Public API\n", "What is not here may change without notice.\n"]
    for module, what in _MODULES.items():
        lines.append(f"## `{module.__name__}`\n\n{what}\n")
        for name in module.__all__:
            lines += _member(module, name)
    return "\n".join([*lines, _MADE])


def check_rules() -> str:
    """The page of the rules of `packsync check`, in the order in which a table is looked at."""
    lines = [
        "# Rules of `packsync check`\n",
        "In the order in which they are looked at; see [Check a pack](../how-to/check-a-pack.md).",
        "",
        "| code | what is right | what to do | |",
        "|---|---|---|---|",
    ]
    for rule in rules_in_order():
        kind = "advice" if rule.level == "advice" else "stops" if rule.basic else ""
        lines.append(f"| `{rule.code}` | {rule.says} | {rule.remedy} | {kind} |")
    lines += [
        "",
        "*advice*: it costs time, or lets deleted rows stay until the next full sync. "
        "*stops*: what rests on it is not looked at.\n",
        _MADE,
    ]
    return "\n".join(lines)


def _member(module: ModuleType, name: str) -> Iterator[str]:
    member = getattr(module, name)
    if isinstance(member, str) or getattr(member, "__name__", name) != name:
        return  # the version, and second names
    yield f"### `{name}{_signature(member)}`\n"
    yield f"{_text(member)}\n"
    if inspect.isclass(member) and not issubclass(member, Enum | Exception):
        methods = [
            f"- `{each}{_signature(method)}`: {_text(method).splitlines()[0]}"
            for each, method in vars(member).items()
            if not each.startswith("model_")
            if inspect.isfunction(method)
            and not each.startswith(("_", "model_"))
            and method.__doc__
        ]
        yield from [*methods, ""] if methods else []


def _signature(member: Any) -> str:
    """What a function takes; a class's is told by its docstring."""
    if not inspect.isfunction(member):
        return ""
    names = [
        {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "") + name
        for name, parameter in inspect.signature(member).parameters.items()
        if name != "self"
    ]
    return f"({', '.join(names)})"


def _text(member: Any) -> str:
    return _RULE.sub("", inspect.cleandoc(member.__doc__ or ""))


if __name__ == "__main__":
    (FOLDER / "commands.md").write_text(commands())
    (FOLDER / "api.md").write_text(api())
    (FOLDER / "check-rules.md").write_text(check_rules())
