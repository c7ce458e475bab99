"""`packsync`: the command line beside Dagster's."""

import gc
from typing import Any

import typer

from pack_sync.cli.commands import COMMANDS, CommandsWhenUsed, stand_in


class _Program(typer.Typer):
    """A process of its own, whose memory is its until it ends."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the process was started with.

        Of the 230,000 objects that imports leave none is garbage: looking through them while they
        come, and taking them apart at the end, would be a third of a small sync's time.
        """
        gc.disable()  # until the command is imported
        return super().__call__(*args, **kwargs)


app = _Program(
    cls=CommandsWhenUsed,
    help="Look at packs, try them out, and sync their tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, (_, _help) in COMMANDS.items():
    app.command(_name, help=_help)(stand_in)
