"""`packsync`: the command line beside Dagster's."""

import atexit
import gc
from typing import Any

import typer

from pack_sync.cli.commands import COMMANDS, CommandsWhenUsed, came_first, stand_in


class _Program(typer.Typer):
    """A process of its own, whose memory is its until it ends."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the process was started with.

        Of the 230,000 objects that imports leave none is garbage: looking through them while they
        come, and taking them apart at the end, would be a third of a small sync's time.
        """
        gc.disable()  # until the command is imported
        atexit.register(_let_memory_be)  # before all that is imported, and so the last at the end
        return super().__call__(*args, **kwargs)


def _let_memory_be() -> None:
    """Leave what Dagster's imports made as it is.

    Without them it takes no time to take all apart; and of what is left, DuckDB tells as leaks if
    it was imported before Dagster.
    """
    if came_first:
        gc.freeze()
    else:
        gc.unfreeze()


app = _Program(
    cls=CommandsWhenUsed,
    help="Look at packs, try them out, and sync their tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _name, (_, _help) in COMMANDS.items():
    app.command(_name, help=_help)(stand_in)
