"""What the pack itself stops: rejected parameters, endless continuations, better errors."""

from pathlib import Path
from typing import Any

import pytest

from pack_sdk import ParameterType, UserVisibleError, make_parameter
from pack_sync.engine.sync_failures import (
    EndlessContinuationError,
    ParametersRejectedError,
    SyncFailedError,
)
from tests.engine.sync_harness import Engine, Scripted, items, last_page


def synced(folder: Path, *steps: Any) -> tuple[Engine, Scripted]:
    """An engine whose first, full sync brought a and b and the cursor "t1"."""
    execute = Scripted(last_page("t1", a="1", b="2"))
    engine = Engine(folder=folder, execute=execute)
    engine.sync()
    execute.then(*steps)
    engine.configure(attempts=3)
    return engine, execute


def test_an_endless_continuation_fails_and_is_named(tmp_path: Path) -> None:
    """A continuation equal to the one just used is a loop; keys in any order (C15)."""
    steps = [{"result": items(c="3"), "continuation": {"page": 2, "of": "x"}}]
    engine, execute = synced(tmp_path, *steps, {"continuation": {"of": "x", "page": 2}})
    with pytest.raises(SyncFailedError, match=r'"page":2.*the paging would never end') as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, EndlessContinuationError)
    assert len(execute.calls) == 3
    assert engine.names() == {"a": "1", "b": "2"}


@pytest.mark.parametrize("circle", [["a", "b"], ["a", "b", "c", "d"]])
def test_pages_in_a_circle_are_noticed(tmp_path: Path, circle: list[str]) -> None:
    """A → B → A → B with the same rows: the third time round it fails (contract C15)."""
    steps = [{"result": items(c=place), "continuation": place} for place in circle * 5]
    engine, execute = synced(tmp_path, *steps)
    with pytest.raises(SyncFailedError, match=r'same 1 row and.*"[a-d]".*circle'):
        engine.sync()
    assert len(execute.calls) == 1 + 1 + 2 * len(circle) + 1
    assert engine.names() == {"a": "1", "b": "2"}
    assert engine.position().cursor == "t1"


def test_the_same_page_under_every_number(tmp_path: Path) -> None:
    """An API that ignores the page's number: 10,000 times the same rows are enough (C15)."""
    rows = items(**{f"r{n}": "x" for n in range(500)})
    calls: list[int] = []

    def page(_: Any, context: Any) -> Any:
        calls.append(context.sync.continuation or 1)
        return {"result": rows, "continuation": calls[-1] + 1}

    engine, _ = synced(tmp_path)
    engine.execute = page
    with pytest.raises(SyncFailedError, match=r"one of 20 that brought the same 500 rows, .* 21\."):
        engine.sync()
    assert calls == list(range(1, 21))
    assert engine.names() == {"a": "1", "b": "2"}


def test_many_pages_may_hold_the_same_row(tmp_path: Path) -> None:
    """A pack that asks project by project finds the same member in each (contract C15, S5)."""
    steps = [{"result": items(admin="x"), "continuation": n} for n in range(1, 201)]
    engine, _ = synced(tmp_path, *steps, last_page("t2"))
    assert engine.sync().record.pages == 201


def test_what_is_no_circle(tmp_path: Path) -> None:
    """A pack that waits returns no rows; other rows under the same names are progress (C15)."""
    waiting = [{"continuation": place} for place in "ab" * 10]
    moving = [{"result": items(c=str(n)), "continuation": "ab"[n % 2]} for n in range(20)]
    engine, _ = synced(tmp_path, *waiting, *moving, last_page("t2", d="4"))
    assert engine.sync().record.pages == 41
    assert engine.names() == {"a": "1", "b": "2", "c": "19", "d": "4"}


def test_continuations_that_differ_in_json_are_no_loop(tmp_path: Path) -> None:
    """To Python 1 == True and 0 == False; as JSON they differ, so it goes on (C15)."""
    steps = [{"continuation": place} for place in (True, 1, [0], [False], "a", "b", "a")]
    engine, _ = synced(tmp_path, *steps, last_page("t2"))
    assert engine.sync().record.pages == 8


def test_rejected_parameters_stop_a_sync(tmp_path: Path) -> None:
    """`validateParameters` saying no stops it with that message; no page is asked (C21)."""
    answer = {
        "isValid": False,
        "message": "Choose another project",
        "errors": [{"parameterName": "project", "message": "is archived"}],
    }
    engine = Engine(folder=tmp_path, execute=Scripted(), validate_parameters=lambda *_: answer)
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    assert isinstance(failure.value.__cause__, ParametersRejectedError)
    assert "Choose another project; project: is archived" in str(failure.value)
    assert "Choose another project" in engine.ledger()[0]["error_message"]
    assert len(engine.ledger()) == 1


@pytest.mark.parametrize("answer", [{"isValid": True}, {}, None, True])
def test_accepted_parameters_do_not_stop_a_sync(tmp_path: Path, answer: Any) -> None:
    """Only `isValid: false` stops a sync (contract C21)."""
    asked: list[Any] = []

    def validate(_: Any, values: Any) -> Any:
        asked.append(values)
        return answer

    project = make_parameter(name="project", type=ParameterType.STRING)
    engine = Engine(
        folder=tmp_path,
        execute=Scripted(last_page("t1", a="1")),
        parameters=[project],
        values={"project": "A"},
        validate_parameters=validate,
    )
    engine.sync()
    assert asked == [{"project": "A"}]
    assert engine.names() == {"a": "1"}


def test_on_error_may_replace_the_error(tmp_path: Path) -> None:
    """`onError` raising a better error makes it the sync's; it sees the first one (C22)."""

    def better(_: Any, error: Exception) -> None:
        raise UserVisibleError(f"The plan has no API ({error})")

    engine = Engine(folder=tmp_path, execute=Scripted(ValueError("e17")), on_error=better)
    with pytest.raises(SyncFailedError, match=r"The plan has no API \(e17\)"):
        engine.sync()
    assert engine.ledger()[0]["error_message"] == "UserVisibleError: The plan has no API (e17)"


def test_the_original_error_goes_on_when_on_error_returns(tmp_path: Path) -> None:
    """`onError` that returns, whatever it returns, replaces nothing (contract C22)."""
    seen: list[str] = []

    def look(_: Any, error: Exception) -> Any:
        seen.append(str(error))
        return last_page("t1", a="1")

    engine = Engine(folder=tmp_path, execute=Scripted(ValueError("e17")), on_error=look)
    with pytest.raises(SyncFailedError, match="ValueError: e17"):
        engine.sync()
    assert seen == ["e17"]
    assert engine.rows() == []
