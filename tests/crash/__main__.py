"""`python -m tests.crash --points 400 --seed 7`: kills syncs, and says what was violated."""

import itertools
import os
import random
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tests.crash.fork_server import ForkServer
from tests.crash.own_postgres import OwnPostgres
from tests.crash.trials import Laboratory
from tests.warehouses import KIND
from tests.warehouses import postgres as running_postgres


def main(
    points: Annotated[int, typer.Option(help="How many trials, each of one to three kills.")] = 400,
    seed: Annotated[int | None, typer.Option(help="To repeat a run; random if unset.")] = None,
    every: Annotated[bool, typer.Option(help="Also every step of every scenario.")] = False,
    postgres: Annotated[bool, typer.Option(help="Kill the Postgres of a lake instead.")] = False,
) -> None:
    """Kill syncs at random steps and moments, and check table, cursor, ledger and pages."""
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    typer.echo(f"seed {seed}, warehouse {KIND}")
    chance = random.Random(seed)
    began, failed = time.monotonic(), 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        victim = stack.enter_context(OwnPostgres()) if postgres else None
        if KIND == "postgres-lake" and victim is None:
            os.environ["TEST_POSTGRES"] = running_postgres()  # children do not start it
        server = stack.enter_context(ForkServer())
        laboratory = Laboratory(folder, server, seed, victim)
        trials = laboratory.some_trials(points, chance)
        for number, trial in enumerate(
            itertools.chain(trials, laboratory.every_kill() if every else []), start=1
        ):
            if problems := laboratory.run(trial):
                failed += 1
                typer.echo("\n  ".join([f"trial {number}: {trial}", *problems]), err=True)
            if number % 50 == 0:
                typer.echo(f"{number} trials, {laboratory.killed} killed, {failed} failed")
    for message, count in Counter(laboratory.told).most_common():
        typer.echo(f"{count} times: {message}")
    seconds = time.monotonic() - began
    typer.echo(f"{laboratory.killed} killed in {seconds:.0f} s: {failed} trials failed")
    raise typer.Exit(code=1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
