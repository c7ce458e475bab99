"""How a call into a TypeScript pack can fail, beside what a fetch raises.

PackError
├── JavaScriptError         the pack's code threw something
└── PackProcessError        the child that ran it had to be ended, or ended by itself
"""

from pack_sdk.errors import PackError


class JavaScriptError(PackError):
    """The pack's code threw an error; the message has its type, text, file and line.

    `name` and `message` are what it said itself; `stack` has a line for each of its functions.
    """

    def __init__(self, name: str, message: str, position: str = "", stack: str = "") -> None:
        self.name = name
        self.message = message
        self.stack = stack
        where = f" ({position})" if position else ""
        super().__init__(f"{name}: {message}{where}" if message else f"{name}{where}")


class PackProcessError(PackError):
    """The child that runs the pack's code died, ran out of memory, or broke the protocol."""


class RuntimeMissingError(PackError):
    """Deno, which runs packs in TypeScript, is not installed."""
