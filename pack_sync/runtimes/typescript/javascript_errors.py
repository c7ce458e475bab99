"""What a pack's code threw in the child, as an exception with the pack's own file and line."""

import re
from collections.abc import Mapping
from typing import Any

from pack_sdk.errors import (
    InvalidResultError,
    MissingScopesError,
    PackError,
    RetryLater,
    UserVisibleError,
)
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.process import PackProcessError
from pack_sync.runtimes.typescript.source_map import map_stack

_MISTAKES = ("TypeError", "ReferenceError", "RangeError", "SyntaxError")
"""Errors that JavaScript itself raises: what a pack throws on purpose is meant to be read."""


_REQUESTS = "ask for it with context.fetcher.fetch"
_NO_BROWSER = "a pack runs in no browser"
_ABSENT = {
    "fetch": _REQUESTS,
    "XMLHttpRequest": _REQUESTS,
    "WebSocket": _REQUESTS,
    "EventSource": _REQUESTS,
    "Request": _REQUESTS,
    "Response": _REQUESTS,
    "require": "bundle the pack with the modules that it requires, or give its sources",
    "Deno": "a pack reaches nothing but its fetcher",
    "Worker": "a pack runs in one thread",
    **dict.fromkeys(
        ("window", "self", "document", "DOMParser", "navigator", "location", "localStorage"),
        _NO_BROWSER,
    ),
}
"""What authors look for in vain, and what to do instead."""

_NO_FILES = (
    "a pack cannot read or write files. Import the data, so that it is bundled: `import data from "
    '"./data.json"`, or a .txt file as a text'
)
# What a bundle has in place of them is empty: `(0 , import_fs.readFileSync)`, `fs.promises.open`.
_OF_NODE = re.compile(
    r"(?:\(0 , )?(?:import_)?(?:node_)?(fs|promises|child_process|net|tls|dns|http2|dgram|"
    r"worker_threads|cluster|readline)\d*(?:\.default|\.promises)*\.\w+\)? is not a function"
)
_NOT_IMPORTED = re.compile(
    r"""Import "([^"]+)" not a dependency|Requires import access to "([^"]+)\"|"""
    r"""Relative import path "([^"]+)\"|a pack cannot import modules of Node"""
)


class JavaScriptError(PackError):
    """The pack's code threw an error; the message has its type, text, file and line.

    `name` and `message` are what it said itself; `stack` has a line for each of its functions.
    """

    def __init__(self, name: str, message: str, stack: list[str]) -> None:
        self.name = name
        self.message = message
        self.stack = "\n".join(stack)
        where = f" ({stack[0]})" if stack else ""
        super().__init__(f"{name}: {message}{where}" if message else f"{name}{where}")


def javascript_error(failure: Mapping[str, Any], bundle: Bundle) -> JavaScriptError:
    """The error of a failure's head, with places in the pack's sources."""
    stack = map_stack(str(failure["stack"]), bundle)
    name, message = str(failure["name"]), str(failure["message"])
    if cause := failure.get("cause"):
        message += f" (because of {cause})"
    return JavaScriptError(name, _with_remedy(name, message), stack)


def _with_remedy(name: str, message: str) -> str:
    absent = message.removesuffix(" is not defined")
    if name == "ReferenceError" and absent in _ABSENT:
        return f"{message}: {_ABSENT[absent]}"
    if name == "TypeError" and (found := _OF_NODE.match(message)):
        files = found[1] in ("fs", "promises")
        return f"{message}: {_NO_FILES if files else _ABSENT['Deno']}"
    if found := _NOT_IMPORTED.match(message):
        what = next(filter(None, found.groups()), "a module of Node")
        return f"the pack imports {what} while it runs: bundle the pack with all it imports"
    return message


def _pause(failure: Mapping[str, Any], message: str) -> RetryLater | None:
    """The pause that a pack asks for; None where its error has no time for it."""
    try:
        return RetryLater(float(failure.get("retryAfterSeconds", "")), message)
    except ValueError:
        return None


def error_of(
    failure: Mapping[str, Any],
    what: str,
    bundle: Bundle,
    raised: Mapping[int, Exception],
    environment: CallEnvironment,
) -> Exception:
    """The exception that stands for what the pack threw when `what` was called.

    `raised` are the errors of the call's requests by number: one that the pack let pass is
    itself what is raised, so that the engine can tell what it was.
    """
    name, message = str(failure["name"]), str(failure["message"])
    if original := raised.get(failure.get("request") or 0):
        return original
    if failure.get("userVisible"):
        return UserVisibleError(message)
    if name in ("InvalidResultError", "PageTooLargeError"):
        return InvalidResultError(message)
    if name == "UnsettledPromiseError":
        return PackProcessError(f"{what} never ends: {message}")
    if name == "MissingScopesError":
        return MissingScopesError(message)
    if name == "RetryLater" and (pause := _pause(failure, message)):
        return pause
    error = javascript_error(failure, bundle)
    environment.logger.debug(f"{error}\n{error.stack}")
    if name in _MISTAKES and (last_answer := environment.fetcher.last_answer):
        error.add_note(f"(the last answer was: {last_answer})")
    return error
