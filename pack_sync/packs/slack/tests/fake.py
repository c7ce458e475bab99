"""Slack without a network: https://docs.slack.dev/reference/methods."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, World
from pack_sdk.testing.collection import Change, ChangeKind, Fields, Item
from pack_sdk.testing.listing import seal, unseal

PAGE_SIZE = 7
"""Far below what is asked for, as the service is free to do."""

MOST_CHANNELS = 5


def make_fake(seed: int) -> "SlackFake":
    """A workspace with four channels."""
    return SlackFake(seed)


class SlackWorld(World):
    """A world in which what is deleted does not come back, and channels do not become many."""

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world, but for this."""
        possible: list[ChangeKind] = ["insert" if kind == "undelete" else kind for kind in kinds]
        changed = super().step(*possible)
        channels = self.collections["channels"]
        for item in channels.items()[MOST_CHANNELS:]:
            channels.delete(item.id, self.clock.now)
        return changed


class SlackFake(FakeService):
    """Lists with cursors, errors with a status of 200, and what is left of deleted threads."""

    def __init__(self, seed: int) -> None:
        super().__init__(SlackWorld(seed), "https://slack.com/api")
        add = self.world.add
        self.channels = add("channels", _make_channel, _revise_channel, count=4)
        self.users = add("users", _make_user, _revise_user, count=9)
        self.messages = add(
            "messages", self._make_message, _revise_message, count=30, id_of=lambda row: row["ts"]
        )
        self.replies = add(
            "replies", self._make_reply, _revise_message, count=20, id_of=lambda row: row["ts"]
        )
        self.error = ""
        """What every call is answered with, if not empty."""
        self.route("GET", "/auth.test")(_test)
        self.route("GET", "/conversations.list")(self._list_channels)
        self.route("GET", "/users.list")(self._list_users)
        self.route("GET", "/conversations.history")(self._list_messages)
        self.route("GET", "/conversations.replies")(self._list_replies)

    def answer(self, request: ServiceRequest) -> Any:
        """With a status of 200 in any case."""
        return _refused(self.error) if self.error else super().answer(request)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        read = [item.id for item in self.channels if item.fields["is_member"]]
        messages = [item for channel in read for item in self._shown(channel)]
        return {
            "Channels": len(self.channels),
            "Users": len(self.users),
            "Messages": len(messages),
            "Replies": sum(len(self._replies_to(item)) for item in messages),
        }

    def _list_channels(self, request: ServiceRequest) -> Any:
        return _listed(request, "channels", self.channels.items(), _number, _fields)

    def _list_users(self, request: ServiceRequest) -> Any:
        return _listed(request, "members", self.users.items(), _number, _fields)

    def _list_messages(self, request: ServiceRequest) -> Any:
        query = request.query
        channel = self.channels.get(query["channel"])
        if channel is None:
            return _refused("channel_not_found")
        if not channel.fields["is_member"]:
            return _refused("not_in_channel")
        oldest = float(query.get("oldest", 0))
        items = [item for item in self._shown(channel.id) if float(item.id) >= oldest]
        return _listed(request, "messages", items, _newest_first, self._message)

    def _list_replies(self, request: ServiceRequest) -> Any:
        channel, thread = request.query["channel"], request.query["ts"]
        parents = [item for item in self._shown(channel) if item.id == thread]
        if not parents:
            return _refused("thread_not_found")
        items = [*parents, *self._replies_to(parents[0])]
        return _listed(request, "messages", items, _oldest_first, self._message)

    def _shown(self, channel: str) -> list[Item]:
        """The messages of a channel; of a deleted one that has replies something is left."""
        every = [i for i in self.messages.items(deleted=True) if i.fields["channel"] == channel]
        return [item for item in every if not item.deleted or self._replies_to(item)]

    def _replies_to(self, message: Item) -> list[Item]:
        return [item for item in self.replies if item.fields["thread_ts"] == message.id]

    def _message(self, item: Item) -> Fields:
        fields = {key: value for key, value in item.fields.items() if key != "channel"}
        replies = self._replies_to(item)
        if replies:
            last = {"reply_count": len(replies), "latest_reply": max(each.id for each in replies)}
            fields = {**fields, "thread_ts": item.id, **last}
        if not item.deleted:
            return fields
        text = "This message was deleted."
        return {**fields, "subtype": "tombstone", "user": "USLACKBOT", "text": text}

    def _make_message(self, random: Random, number: int, now: datetime) -> Fields:
        channel = random.choice(self.channels.items() or self.channels.items(deleted=True))
        return {**_message(f"{now.timestamp():.0f}.{number:06}", number), "channel": channel.id}

    def _make_reply(self, random: Random, number: int, now: datetime) -> Fields:
        message = random.choice(self.messages.items() or self.messages.items(deleted=True))
        made = _message(f"{now.timestamp():.0f}.{number + 500_000:06}", number)
        return {**made, "channel": message.fields["channel"], "thread_ts": message.id}


