"""What `execute` is called with, page after page, and what of its answers counts."""

from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import InvalidResultError, ParameterType, make_parameter
from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import Call, Engine, Scripted, items, last_page

PARAMETERS = [
    make_parameter(name="project", type=ParameterType.STRING),
    make_parameter(name="status", type=ParameterType.STRING, optional=True),
    make_parameter(name="limit", type=ParameterType.NUMBER, optional=True),
]


def test_args_are_the_values_in_declared_order(tmp_path: Path) -> None:
    """`args` is positional, in declared order, None for what was left out (contract C1)."""
    execute = Scripted(
        {"result": items(a="1"), "continuation": "more"}, last_page({}, b="2"), last_page({})
    )
    engine = Engine(
        folder=tmp_path,
        execute=execute,
        parameters=PARAMETERS,
        values={"limit": 3, "project": "A"},
    )
    engine.sync()
    engine.sync()
    assert [call.args for call in execute.calls] == [["A", None, 3]] * 3


def test_the_context_has_the_values_by_name(tmp_path: Path) -> None:
    """`context.sync.parameters` has the same values by name (contract C1)."""
    execute = Scripted(last_page({}))
    Engine(folder=tmp_path, execute=execute, parameters=PARAMETERS, values={"project": "A"}).sync()
    assert execute.contexts[0].sync.parameters == {"project": "A", "status": None, "limit": None}


def test_a_pack_that_changes_its_arguments_changes_nothing_else(tmp_path: Path) -> None:
    """Each call gets its own values: neither the next page nor the cursor suffers (C1, D5)."""

    def careless(args: Any, context: Any) -> Any:
        args[0].append("closed")
        context.sync.parameters["labels"].append("closed")
        first = context.continuation is None
        return {"continuation": 2} if first else last_page({"token": "t1"})

    execute = Scripted(careless, careless, last_page({}))
    labels = make_parameter(name="labels", type=ParameterType.STRING_ARRAY)
    engine = Engine(
        folder=tmp_path, execute=execute, parameters=[labels], values={"labels": ["open"]}
    )
    engine.sync()
    engine.values = {"labels": ["open"]}
    assert engine.sync().record.mode == "incremental"
    assert execute.calls[2].args == [["open"]]
    assert execute.calls[1].args == [["open", "closed"]]  # by this call itself, not by the first


@pytest.mark.parametrize("falsy", [None, "", 0, False])
def test_a_falsy_return_is_an_empty_page(tmp_path: Path, falsy: Any) -> None:
    """A falsy return is a page without rows, and the last one (contract C2)."""
    execute = Scripted({"result": items(a="1"), "continuation": 2}, falsy)
    engine = Engine(folder=tmp_path, execute=execute)
    record = engine.sync().record
    assert (record.pages, record.rows_returned) == (2, 1)
    assert engine.names() == {"a": "1"}


@pytest.mark.parametrize("value", [None, "", 0, False])
def test_a_continuation_false_in_javascript_ends_the_sync(tmp_path: Path, value: Any) -> None:
    """`None`, `""`, `0` and `false` are no continuation (contract C3)."""
    execute = Scripted({**last_page("c", a="1"), "continuation": value})
    engine = Engine(folder=tmp_path, execute=execute)
    assert engine.sync().record.pages == 1
    assert engine.position().cursor == "c"


CONTINUATIONS: list[Any] = [
    {},
    [],
    {"pageToken": "ü/+=", "seen": [1, None, 2.5, True], "deep": {"a": {}}},
    "text",
    7,
    True,
]


@pytest.mark.parametrize("continuation", CONTINUATIONS)
def test_a_continuation_comes_back_verbatim(tmp_path: Path, continuation: Any) -> None:
    """What a page returned as continuation, `{}` too, the next one gets (contract C3, C4)."""
    execute = Scripted({"continuation": continuation}, last_page({}))
    Engine(folder=tmp_path, execute=execute).sync()
    first, second = (context.sync.continuation for context in execute.contexts)
    assert first is None
    assert (second, type(second)) == (continuation, type(continuation))


def test_a_page_may_change_the_continuation_it_was_given(tmp_path: Path) -> None:
    """The continuation a page gets is its own: counting it up in place goes on (C4, C15)."""

    def count_up(_: Any, context: Any) -> Any:
        place = context.sync.continuation
        place["page"] += 1
        return {"continuation": place} if place["page"] < 4 else last_page({}, a="1")

    execute = Scripted({"continuation": {"page": 1}}, count_up, count_up, count_up)
    engine = Engine(folder=tmp_path, execute=execute)
    assert engine.sync().record.pages == 4
    assert engine.names() == {"a": "1"}


def test_a_continuation_that_is_not_json_is_named(tmp_path: Path) -> None:
    """A continuation that would not survive a JSON round trip fails with its path (C4)."""
    when = datetime(2025, 1, 1, tzinfo=UTC)
    execute = Scripted({"result": items(a="1"), "continuation": {"since": [when]}})
    engine = Engine(folder=tmp_path, execute=execute)
    with pytest.raises(SyncFailedError, match=r"continuation\.since\[0\] is a datetime") as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, InvalidResultError)
    assert engine.rows() == []


