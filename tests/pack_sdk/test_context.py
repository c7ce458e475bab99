"""The context, in both spellings (contract C16), and the errors a pack meets."""

import copy
import pickle
from typing import Any

import pytest

from pack_sdk import (
    Completion,
    Fetcher,
    FetchError,
    FetchResponse,
    PackError,
    PreviousAttemptError,
    StatusCodeError,
    SyncExecutionContext,
    SyncState,
)
from pack_sdk.fetching import FetchRequest


def no_request(_request: FetchRequest) -> FetchResponse:
    raise AssertionError("no request was expected")


def a_context(**fields: Any) -> Any:
    """A context as a pack sees it: pyright does not know the camelCase names."""
    return SyncExecutionContext(fetcher=Fetcher(no_request), **fields)


def test_the_founding_document_s_spelling() -> None:
    """`context.continuation` and `context.previousCompletion` work as well (contract C16)."""
    completion = Completion(incremental_continuation={"at": 1})
    context = a_context(sync=SyncState(continuation={"page": 2}, previous_completion=completion))
    assert context.continuation is context.sync.continuation
    assert context.continuation == {"page": 2}
    assert context.previous_completion is completion
    assert context.previousCompletion is completion
    assert context.sync.previousCompletion is completion
    assert context.sync.previous_completion.incrementalContinuation == {"at": 1}


def test_on_the_first_page_of_a_full_sync_there_is_neither() -> None:
    """No continuation and no previous completion (contract C4, C7)."""
    context = a_context()
    assert context.continuation is None
    assert context.previousCompletion is None


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ("invocationToken", "invocation_token"),
        ("previousAttemptError", "previous_attempt_error"),
        ("previousCompletion", "previous_completion"),
    ],
)
def test_camel_case_stands_for_snake_case(camel: str, snake: str) -> None:
    """Packs carried over from TypeScript keep their spelling (contract C16)."""
    context = a_context(previous_attempt_error=PreviousAttemptError(type="Timeout"))
    assert getattr(context, camel) == getattr(context, snake)


def test_camel_case_of_the_sync_and_of_the_last_error() -> None:
    """The parts of the context know both spellings too (contract C16, C17, C23)."""
    sync: Any = SyncState(dynamic_url="u", execution_id="e")
    assert (sync.dynamicUrl, sync.executionId) == ("u", "e")
    assert sync.startedAt is sync.started_at
    error: Any = PreviousAttemptError(type="HttpStatusError", status_code=500)
    assert error.statusCode == 500


@pytest.mark.parametrize("name", ["nothing", "noSuchThing", "_private", "__deepcopy__"])
def test_what_there_is_not_is_an_attribute_error(name: str) -> None:
    """Unknown names are AttributeErrors, not endless recursion, so `hasattr` works (C16)."""
    assert not hasattr(a_context(), name)
    with pytest.raises(AttributeError):
        getattr(a_context(), name)


def test_a_state_can_be_copied_and_pickled() -> None:
    """The camelCase spelling does not get in the way of Python's own protocols (C16)."""
    state = SyncState(continuation={"a": [1]}, execution_id="e")
    assert copy.deepcopy(state) == state
    assert pickle.loads(pickle.dumps(state)) == state  # noqa: S301


def test_each_context_has_its_own_invocation_token() -> None:
    """Tokens of two calls differ (contract A2)."""
    assert a_context().invocation_token != a_context().invocation_token


def test_the_logger_of_a_bare_context_keeps_nothing() -> None:
    """A pack may log whoever calls it."""
    logger = a_context().logger
    assert [logger.debug("a"), logger.info("a"), logger.warning("a"), logger.error("a")] == [
        None
    ] * 4


def test_a_status_code_error_in_both_spellings() -> None:
    """`statusCode`, `body`, `response` and the test for it work in both spellings (F3)."""
    response = FetchResponse(status=404, headers={"x": "1"}, body={"error": "gone"})
    error = StatusCodeError(response, method="PUT", url="https://a/b")
    assert error.statusCode == error.status_code == 404
    assert error.body == {"error": "gone"}
    assert error.response is response
    assert error.headers == {"x": "1"}
    assert StatusCodeError.isStatusCodeError(error)
    assert StatusCodeError.is_status_code_error(error)
    assert not StatusCodeError.isStatusCodeError(FetchError("x"))
    assert isinstance(error, PackError)
    assert str(error) == "PUT https://a/b answered with status 404: {'error': 'gone'}"


def test_a_long_body_is_cut_in_the_message_only() -> None:
    """The text of the error stays readable; `body` has it all (F3)."""
    error = StatusCodeError(FetchResponse(status=500, body="x" * 5000))
    assert len(str(error)) < 400
    assert len(error.body) == 5000
