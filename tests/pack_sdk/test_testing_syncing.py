"""`execute_sync_table`: a table synced in a test as the engine would do it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pack_sdk import (
    Completion,
    InvalidResultError,
    SyncResult,
    UserVisibleError,
    make_parameter,
)
from pack_sdk.testing import (
    Clock,
    MockFetcher,
    StatusCode,
    execute_sync_table,
)
from tests.pack_sdk.sync_samples import Steps, answering, items, pack_of, sync

URL = "https://api.example.com/items"
CURSOR = Completion(incremental_continuation={"since": 1})


def test_pages_are_fetched_until_there_is_no_continuation() -> None:
    """Each gets what the one before returned; `{}` is a continuation, "" is none (C3, C4)."""
    steps = Steps(
        {"result": items(a="1"), "continuation": {}},
        {"result": items(b="2"), "continuation": [1]},
        {"result": items(c="3"), "continuation": "", "completion": {"incrementalContinuation": 7}},
    )
    synced = sync(steps)
    assert [context.continuation for context in steps.contexts] == [None, {}, [1]]
    assert synced.rows == items(a="1", b="2", c="3")
    assert synced.ids == ["a", "b", "c"]
    assert synced.cursor == 7
    assert len(synced.pages) == 3


def test_a_full_sync_has_no_previous_completion() -> None:
    """On no page (contract C7); without a completion there is no cursor (C6)."""
    steps = Steps({"continuation": 1}, None)
    synced = sync(steps)
    assert [context.previous_completion for context in steps.contexts] == [None, None]
    assert (synced.incremental, synced.completion, synced.cursor) == (False, None, None)


def test_an_incremental_sync_has_it_on_every_page() -> None:
    """As it was left, though a page changes its own (contract C7)."""

    def spoil(_: Any, context: Any) -> Any:
        context.previous_completion.incremental_continuation.clear()
        return {"continuation": 1}

    steps = Steps(spoil, {"deletedItemIds": ["x"]})
    synced = sync(steps, previous_completion=CURSOR)
    assert steps.contexts[1].previous_completion == CURSOR
    assert CURSOR.incremental_continuation == {"since": 1}
    assert synced.incremental
    assert synced.deleted_row_ids == ["x"]


def test_deleted_rows_instead_of_their_ids() -> None:
    """The test fails where the engine would (contract C9)."""
    with pytest.raises(
        InvalidResultError, match=r"deletedRowIds\[1\] is an object, .*the id alone"
    ):
        sync(Steps({"deletedRowIds": ["a", {"id": "b"}]}), previous_completion=CURSOR)


def test_the_next_sync_goes_on_from_the_last() -> None:
    """`completion` of one sync is the `previous_completion` of the next (contract C6)."""
    steps = Steps(SyncResult(completion=CURSOR), None)
    first = sync(steps)
    sync(steps, previous_completion=first.completion)
    assert steps.contexts[1].previous_completion == CURSOR


def test_a_completion_without_a_cursor_leads_to_no_incremental_sync() -> None:
    """The engine would run a full one, and the message says so (contract C6, C8)."""
    with pytest.raises(ValueError, match=r"no cursor.*full sync"):
        sync(Steps(), previous_completion=Completion(has_incomplete_results=True))


def test_incomplete_results() -> None:
    """In an incremental sync they ask for a full one; in a full one the flag is ignored (C8)."""
    page = {"result": items(a="2"), "completion": {"hasIncompleteResults": True}}
    incremental = sync(Steps(page), previous_completion=CURSOR)
    assert incremental.has_incomplete_results
    assert incremental.applied_to({"a": "kept"}) == {"a": "kept"}
    full = sync(Steps(page))
    assert not full.has_incomplete_results
    assert full.applied_to() == {"a": items(a="2")[0]}


def test_the_sync_began_at_one_time_for_all_pages() -> None:
    """The clock's, even if it goes on between pages (contract D10)."""
    clock = Clock(datetime(2025, 3, 1, tzinfo=UTC))
    steps = Steps({"continuation": 1}, None, None)
    pack = pack_of(steps)
    for _ in range(2):
        execute_sync_table(
            pack,
            "Items",
            fetcher=MockFetcher(),
            clock=clock,
            between_pages=lambda: clock.advance(hours=1),
        )
    assert [context.sync.started_at.hour for context in steps.contexts] == [0, 0, 1]


