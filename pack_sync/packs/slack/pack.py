"""Slack: channels, users, messages, and replies in threads.

Messages are listed by the time at which they were written
(https://docs.slack.dev/reference/methods/conversations.history), and nothing tells which were
edited or deleted. So each increment reads the last seven days again: what is not there any more is
deleted. Replies are listed by thread
(https://docs.slack.dev/reference/methods/conversations.replies), for the threads that began in
these days. The app needs the scopes channels:read, channels:history, groups:read, groups:history,
users:read and users:read.email, and reads the messages of channels that it is in. Methods have rate
limits of their own, of 20 requests a minute and more
(https://docs.slack.dev/apis/web-api/rate-limits); Slack says with status 429 when it is too much.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pack_sdk import (
    AuthenticationType,
    FetchResponse,
    FullSyncNeededError,
    Pack,
    ParameterType,
    SyncExecutionContext,
    SyncPage,
    TimeCursor,
    UserVisibleError,
    make_parameter,
    value_at,
    with_query_params,
)

from .schemas import CHANNEL, MESSAGE, REPLY, USER

API = "https://slack.com/api"
LOOK_BACK = timedelta(days=7)
NOT_IN = ("not_in_channel", "channel_not_found")
"""The errors of a channel that the app is not in."""

_OLD = "of messages that are older than seven days come with the next full sync."
_OLD_THREADS = "in threads that began more than seven days ago come with the next full sync."

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {
    "Messages": {
        "stale": f"Edits, reactions and numbers of replies {_OLD}",
        "undeleted": f"Deletions {_OLD}",
    },
    "Replies": {
        "missed": f"Replies {_OLD_THREADS}",
        "stale": f"Edits and reactions {_OLD_THREADS}",
        "undeleted": f"Deletions {_OLD_THREADS}",
    },
}

pack = Pack()
pack.add_network_domain("slack.com")
pack.set_rate("50/min")


def _is_limited(response: FetchResponse) -> bool:
    return value_at(response.body, "error") == "ratelimited"


pack.set_rate_limits(is_limited=_is_limited)


def _connection_name(context: SyncExecutionContext) -> str:
    return str(_asked(context, "auth.test", {}).body["team"])


pack.set_authentication(
    type=AuthenticationType.HEADER_BEARER_TOKEN,
    instructions_url="https://docs.slack.dev/authentication/tokens",
    get_connection_name=_connection_name,
)

CHANNEL_PARAMETER = make_parameter(
    name="channel",
    type=ParameterType.STRING,
    description="Identifier of a channel.",
    crawl_strategy={"parentTable": {"tableName": "Channels", "propertyKey": "id"}},
)


@pack.add_sync_table(
    name="Channels",
    identity_name="Channel",
    schema=CHANNEL,
    description="The channels of the workspace that the app may see, archived ones too.",
)
def sync_channels(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all: https://docs.slack.dev/reference/methods/conversations.list."""
    query = {"types": "public_channel,private_channel"}
    return _listed(context, "conversations.list", "channels", query)


