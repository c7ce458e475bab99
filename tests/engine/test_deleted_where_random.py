"""Deletions by ids and by values in random syncs, against a model (contract C9, D1, D9, D12)."""

import random
from pathlib import Path
from typing import Any

import pytest

from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.settings import SyncSettings
from tests.engine.sync_harness import Engine, Scripted
from tests.engine.test_deleted_where import MESSAGE, message

State = dict[str, tuple[Any, Any]]


def random_page(chance: random.Random) -> tuple[list[Any], list[Any]]:
    """Deletions and rows of a page."""
    rows = [
        message(f"r{n}", chance.choice(["1", "2", "3", None]), chance.choice([1, 2, 2.5, None]))
        for n in chance.sample(range(12), chance.randrange(5))
    ]
    deleted: list[Any] = []
    for _ in range(chance.choice([0, 0, 1, 1, 2])):
        project = {"projectId": chance.choice(["1", 2, "3"])}
        number = {"number": chance.choice([1, "2", 2.5])}
        told = [f"r{chance.randrange(12)}", project, number, {**project, **number}]
        deleted.append(chance.choice(told))
    return deleted, rows


def apply_page(state: State, deleted: list[Any], rows: list[Any]) -> None:
    """What the table holds after a page, by the contract alone."""
    for told in deleted:
        for row_id in [row_id for row_id, row in state.items() if is_meant(told, row_id, row)]:
            del state[row_id]
    for row in rows:
        state[row["id"]] = (row["projectId"], row["number"])


def is_meant(told: Any, row_id: str, row: tuple[Any, Any]) -> bool:
    """Whether a deletion means the row with this project and number."""
    if isinstance(told, str):
        return told == row_id
    project, number = row
    by_project = "projectId" not in told or str(told["projectId"]) == project
    return by_project and ("number" not in told or float(told["number"]) == number)


@pytest.mark.parametrize("seed", range(6))
def test_random_syncs_leave_what_a_model_says(tmp_path: Path, seed: int) -> None:
    """Full and incremental ones of two syncs, in many pages, some interrupted and resumed (D9)."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    settings = SyncSettings(
        attempts=1,
        retry_wait_seconds=0,
        max_deleted_share=1,
        small_table_deleted_share=1,
        hold_empty=False,
    )
    execute = Scripted()
    engine = Engine(
        folder=tmp_path,
        execute=execute,
        schema=MESSAGE,
        syncs=("east", "west"),
        settings=settings,
    )
    states: dict[str, State] = {"east": {}, "west": {}}
    for number in range(14):
        name = chance.choice(sorted(states)) if number > 1 else ("east", "west")[number]
        pages = [random_page(chance) for _ in range(chance.randrange(1, 6))]
        interrupted = chance.randrange(len(pages)) if number > 1 and chance.random() < 0.5 else None
        mode: Any = "full" if number < 2 or chance.random() < 0.3 else "incremental"
        for at, (deleted, rows) in enumerate(pages):
            more = {"continuation": {"sync": number, "page": at}}
            end = {"completion": {"incrementalContinuation": {"sync": number}}}
            if at == interrupted:
                execute.then(OSError("the connection was lost"))
            last = at == len(pages) - 1
            execute.then({"result": rows, "deletedRowIds": deleted, **(end if last else more)})
        if interrupted is not None:
            with pytest.raises(SyncFailedError, match="the connection was lost"):
                engine.sync(mode, name=name)
        engine.sync(mode, name=name)
        if mode == "full" and not interrupted:  # one that was resumed proves no absence
            states[name] = {}
        for deleted, rows in pages:
            apply_page(states[name], deleted, rows)
        assert found_in(engine) == {
            (sync, row_id): values
            for sync, state in states.items()
            for row_id, values in state.items()
        }


def found_in(engine: Engine) -> dict[tuple[str, str], tuple[Any, Any]]:
    """The rows of the table by sync and id."""
    with engine.warehouse.read() as connection:
        rows = connection.execute(
            'SELECT _sync, id, "projectId", "number" FROM "acme"."Items"'
        ).fetchall()
    return {(sync, row_id): (project, number) for sync, row_id, project, number in rows}