def test_a_continuation_that_repeats_is_an_endless_loop() -> None:
    """It fails, naming it (contract C15)."""
    page = {"continuation": {"page": 2}}
    with pytest.raises(InvalidResultError, match=r"page 2 .*'page': 2.*that would go on for ever"):
        sync(Steps(page, dict(page)))


def test_one_is_not_true() -> None:
    """Two continuations are the same if their JSON is (contract C15)."""
    assert len(sync(Steps({"continuation": 1}, {"continuation": True}, None)).pages) == 3


def test_a_sync_that_goes_on_for_ever_is_stopped() -> None:
    """After `max_pages`: a test must come to an end."""

    def endless(_: Any, context: Any) -> Any:
        return {"continuation": (context.continuation or 0) + 1}

    with pytest.raises(AssertionError, match="goes on after 5 pages"):
        sync(Steps(*[endless] * 6), max_pages=5)


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (["row"], "execute returned a list"),
        ({"rows": []}, "unknown key 'rows'"),
        (
            {"continuation": {"at": datetime(2025, 1, 1, tzinfo=UTC)}},
            "continuation.at is a datetime",
        ),
    ],
)
def test_a_result_that_breaks_the_contract_is_an_error(page: Any, message: str) -> None:
    """The same as in the engine (contract C2, C4)."""
    with pytest.raises(InvalidResultError, match=message):
        sync(Steps(page))


def test_async_packs() -> None:
    """`execute`, `validate_parameters` and `on_error` may be `async def`."""
    seen: list[Any] = []

    async def execute(_: Any, context: Any) -> Any:
        return {"result": (await context.fetcher.fetch(url=URL)).body}

    async def validate(_: Any, parameters: Any) -> Any:
        seen.append(parameters)

    async def explain(_: Any, error: Any) -> None:
        seen.append(error.status_code)
        raise UserVisibleError("better")

    pack = pack_of(execute, validate_parameters=validate, on_error=explain)
    fetcher = MockFetcher(items(a="1"), StatusCode(500))
    assert execute_sync_table(pack, "Items", fetcher=fetcher).ids == ["a"]
    with pytest.raises(UserVisibleError, match="better"):
        execute_sync_table(pack, "Items", fetcher=fetcher)
    assert seen == [{}, {}, 500]


def test_if_on_error_returns_the_original_error_goes_on() -> None:
    """Contract C22."""
    pack = pack_of(Steps(KeyError("x")), on_error=answering(None))
    with pytest.raises(KeyError):
        execute_sync_table(pack, "Items", fetcher=MockFetcher())


def test_parameters_that_the_pack_rejects_stop_the_sync() -> None:
    """With its message, before `execute` is called (contract C21)."""
    steps = Steps()
    pack = pack_of(steps, validate_parameters=answering({"isValid": False, "message": "No."}))
    with pytest.raises(UserVisibleError, match=r"No\."):
        execute_sync_table(pack, "Items", fetcher=MockFetcher())
    assert steps.calls == []


def test_parameters_may_not_be_changed_for_the_next_page() -> None:
    """Every page gets values of its own (contract C1)."""

    def spoil(args: Any, context: Any) -> Any:
        args[0].append("b")
        context.sync.parameters["teams"].append("c")
        return {"continuation": 1}

    steps = Steps(spoil, None)
    pack = pack_of(steps, parameters=[make_parameter(name="teams", type="stringArray")])
    execute_sync_table(pack, "Items", [["a"]], fetcher=MockFetcher())
    args, context = steps.calls[1]
    assert args == [["a"]]
    assert context.sync.parameters == {"teams": ["a"]}
