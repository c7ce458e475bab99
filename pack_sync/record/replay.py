"""A recorded sync, run anew from its answers, in whatever language the pack is written."""

import copy
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, cast

from pack_sdk.context import SyncState
from pack_sdk.errors import StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse, is_expected
from pack_sdk.logger import SilentLogger
from pack_sdk.parameters import values_at
from pack_sdk.results import Completion
from pack_sdk.row_values import value_of_property
from pack_sdk.testing.recorded_answers import RecordedAnswers
from pack_sdk.testing.recordings import Exchange, Expected, Recording
from pack_sync.engine.sync_job import SyncJob
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession


class RecordedFetching:
    """Answers a pack's requests from recordings; implements `runtimes.runtime.Fetching`.

    `problem` is what was said of the first request that was not recorded: the pack may have made
    something else of that error.
    """

    last_answer = ""

    def __init__(self, answers: RecordedAnswers, page_seconds: float) -> None:
        self._answers = answers
        self.page_seconds_left = page_seconds
        self.problem = ""

    def begin_page(self, seconds: float) -> None:
        """A page has as much time as in a sync."""
        self.page_seconds_left = seconds

    def pause(self, seconds: float, what: str, earlier: Sequence[float] = ()) -> float:
        """The pack's pauses take no time."""
        del seconds, what, earlier
        return 0

    def cancel(self) -> None:
        """There is nothing to wait for."""

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """The recorded answer, as the fetcher gives it (contract F3)."""
        del invocation_token
        try:
            answer = self._answers.answer_to(request)
        except AssertionError as error:
            self.problem = self.problem or str(error)
            raise
        if isinstance(answer, Exception):
            raise answer
        if not is_expected(answer.status, request):
            raise StatusCodeError(answer, method=request.method, url=request.url)
        return answer


@dataclass(kw_only=True)
class Replayed:
    """What a pack made of a recording's answers; `problem` says why it did not come to its end.

    `unused` are the exchanges that it did not ask for again, and `continuation` what its last page
    returned.
    """

    expected: Expected
    continuation: Any = None
    unused: list[Exchange] = field(default_factory=list[Exchange])
    problem: str = ""

    def difference(self, recording: Recording) -> str:
        """How it differs from what was recorded, in words; nothing if it does not."""
        if self.problem:
            return self.problem
        for name, then in vars(recording.expected).items():
            now = getattr(self.expected, name)
            if json.dumps(now, sort_keys=True) != json.dumps(then, sort_keys=True):
                what = name.replace("_", " ")
                return f"its {what} are now {now!r:.300}, and were {then!r:.300}"
        return f"it does not ask again for {self.unused[0]}" if self.unused else ""


def replay(sync: SyncJob, recording: Recording) -> Replayed:
    """Run a recorded sync anew, without a network and without the engine's retries."""
    answers = RecordedAnswers([recording])
    seconds = sync.settings.page_timeout_seconds
    fetching = RecordedFetching(answers, seconds)
    environment = CallEnvironment(
        fetcher=fetching,
        logger=SilentLogger(),
        endpoint=recording.endpoint,
        page_timeout_seconds=seconds,
    )
    replayed = Replayed(expected=Expected(pages=0))
    try:
        with closing(sync.runtime.open(sync.table.name, environment)) as session:
            _Replay(sync, recording, session, replayed).run()
    except Exception as error:  # whatever the pack raises
        replayed.problem = f"{type(error).__name__}: {error}"
    replayed.problem = fetching.problem or replayed.problem
    replayed.unused = answers.unused_exchanges
    return replayed


class _Replay:
    """The calls of one sync, page after page."""

    def __init__(
        self, sync: SyncJob, recording: Recording, session: PackSession, replayed: Replayed
    ) -> None:
        self._session = session
        self._recording = recording
        self._replayed = replayed
        declared = sync.table.parameters
        given = {**{each.name: None for each in declared}, **recording.parameters}
        self._values = values_at(declared, given, recording.started_at)
        self._schema = sync.table.schema
        if sync.table.dynamic is not None:
            self._schema = session.get_schema(self._state())

    def run(self) -> None:
        """Call `execute` until it has no more pages, or once more than was recorded."""
        recorded = self._recording.expected
        self._session.validate_parameters(self._args, self._state(self._previous()))
        ids: list[Any] = []
        deleted: list[Any] = []
        for number in range(1, recorded.pages + 2):
            state = self._state(self._previous(), self._replayed.continuation)
            page = self._session.execute(self._args, state)
            ids += [self._id_of(line) for line in page.rows.splitlines()]
            deleted += page.deleted_row_ids
            completion = page.completion or Completion()
            self._replayed.continuation = page.continuation
            self._replayed.expected = Expected(
                pages=number,
                ids=ids,
                deleted_ids=deleted,
                cursor=completion.incremental_continuation,
                has_incomplete_results=completion.has_incomplete_results,
                ended=page.continuation is None,
            )
            if page.continuation is None or (number == recorded.pages and not recorded.ended):
                return

    @property
    def _args(self) -> list[Any]:
        return copy.deepcopy(list(self._values.values()))

    def _previous(self) -> Completion | None:
        """The completion of the sync before, new for each page (contract C7)."""
        if self._recording.mode == "full":
            return None
        return Completion(incremental_continuation=copy.deepcopy(self._recording.cursor_before))

    def _state(self, previous: Completion | None = None, continuation: Any = None) -> SyncState:
        return SyncState(
            continuation=continuation,
            previous_completion=previous,
            schema=self._schema,
            dynamic_url=self._recording.dynamic_url,
            parameters=copy.deepcopy(self._values),
            started_at=self._recording.started_at,
            execution_id="replay",
        )

    def _id_of(self, line: bytes) -> Any:
        row = json.loads(line)  # whole numbers of any size
        if not isinstance(row, dict):
            return None
        fields = cast("dict[str, Any]", row)
        return value_of_property(fields, self._schema, str(self._schema.id_property))