def _listed(
    request: ServiceRequest,
    name: str,
    items: Sequence[Item],
    key: Callable[[Item], float],
    shown: Callable[[Item], Fields],
) -> Any:
    after = (unseal(request.query.get("cursor", "")) or {}).get("after")
    ordered = sorted(items, key=key)
    rest = [item for item in ordered if after is None or key(item) > after]
    page, more = rest[:PAGE_SIZE], len(rest) > PAGE_SIZE
    following = seal(after=key(page[-1])) if more else ""
    listed = {name: [shown(item) for item in page]}
    return {"ok": True, **listed, "response_metadata": {"next_cursor": following}}


def _refused(code: str) -> Fields:
    return {"ok": False, "error": code}


def _test(_request: ServiceRequest) -> Fields:
    return {"ok": True, "team": "Acme", "url": "https://acme.slack.com/"}


def _number(item: Item) -> float:
    return item.number


def _newest_first(item: Item) -> float:
    return -float(item.id)


def _oldest_first(item: Item) -> float:
    return float(item.id)


def _fields(item: Item) -> Fields:
    return item.fields


def _message(ts: str, number: int) -> Fields:
    files = [{"id": f"F{number}", "name": "list.txt"}] if number % 5 == 0 else []
    message = {"type": "message", "user": "U1", "text": f"Hello {number}", "ts": ts}
    bot = {"bot_id": "B1", "subtype": "bot_message"} if number % 7 == 0 else {}
    return {**message, **bot, "files": files, "reactions": []}


def _revise_message(random: Random, fields: Fields, now: datetime) -> Fields:
    reactions = [{"name": "tada", "users": ["U1"], "count": random.randint(1, 3)}]
    edited = {"user": "U1", "ts": f"{now.timestamp():.0f}.000000"}
    return {**fields, "text": f"{fields['text']}!", "edited": edited, "reactions": reactions}


def _make_channel(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": f"C{number}",
        "name": f"team-{number}",
        "topic": {"value": "Plans", "creator": "U1", "last_set": 0},
        "purpose": {"value": "To plan", "creator": "U1", "last_set": 0},
        "creator": "U1",
        "created": int(now.timestamp()),
        "is_private": number % 2 == 0,
        "is_archived": False,
        "is_general": number == 1,
        "is_member": number != 2,
        "is_shared": False,
        "num_members": number,
    }


def _revise_channel(random: Random, fields: Fields, _now: datetime) -> Fields:
    is_member = random.random() < 0.8
    return {**fields, "num_members": fields["num_members"] + 1, "is_member": is_member}


def _make_user(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "id": f"U{number}",
        "name": f"person{number}",
        "deleted": False,
        "tz": "Europe/Zurich",
        "is_admin": number == 1,
        "is_bot": False,
        "updated": int(now.timestamp()),
        "profile": {
            "real_name": f"Person {number}",
            "display_name": "",
            "email": f"person{number}@example.com",
            "title": "Planner",
        },
    }


def _revise_user(random: Random, fields: Fields, now: datetime) -> Fields:
    return {**fields, "deleted": random.random() < 0.2, "updated": int(now.timestamp())}
