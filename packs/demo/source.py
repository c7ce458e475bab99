"""`DemoSource`: a small service in memory, with a clock that only moves when told to.

It has three tables, which differ in how a client can learn of changes:

- **projects**: not at all. The whole list is small and comes at once.
- **tasks**: by `modifiedSince`. This does not show deletions: a deleted task is simply no
  longer listed. Whoever only asks for changes keeps it, until a full sync shows that it has
  gone. That is why the sync engine makes one every week.
- **events**: by sync tokens, whose changes include deletions. Tokens can expire.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from threading import RLock
from typing import Any

from packs.demo.burst import BurstSize, SourceChange, burst
from packs.demo.listings import (
    EventPage,
    InvalidRequestError,
    NotFoundError,
    TaskPage,
    TaskQuery,
    list_events,
    list_tasks,
)
from packs.demo.record_table import RecordTable
from packs.demo.records import (
    STATUSES,
    Record,
    as_timestamp,
    make_event,
    make_past_task,
    make_project,
    make_task,
    revise_event,
    revise_project,
    revise_task,
)

DEFAULT_NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""Where the clock of a source stands unless it is told."""

DEFAULT_LIMIT = 100
"""How many records a page holds unless the client says."""


class DemoSource:
    """The service. The same arguments and the same calls give the same data and tokens.

    Any thread may call it. Records that it hands out are never changed afterwards.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        now: datetime = DEFAULT_NOW,
        project_count: int = 12,
        task_count: int = 2_000,
        event_count: int = 3_000,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("`now` has no time zone; write datetime(…, tzinfo=UTC)")
        self._lock = RLock()
        self._random = Random(seed)  # noqa: S311 - made-up data, no secret
        self._now = now.astimezone(UTC)
        # A service started anew does not know the tokens of the one before it.
        self._origin = f"{seed}/{self._now.isoformat()}"
        self._expiries = 0
        self._bursts = 0
        # The first two thirds of the projects have tasks and stay; the others come and go.
        self._lasting_projects = max(1, project_count * 2 // 3)
        self._projects = RecordTable("PROJ")
        self._tasks = RecordTable("TASK")
        self._events = RecordTable("EVENT")
        for _ in range(project_count):
            self._projects.insert(self._new_project())
        for number in range(1, task_count + 1):
            project = self._any_lasting_project()
            self._tasks.insert(make_past_task(self._random, number, project, self._now))
        for _ in range(event_count):
            self._events.insert(self._new_event())

    @property
    def now(self) -> datetime:
        """The time on the service's clock."""
        with self._lock:
            return self._now

    def advance(self, duration: timedelta) -> datetime:
        """Move the clock forward and return the new time."""
        if duration < timedelta(0):
            raise InvalidRequestError("The clock only moves forward.")
        with self._lock:
            try:
                self._now += duration
            except OverflowError:
                raise InvalidRequestError("The clock cannot move that far.") from None
            return self._now

    def change(
        self,
        *,
        updated: int = 20,
        inserted: int = 5,
        deleted: int = 3,
        after: timedelta = timedelta(minutes=1),
    ) -> SourceChange:
        """Let `after` pass, then change every table at once.

        The numbers are for tasks and for events, at most what there is; of the projects, two
        are updated, one is inserted and one without tasks is deleted. Nothing is hit twice.
        """
        size = BurstSize(updated=updated, inserted=inserted, deleted=deleted)
        with self._lock:
            now = self.advance(after)
            self._bursts += 1
            return SourceChange(
                projects=burst(
                    self._projects,
                    BurstSize(updated=2, inserted=1, deleted=1),
                    self._random,
                    new=self._new_project,
                    revise=lambda project: revise_project(self._random, project),
                    deletable=self._projects.numbers(after=self._lasting_projects),
                ),
                tasks=burst(
                    self._tasks,
                    size,
                    self._random,
                    new=self._new_task,
                    revise=lambda task: revise_task(self._random, task, now),
                ),
                events=burst(
                    self._events,
                    size,
                    self._random,
                    new=self._new_event,
                    revise=lambda event: revise_event(self._random, event),
                ),
            )

    def expire_sync_tokens(self) -> None:
        """Make every sync token handed out so far invalid, and forget the deleted events."""
        with self._lock:
            self._expiries += 1
            self._events.forget_tombstones()

    def projects(self) -> list[Record]:
        """Every project there is now, as the API gives it."""
        with self._lock:
            return self._projects.records()

    def tasks(self) -> list[Record]:
        """Every task there is now, as the API gives it."""
        with self._lock:
            return self._tasks.records()

    def events(self) -> list[Record]:
        """Every event there is now, as the API gives it."""
        with self._lock:
            return self._events.records()

    def list_tasks(
        self,
        query: TaskQuery | None = None,
        *,
        page_token: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> TaskPage:
        """One page of tasks.

        Raises `InvalidRequestError` for an unknown status or a bad token, `NotFoundError` for
        an unknown project.
        """
        query = query or TaskQuery()
        with self._lock:
            if query.status is not None and query.status not in STATUSES:
                raise InvalidRequestError(f"status is one of {', '.join(STATUSES)}")
            if query.project is not None and query.project not in self._projects:
                raise NotFoundError(f"There is no project {query.project!r}.")
            return list_tasks(self._tasks, self._now, query, page_token, limit)

    def list_events(
        self,
        *,
        sync_token: str | None = None,
        page_token: str | None = None,
        limit: int = DEFAULT_LIMIT,
    ) -> EventPage:
        """One page of all events, or of the changes since a sync token.

        Raises `SyncTokenExpiredError`, on a later page too, and `InvalidRequestError`.
        """
        with self._lock:
            epoch = f"{self._origin}/{self._expiries}"
            return list_events(self._events, epoch, sync_token, page_token, limit)

    def state(self) -> dict[str, Any]:
        """The clock, the size of each table, and how often it changed and expired tokens."""
        with self._lock:
            return {
                "now": as_timestamp(self._now),
                "counts": {
                    "projects": len(self._projects),
                    "tasks": len(self._tasks),
                    "events": len(self._events),
                },
                "bursts": self._bursts,
                "expiries": self._expiries,
            }

    def _any_lasting_project(self) -> str:
        return self._projects.id_of(self._random.randint(1, self._lasting_projects))

    def _new_project(self) -> Record:
        number = self._projects.next_number
        planned = number > self._lasting_projects
        return make_project(self._random, number, self._now, planned=planned)

    def _new_task(self) -> Record:
        number = self._tasks.next_number
        return make_task(self._random, number, self._any_lasting_project(), self._now)

    def _new_event(self) -> Record:
        return make_event(self._random, self._events.next_number, self._now)