@pack.add_sync_table(
    name="Users",
    identity_name="User",
    schema=USER,
    description="The people and bots of the workspace, those who are deactivated too.",
)
def sync_users(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of all: https://docs.slack.dev/reference/methods/users.list."""
    return _listed(context, "users.list", "members", {})


@pack.add_sync_table(
    name="Messages",
    identity_name="Message",
    schema=MESSAGE,
    description="The messages of the channels that the app is in.",
    parameters=[CHANNEL_PARAMETER],
)
def sync_messages(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page, the newest first."""
    window = RecentDays(context)
    answer = _history(context, str(args[0]), window)
    if not answer.body["ok"]:
        return _none(context)
    rows = [_message(row, args[0]) for row in answer.body["messages"]]
    cursor = _next_cursor(answer)
    seen = {row["ts"]: row["ts"] for row in rows}
    return window.page(rows, answer, seen, {"history": cursor} if cursor else None)


@pack.add_sync_table(
    name="Replies",
    identity_name="Reply",
    schema=REPLY,
    description="The replies in the threads of the channels that the app is in.",
    parameters=[CHANNEL_PARAMETER],
)
def sync_replies(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page: of messages, among which threads begin, or of the replies in one of these."""
    window, channel = RecentDays(context), str(args[0])
    place = window.place
    if not place.get("threads"):
        answer = _history(context, channel, window)
        if not answer.body["ok"]:
            return _none(context)
        threads = [row["ts"] for row in answer.body["messages"] if row.get("reply_count")]
        further = {"history": _next_cursor(answer), "threads": threads}
        return window.page([], answer, {}, further if any(further.values()) else None)
    thread = place["threads"][0]
    query = {"channel": channel, "ts": thread, "cursor": place.get("replies"), "limit": 999}
    answer = _asked(context, "conversations.replies", query, "thread_not_found")
    found = answer.body.get("messages", [])
    rows = [_message(row, channel) for row in found if row["ts"] != thread]
    cursor = _next_cursor(answer)
    threads = place["threads"] if cursor else place["threads"][1:]
    further = {"history": place["history"], "threads": threads, "replies": cursor}
    seen = {row["ts"]: thread for row in rows}
    return window.page(rows, answer, seen, further if any(further.values()) else None)


class RecentDays:
    """What is read anew by each increment, and the ids that were in it before.

    An id that was there, belongs to the window by its own time or that of its thread, and is not
    there any more is deleted.
    """

    def __init__(self, context: SyncExecutionContext) -> None:
        self.changes = TimeCursor(context, overlap_seconds=LOOK_BACK.total_seconds())
        self.place: Mapping[str, Any] = self.changes.next_page or {}
        self.oldest: datetime | None = self.changes.since
        """Where the window begins; None in a full sync."""
        self._kept_from = self.oldest or context.sync.started_at - LOOK_BACK
        before = context.sync.previous_completion
        cursor: Any = before.incremental_continuation if before else {}
        self._known: Mapping[str, str] = cursor.get("known", {})

    def page(
        self,
        rows: Sequence[Any],
        answer: FetchResponse,
        seen: Mapping[str, str],
        further: Mapping[str, Any] | None,
    ) -> SyncPage:
        """The page to return; `seen` are the ids on it, and the times by which they belong."""
        kept = {key: time for key, time in seen.items() if _moment(time) >= self._kept_from}
        known = {**self.place.get("seen", {}), **kept}
        if further:
            return self.changes.page(rows, answer, next_page={**further, "seen": known})
        gone = [
            key
            for key, time in self._known.items()
            if key not in known and _moment(time) >= self._kept_from
        ]
        page: Any = self.changes.page(rows, answer, deleted_ids=gone)
        page["completion"]["incremental_continuation"]["known"] = known
        return page


def _history(context: SyncExecutionContext, channel: str, window: RecentDays) -> FetchResponse:
    oldest = f"{window.oldest.timestamp():.6f}" if window.oldest else None
    bounds = {"oldest": oldest, "inclusive": "true" if oldest else None}
    place = {"cursor": window.place.get("history"), "limit": 999}
    query = {"channel": channel, **bounds, **place}
    return _asked(context, "conversations.history", query, *NOT_IN)


def _none(context: SyncExecutionContext) -> SyncPage:
    """No messages, of a channel that the app is not in, or no longer."""
    if context.sync.previous_completion is not None:
        raise FullSyncNeededError("the app is no longer in the channel")
    return {"result": []}


def _listed(
    context: SyncExecutionContext, method: str, key: str, query: Mapping[str, Any]
) -> SyncPage:
    """A page of a list that is read in full by every sync."""
    place = {"cursor": context.sync.continuation, "limit": 200}
    answer = _asked(context, method, {**query, **place})
    return {"result": answer.body[key], "continuation": _next_cursor(answer)}


def _asked(
    context: SyncExecutionContext, method: str, query: Mapping[str, Any], *but: str
) -> FetchResponse:
    """The answer to a call. Slack says with a status of 200 and `"ok": false` that it failed.

    Raises `UserVisibleError` then, unless the error is one of `but`.
    """
    answer = context.fetcher.fetch(url=with_query_params(f"{API}/{method}", dict(query)))
    code = answer.body.get("error")
    if not answer.body["ok"] and code not in but:
        raise UserVisibleError(f"Slack answered {code!r} to {method}")
    return answer


def _next_cursor(answer: FetchResponse) -> str | None:
    return value_at(answer.body, "response_metadata.next_cursor") or None


def _message(row: Mapping[str, Any], channel: str) -> dict[str, Any]:
    edited = value_at(row, "edited.ts")
    return {
        **row,
        "channel_id": channel,
        "posted_at": _moment(row["ts"]).isoformat(),
        "edited_at": _moment(edited).isoformat() if edited else None,
        "file_ids": [file["id"] for file in row.get("files", [])],
    }


def _moment(ts: str) -> datetime:
    """The moment of a `ts`: seconds since 1970, and six digits that make it unique."""
    seconds, _, fraction = ts.partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=int(fraction or 0))
