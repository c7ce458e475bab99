"""A seeded service whose rows change at any time, also between two pages and before an answer."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

from pack_sdk import FetchRequest, FetchResponse, StatusCodeError, get_query_params, parse_time

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
URL = "https://api.example.com"


class TokenEndedError(Exception):
    """The service no longer knows the token."""


@dataclass(kw_only=True)
class MovingService:
    """Notes with `id`, `name`, `created` and `updated`; `changes_per_answer` of them change each.

    Its clock goes by seconds, so that many changes have one time, and may differ from ours by any
    `skew`. With `late` commits a change shows up to two minutes after its time. `cap` is how many
    results any search has at most. Tokens are refused before `oldest_token`.
    """

    seed: int
    skew: timedelta = timedelta()
    late: bool = False
    cap: int = 25
    sorted_size: int = 25
    changes_per_answer: int = 1
    oldest_token: int = 0
    now: datetime = EPOCH
    rows: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    deleted: list[tuple[datetime, str]] = field(default_factory=list[tuple[datetime, str]])
    log: list[str] = field(default_factory=list[str])
    hidden: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list[Any])
    requests: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        """Fill it with some notes of several days."""
        self.random = random.Random(self.seed)  # noqa: S311
        self.made = 0
        for _ in range(60):
            self.now += timedelta(hours=self.random.choice([0, 0, 1, 5]))
            self._insert()

    @property
    def our_now(self) -> datetime:
        """What our clock says."""
        return self.now + self.skew

    def pass_hours(self) -> None:
        """Let four hours go by, with some changes in them."""
        for _ in range(self.random.randrange(4)):
            self.now += timedelta(hours=1)
            self._show_late()
            self.change(self.random.randrange(5))

    def change(self, times: int) -> None:
        """Insert, update, delete or undelete a note, so often."""
        for _ in range(times):
            self.now += timedelta(seconds=self.random.choice([0, 0, 1, 3]))
            self._show_late()
            kind = self.random.choice(["insert", "update", "update", "delete", "undelete"])
            if kind == "insert" or not self.rows:
                self._insert()
            elif kind == "update":
                self._update(self.random.choice(sorted(self.rows)))
            elif kind == "delete":
                row_id = self.random.choice(sorted(self.rows))
                del self.rows[row_id]
                self.deleted.append((self.now, row_id))
                self.log.append(row_id)
            elif self.deleted and self.deleted[-1][1] not in self.rows:
                self._put(self.deleted[-1][1])

    def settle(self) -> None:
        """Let everything late show up, and change nothing more."""
        self.now += timedelta(hours=1)
        self._show_late()
        self.changes_per_answer = 0

    def answer(self, request: FetchRequest) -> FetchResponse:
        """Answer a request, as a `MockFetcher` would; something may change before it does."""
        self.requests.append(request.url)
        self.change(self.random.randrange(self.changes_per_answer + 1))
        self._show_late()
        query: dict[str, Any] = get_query_params(request.url)
        path = request.url.removeprefix(URL).partition("?")[0]
        try:
            body = getattr(self, f"get_{path.strip('/')}")(query)
            status = 200
        except TokenEndedError as error:
            status, body = 410, {"error": {"reason": str(error)}}
        headers: dict[str, Any] = {"date": format_datetime(self.now, usegmt=True)}
        headers |= {"link": body.pop("link")} if "link" in body else {}
        response = FetchResponse(status=status, headers=headers, body=body)
        if status >= 300:
            raise StatusCodeError(response, method=request.method, url=request.url)
        return response

    def get_notes(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Notes that changed `since`, sorted by id, paged by the last id, named in a link."""
        found = [r for r in self._since(query) if r["id"] > query.get("after", "")]
        page = sorted(found, key=lambda row: row["id"])[:7]
        if len(found) <= 7:
            return {"rows": page}
        following = f"{URL}/notes?since={query.get('since', '')}&after={page[-1]['id']}"
        return {"rows": page, "link": f'<{following}>; rel="next"'}

    def get_newest(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """All notes, the latest change first, after a pinned one; paged by time and id."""
        rows = sorted(self.rows.values(), key=_place, reverse=True)
        before = query.get("before")
        pinned = [] if before else rows[-1:]
        found = [r for r in rows if before is None or "~".join(_place(r)) < before]
        more = "~".join(_place(found[6])) if len(found) > 7 else None
        return {"rows": pinned + found[:7], "more": more}

    def get_sorted(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Notes by time of change, from `from` on or after `above`; `sorted_size` at most."""
        rows = sorted(self.rows.values(), key=_place)
        if (above := query.get("above")) is not None:
            rows = [r for r in rows if _time(r["updated"]) > _time(above)]
        elif (start := query.get("from")) is not None:
            last_id = query.get("from_id", "")
            ties = [r for r in rows if _time(r["updated"]) == _time(start) and r["id"] > last_id]
            rows = ties + [r for r in rows if _time(r["updated"]) > _time(start)]
        return {"rows": rows[: self.sorted_size]}

    def get_deleted(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """The ids of what was deleted since a time."""
        since = _time(query["since"])
        return {"ids": [row_id for when, row_id in self.deleted if when >= since]}

    def get_position(self, _query: Mapping[str, Any]) -> dict[str, Any]:
        """Where the log stands."""
        return {"position": f"p{len(self.log)}"}

    def get_changes(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """The log from a position on; each entry says how the note is now, or that it is gone."""
        start = self._position(query["position"])
        entries = self.log[start : start + 5]
        changes = [{"id": each, "note": self.rows.get(each)} for each in entries]
        more = start + 5 < len(self.log)
        return {"changes": changes, "next": f"p{start + len(entries)}", "more": more}

    def get_synced(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """What changed since a token, deleted notes as well, in pages; the last has a new token."""
        token, page = query.get("token"), query.get("page")
        end, _, after = page.partition("~") if page else (str(len(self.log)), "", "")
        ids = set(self.log[self._position(token) :] if token else self.rows)
        found = sorted(each for each in ids if each > after)
        rows = [self.rows.get(each, {"id": each, "gone": True}) for each in found[:7]]
        more = {"page": f"{end}~{found[6]}"} if len(found) > 7 else {"token": f"p{end}"}
        return {"rows": rows, **more}

    def get_created(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Notes by time of creation, of which no more than `cap` are given; five a page."""
        start, end = _time(query["from"]), _time(query.get("to", "9999-01-01"))
        found = [
            row
            for row in sorted(self.rows.values(), key=lambda row: row["id"])
            if start <= _time(row["created"]) < end
        ]
        left = [row for row in found[: self.cap] if row["id"] > query.get("after", "")]
        more = left[4]["id"] if len(left) > 5 else None
        return {"rows": left[:5], "total": min(len(found), self.cap), "more": more}

    def get_ids(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """The ids of what changed since a time."""
        return {"ids": sorted(row["id"] for row in self._since(query))}

    def get_some(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """The notes with these ids, as far as they are there."""
        ids = cast("str", query["ids"]).split(",")
        return {"rows": [self.rows[each] for each in ids if each in self.rows]}

    def _since(self, query: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        since = query.get("since")
        for row in self.rows.values():
            if not since or _time(row["updated"]) >= _time(since):
                yield row

    def _position(self, token: str) -> int:
        position = int(token.removeprefix("p"))
        if position < self.oldest_token:
            raise TokenEndedError("TOKEN_TOO_OLD")
        return position

    def _insert(self) -> None:
        self.made += 1
        # The order of ids is not that of their making.
        self._put(f"n{self.random.randrange(1000):03}-{self.made}")

    def _update(self, row_id: str) -> None:
        row = {**self.rows[row_id], "name": self._name(), "updated": _text(self.now)}
        if self.late and self.random.random() < 0.3:
            self.hidden.append((self.now + timedelta(seconds=self.random.randrange(120)), row))
        else:
            self.rows[row_id] = row
            self.log.append(row_id)

    def _put(self, row_id: str) -> None:
        moment = _text(self.now)
        self.rows[row_id] = {
            "id": row_id, "name": self._name(), "created": moment, "updated": moment,
        }  # fmt: skip
        self.log.append(row_id)

    def _show_late(self) -> None:
        for when, row in [each for each in self.hidden if each[0] <= self.now]:
            self.hidden.remove((when, row))
            there = self.rows.get(row["id"])
            if there is not None and there["updated"] <= row["updated"]:
                self.rows[row["id"]] = row
                self.log.append(row["id"])

    def _name(self) -> str:
        return f"name {self.random.randrange(10**9)}"


def _place(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["updated"], row["id"]


def _time(value: object) -> datetime:
    moment = parse_time(value)
    assert moment is not None, value
    return moment


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
