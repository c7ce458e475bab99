"""How the demo service lists its tables page by page, and what its tokens hold.

Both listings stay right while records change between two pages, because a page token
names a place in an order that no change disturbs, never a count of records to skip:

- tasks are listed by number. A task that exists from the first page to the last comes
  exactly once. One that is modified after its page was fetched is not seen again in this
  listing, but `modifiedSince` of the time at which the listing *began* finds it.
- events without a sync token are listed by number; with one, in the order of their last
  changes, up to the version at which the listing began. That version is what the next sync
  token holds, so whatever changes during the listing comes next time.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from packs.demo.record_table import RecordTable
from packs.demo.records import Record


class InvalidRequestError(ValueError):
    """The request makes no sense (status 400)."""


class NotFoundError(LookupError):
    """The request names something that does not exist (status 404)."""


class SyncTokenExpiredError(Exception):
    """The sync token is too old; only a full listing helps (status 410)."""

    def __init__(self) -> None:
        super().__init__("The sync token has expired; list all events to get a new one.")


class Token(BaseModel):
    """A token: for whoever holds it an opaque text, for the service its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def seal(self) -> str:
        """The text of the token."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode()

    @classmethod
    def unseal(cls, text: str) -> Self:
        """The token of a text; anything else raises `InvalidRequestError`."""
        try:
            return cls.model_validate_json(base64.b64decode(text, altchars=b"-_", validate=True))
        except (binascii.Error, ValidationError, ValueError):
            raise InvalidRequestError(f"{text!r} is not a {cls.__name__} of this API") from None


class TaskQuery(BaseModel):
    """Which tasks to list; `modified_since` includes that very moment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modified_since: AwareDatetime | None = None
    project: str | None = None
    status: str | None = None

    def matches(self, task: Record) -> bool:
        """Whether the task belongs in the listing."""
        if self.project is not None and task["projectId"] != self.project:
            return False
        if self.status is not None and task["status"] != self.status:
            return False
        if self.modified_since is None:
            return True
        return datetime.fromisoformat(task["modifiedAt"]) >= self.modified_since


class TaskPageToken(Token):
    """Where the next page of tasks begins, and the query that began the listing."""

    kind: Literal["tasks"] = "tasks"
    after: int
    query: TaskQuery


class EventPageToken(Token):
    """Where the next page of events begins.

    `since` is the version of the sync token that began the listing, None in a full one;
    `after` is a number in a full listing and a version otherwise.
    """

    kind: Literal["events"] = "events"
    after: int
    since: int | None
    upto: int
    epoch: str


class SyncToken(Token):
    """Up to which version its holder knows all events, in which epoch."""

    kind: Literal["sync"] = "sync"
    version: int
    epoch: str


@dataclass(frozen=True, kw_only=True)
class TaskPage:
    """One page of tasks; `now` is the service's clock when it was made."""

    tasks: Sequence[Record]
    now: datetime
    next_page_token: str | None


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """One page of events and tombstones; the sync token comes on the last page."""

    events: Sequence[Record]
    next_page_token: str | None
    next_sync_token: str | None


def list_tasks(
    table: RecordTable, now: datetime, query: TaskQuery, page_token: str | None, limit: int
) -> TaskPage:
    """A page of tasks; a `query` beside a page token must be the one that began."""
    after = 0
    if page_token is not None:
        token = TaskPageToken.unseal(page_token)
        if query not in (TaskQuery(), token.query):
            raise InvalidRequestError(
                "The filters differ from those that began this listing; repeat them or leave "
                "them out beside a pageToken."
            )
        after, query = token.after, token.query
    matching = (number for number in table.numbers(after) if query.matches(table.get(number)))
    found = list(islice(matching, limit + 1))
    shown = found[:limit]
    more = len(found) > limit
    return TaskPage(
        tasks=[table.get(number) for number in shown],
        now=now,
        next_page_token=TaskPageToken(after=shown[-1], query=query).seal() if more else None,
    )


def list_events(
    table: RecordTable, epoch: str, sync_token: str | None, page_token: str | None, limit: int
) -> EventPage:
    """A page of events; a page token carries the sync token that began the listing."""
    if page_token is not None:
        place = EventPageToken.unseal(page_token)
    elif sync_token is not None:
        since = SyncToken.unseal(sync_token)
        place = EventPageToken(
            after=since.version, since=since.version, upto=table.version, epoch=since.epoch
        )
    else:
        place = EventPageToken(after=0, since=None, upto=table.version, epoch=epoch)
    if place.since is None:
        entries = ((number, table.get(number)) for number in table.numbers(place.after))
    elif place.epoch != epoch or place.since > table.version:
        raise SyncTokenExpiredError
    else:
        entries = table.changes(place.after, place.upto)
    found = list(islice(entries, limit + 1))
    shown = found[:limit]
    page_follows = len(found) > limit
    following = place.model_copy(update={"after": shown[-1][0]}) if page_follows else None
    # A full listing that was overtaken by an expiry ends with a token of the old epoch:
    # expired already, which is right, since deletions since its beginning are forgotten.
    ending = SyncToken(version=place.upto, epoch=place.epoch)
    return EventPage(
        events=[record for _, record in shown],
        next_page_token=following.seal() if following else None,
        next_sync_token=None if following else ending.seal(),
    )