def test_a_completion_beside_a_continuation_is_ignored(tmp_path: Path) -> None:
    """Only the last page's completion counts (contract C5)."""
    early = {**last_page("early", a="1"), "continuation": 2}
    execute = Scripted(early, {"result": items(b="2")})
    engine = Engine(folder=tmp_path, execute=execute)
    assert engine.sync().record.cursor_after is None
    assert engine.position().cursor is None
    execute.then(early, last_page("late", b="2"))
    engine.sync()
    assert engine.position().cursor == "late"


def test_incomplete_results_beside_a_continuation_are_ignored(tmp_path: Path) -> None:
    """The whole completion beside a continuation is ignored, its flag as well (C5, C8)."""
    execute = Scripted(last_page("1"))
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    execute.then({"completion": {"hasIncompleteResults": True}, "continuation": 2}, last_page("2"))
    assert engine.sync().record.mode == "incremental"


@pytest.mark.parametrize("cursor", [{}, [], {"token": "x", "seen": [1, None]}, "text", 7, True])
def test_a_cursor_is_handed_on_as_it_came(tmp_path: Path, cursor: Any) -> None:
    """The cursor, `{}` too, is stored and handed to the next sync (contract C6)."""
    execute = Scripted(last_page(cursor), last_page(cursor))
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    assert engine.sync().record.mode == "incremental"
    previous = execute.contexts[1].sync.previous_completion
    assert previous is not None
    given = previous.incremental_continuation
    assert (given, type(given)) == (cursor, type(cursor))
    assert engine.ledger()[1]["cursor_before"] == engine.ledger()[0]["cursor_after"] is not None


def test_previous_completion_is_there_on_every_page_of_an_incremental_sync(
    tmp_path: Path,
) -> None:
    """On every page of an incremental sync, on none of a full one (contract C7, C13)."""
    execute = Scripted()
    for n in (1, 2, 3):
        execute.then({"continuation": 1}, {"continuation": 2}, last_page({"sync": n}))
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    engine.sync()
    engine.sync("full")
    seen = [
        context.sync.previous_completion
        and context.sync.previous_completion.incremental_continuation
        for context in execute.contexts
    ]
    assert seen == [None] * 3 + [{"sync": 1}] * 3 + [None] * 3


def test_a_page_that_changes_the_cursor_it_was_given_changes_it_for_itself(
    tmp_path: Path,
) -> None:
    """Each page gets the stored cursor, whatever the page before did to its copy (C6, C7)."""

    def careless(_: Any, context: Any) -> Any:
        context.previous_completion.incremental_continuation.clear()
        return {"continuation": 2}

    execute = Scripted(last_page({"token": 1}), careless, last_page({"token": 2}))
    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    record = engine.sync().record
    previous = execute.contexts[2].previous_completion
    assert previous is not None
    assert previous.incremental_continuation == record.cursor_before == {"token": 1}


@pytest.mark.parametrize("where", ["", "sync."])
@pytest.mark.parametrize("previous", ["previousCompletion", "previous_completion"])
def test_both_spellings_of_the_context_work(tmp_path: Path, where: str, previous: str) -> None:
    """`context.sync.…` and `context.…`, camelCase and snake_case (contract C16)."""
    read = attrgetter(f"{where}continuation", f"{where}{previous}.incrementalContinuation")
    seen: list[Any] = []

    def step(_: Any, context: Any) -> Any:
        continuation, cursor = read(context)
        seen.append((continuation, cursor))
        return last_page("next") if continuation else {"continuation": "page 2"}

    engine = Engine(folder=tmp_path, execute=Scripted(last_page("cursor"), step, step))
    engine.sync()
    engine.sync()
    assert seen == [(None, "cursor"), ("page 2", "cursor")]


def test_started_at_is_the_beginning_of_the_sync_on_every_page(tmp_path: Path) -> None:
    """`started_at` is when the whole sync began, the same on every page (contract D10)."""
    execute = Scripted({"continuation": 1}, {"continuation": 2}, last_page({}))
    before = datetime.now(UTC)
    engine = Engine(folder=tmp_path, execute=execute)
    record = engine.sync().record
    starts = {context.sync.started_at for context in execute.contexts}
    assert starts == {record.started_at}
    assert before <= record.started_at <= record.finished_at
    assert engine.position().last_full_at == record.started_at


def test_the_pages_of_a_sync_know_its_id_and_schema(tmp_path: Path) -> None:
    """`context.sync` has the table's schema and an id that the ledger has too."""
    execute = Scripted({"continuation": 1}, last_page({}))
    engine = Engine(folder=tmp_path, execute=execute)
    record = engine.sync().record
    states = [context.sync for context in execute.contexts]
    assert {state.execution_id for state in states} == {record.execution_id}
    assert [state.schema for state in states] == [engine.schema] * 2


def test_async_functions_are_awaited(tmp_path: Path) -> None:
    """`execute` may be `async def` (contract C1, C2)."""
    calls: list[Call] = []

    async def execute(args: Any, context: Any) -> Any:
        calls.append(Call(args, context))
        return last_page({}, a="1")

    engine = Engine(folder=tmp_path, execute=execute)
    engine.sync()
    assert engine.names() == {"a": "1"}
    assert len(calls) == 1
