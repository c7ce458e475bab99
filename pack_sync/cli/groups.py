"""Commands with commands of their own."""

from typing import Any

from typer.core import TyperGroup


class ListByDefault(TyperGroup):
    """`packsync rejects demo.Tasks` is `packsync rejects list demo.Tasks`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # typer brings its own click
        """Put `list` before arguments that name no command."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)
