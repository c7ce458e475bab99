"""Jira Cloud without a network: https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pack_sdk.testing import Clock, FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Collection, Fields, Item
from pack_sdk.testing.listing import page_after, page_at, seal, unseal

from . import rows

PAGE_SIZE = 7
"""Far below what is asked for, as the service is free to do."""

SHOWN = 2
"""How many comments or worklogs of an issue a search shows."""

SETTLED_AFTER = timedelta(minutes=1)
"""What is younger is in no list of worklogs yet."""

CLOUD_ID = "11223344-a1b2-3b33-c444-def123456789"
ENDPOINT = f"https://api.atlassian.com/ex/jira/{CLOUD_ID}"
USER_ZONE = "Australia/Sydney"

BEGIN = datetime(2025, 4, 5, 12, tzinfo=UTC)
"""Some hours before the user's clocks are set back."""

_JQL = re.compile(r'updated >= "(\d{4}/\d\d/\d\d \d\d:\d\d)" ORDER BY created ASC')


def make_fake(seed: int) -> "JiraFake":
    """A site with some issues in three projects."""
    return JiraFake(seed)


class JiraWorld(World):
    """A world in which nothing that is deleted comes back, and no token expires within days."""

    def expire_tokens(self) -> bool:
        """Nothing could."""
        return False

    def __init__(self, seed: int) -> None:
        super().__init__(seed, Clock(BEGIN))
        self.gone_with_issue: set[str] = set()
        """Worklogs that no list of deleted ones has."""

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world, with what went with an issue."""
        before = {name: each.version for name, each in self.collections.items()}
        super().step(*kinds)
        return [
            change for name, each in self.collections.items() for change in each.log[before[name] :]
        ]

    def _delete_attached(self, issue: str) -> None:
        for name in ("comments", "worklogs"):
            for item in self.collections[name].items():
                if item.fields["issue"] == issue:
                    self.collections[name].delete(item.id, self.clock.now)
                    self.gone_with_issue.add(item.id)

    def _change(self, collection: Collection, kind: ChangeKind) -> Item | None:
        """There are four to six boards, the first always, so that there are always some sprints."""
        kind = "insert" if kind == "undelete" else kind
        few, many = len(collection) < 5, len(collection) > 5
        if collection.name == "boards" and (
            (kind == "delete" and few) or (kind == "insert" and many)
        ):
            kind = "update"
        changed = super()._change(collection, kind)
        if kind == "delete" and collection.name == "issues" and changed:
            self._delete_attached(changed.id)
        if collection.name == "boards" and collection.get(1) is None:
            return collection.undelete(1, self.clock.now)
        return changed


class JiraFake(FakeService):
    """Searches by token, lists that count rows, and lists of changed worklogs."""

    def __init__(self, seed: int) -> None:
        self.jira = JiraWorld(seed)
        super().__init__(self.jira, ENDPOINT)
        self.endpoint = ENDPOINT
        self.shifting_pages = True  # of projects, users, boards and sprints
        self.repeated_hour_fold = 1
        """Which of two equal hours the service takes a time for; the later one loses changes."""
        add = self.world.add
        self.projects = add("projects", rows.make_project, rows.revise_name, count=16)
        self.users = add("users", rows.make_user, rows.revise_name, count=16, id_of=_account)
        self.issues = add("issues", rows.make_issue, rows.revise_issue, count=30)
        self.comments = add("comments", rows.make_comment, rows.revise_text, count=30)
        self.worklogs = add("worklogs", rows.make_worklog, rows.revise_text, count=24)
        self.boards = add("boards", rows.make_board, rows.revise_name, count=6)
        self.sprints = add("sprints", rows.make_sprint, rows.revise_sprint, count=16)
        platform, agile = "/rest/api/3", "/rest/agile/1.0"
        me = {**rows.user(1), "timeZone": USER_ZONE}
        self.route("GET", f"{platform}/myself")(_always(me))
        self.route("GET", f"{platform}/serverInfo")(_always({"baseUrl": rows.SITE}))
        self.route("GET", f"{platform}/field")(_always(rows.FIELDS))
        self.route("GET", f"{platform}/project/search")(self._list_projects)
        self.route("GET", f"{platform}/users/search")(self._list_users)
        self.route("GET", f"{platform}/search/jql")(self._search)
        self.route("GET", platform + "/issue/{issue}/{kind}")(self._list_attached)
        self.route("GET", platform + "/worklog/{list}")(self._list_worklog_ids)
        self.route("POST", f"{platform}/worklog/list")(self._list_worklogs)
        self.route("GET", f"{agile}/board")(self._list_boards)
        self.route("GET", agile + "/board/{board}/sprint")(self._list_sprints)
        site = {"id": CLOUD_ID, "name": "your-domain", "url": rows.SITE}
        sites = "https://api.atlassian.com/oauth/token/accessible-resources"
        self.route("GET", sites)(_always([site]))

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        boards = [item for item in self.boards if _has_sprints(item)]
        return {
            "Projects": len(self.projects),
            "Users": len(self.users),
            "Issues": len(self.issues),
            "Comments": len(self._of_issues(self.comments)),
            "Worklogs": len(self._settled(self._of_issues(self.worklogs))),
            "Boards": len(self.boards),
            "Sprints": sum(len(self._sprints_of(board.id)) for board in boards),
        }

    def _of_issues(self, collection: Collection) -> list[Item]:
        """What is there, and whose issue is."""
        issues = {item.id for item in self.issues}
        return [item for item in collection if item.fields["issue"] in issues]

    def _settled(self, items: Sequence[Item]) -> list[Item]:
        return [i for i in items if i.updated_at <= self.world.clock.now - SETTLED_AFTER]

    def _list_projects(self, request: ServiceRequest) -> Any:
        found = [
            i.fields for i in self.projects if request.query.get("query", "") in i.fields["name"]
        ]
        return self._counted(request, found)

    def _list_users(self, request: ServiceRequest) -> Any:
        users = [item.fields for item in self.users]
        return page_at(users, int(request.query.get("startAt", 0)), PAGE_SIZE).items

    def _list_boards(self, request: ServiceRequest) -> Any:
        return self._counted(request, [item.fields for item in self.boards], 3)

    def _list_sprints(self, request: ServiceRequest) -> Any:
        """By their state, and none of boards that have no sprints."""
        board = self.boards.get(request.path["board"])
        if board is None:
            return _refused(404, "Requested board cannot be viewed")
        if not _has_sprints(board):
            return _refused(400, "The board does not support sprints")
        order = ["closed", "active", "future"]
        wanted = request.query.get("state", ",".join(order)).split(",")
        found = [rows.sprint(item) for item in self._sprints_of(board.id)]
        found = [row for row in found if row["state"] in wanted]
        found.sort(key=lambda row: (order.index(row["state"]), row["id"]))
        return self._counted(request, found, 3)

    def _sprints_of(self, board: int) -> list[Item]:
        """Those that were made on the board, and some that it shows as well."""
        return [
            i for i in self.sprints if i.fields["board"] == board or (board == 4 and i.id % 4 == 0)
        ]

    def _counted(
        self, request: ServiceRequest, found: Sequence[Fields], size: int = PAGE_SIZE
    ) -> Fields:
        start = int(request.query.get("startAt", 0))
        size = min(size, int(request.query.get("maxResults", 50)))
        page = page_at(found, start, size)
        place = {"startAt": start, "maxResults": size, "total": page.total}
        return {**place, "isLast": not page.more, "values": page.items}

    def _search(self, request: ServiceRequest) -> Any:
        """Issues that were changed in a minute of the user's zone, or later."""
        jql = _JQL.fullmatch(request.query["jql"])
        if jql is None:
            return _refused(400, "Error in the JQL Query")
        since = datetime.strptime(jql[1], "%Y/%m/%d %H:%M").replace(
            tzinfo=ZoneInfo(USER_ZONE), fold=self.repeated_hour_fold
        )
        since = since.astimezone(UTC)
        updates = self._updates()
        items = [item for item in self.issues if updates[item.id] >= since]
        place = unseal(request.query.get("nextPageToken", "")) or {}
        page = page_after(items, place.get("after"), PAGE_SIZE)
        fields = request.query.get("fields", "id").split(",")
        found = [self._shown(item, updates[item.id], fields) for item in page.items]
        body: dict[str, Any] = {"issues": found, "isLast": not page.more}
        return {**body, "nextPageToken": seal(after=page.items[-1].number)} if page.more else body

    def _updates(self) -> Mapping[str, datetime]:
        """When each issue, or what is attached to it, was last changed."""
        times = {item.id: item.updated_at for item in self.issues}
        for each in (self.comments, self.worklogs):
            for item in each.items(deleted=True):
                issue = item.fields["issue"]
                if issue in times:
                    times[issue] = max(times[issue], item.updated_at)
        return times

    def _shown(self, item: Item, updated: datetime, fields: Sequence[str]) -> Fields:
        shown = rows.issue(item, updated)
        chosen = dict(shown["fields"]) if "*all" in fields else {}
        for kind in ("comment", "worklog"):
            if kind in fields or ("*all" in fields and f"-{kind}" not in fields):
                chosen[kind] = self._attached(item.id, kind, 0, SHOWN)
        return {**shown, "fields": chosen}

    def _attached(self, issue: str, kind: str, start: int, size: int) -> Fields:
        items, shown = (
            (self.comments, rows.comment) if kind == "comment" else (self.worklogs, rows.worklog)
        )
        found = [shown(item) for item in items if item.fields["issue"] == issue]
        page = page_at(found, start, size)
        place = {"startAt": start, "maxResults": size, "total": page.total}
        return {**place, f"{kind}s": page.items}

    def _list_attached(self, request: ServiceRequest) -> Any:
        issue = request.path["issue"]
        if self.issues.get(issue) is None:
            return _refused(404, "Issue does not exist or you do not have permission to see it.")
        start = int(request.query.get("startAt", 0))
        size = min(3, int(request.query.get("maxResults", 3)))
        return self._attached(issue, request.path["kind"], start, size)

    def _list_worklog_ids(self, request: ServiceRequest) -> Any:
        """Those that were changed or deleted after a time; what went with its issue is in none."""
        name, since = request.path["list"], int(request.query.get("since", 0))
        if name == "deleted":
            told = [i for i in self.worklogs.items(deleted=True) if i.deleted]
            items = [i for i in told if i.id not in self.jira.gone_with_issue]
        else:
            items = self._of_issues(self.worklogs)
        found = sorted((i for i in self._settled(items) if _time(i) > since), key=_time)
        page = page_at(found, 0, PAGE_SIZE)
        values = [{"worklogId": int(i.id), "updatedTime": _time(i)} for i in page.items]
        until = _time(page.items[-1]) if page.items else since
        body = {"values": values, "since": since, "until": until, "lastPage": not page.more}
        url = f"{rows.SITE}/rest/api/3/worklog/{name}?since="
        return {**body, "self": f"{url}{since}", "nextPage": f"{url}{until}"}

    def _list_worklogs(self, request: ServiceRequest) -> Any:
        wanted = {str(each) for each in request.json["ids"]}
        return [rows.worklog(i) for i in self._of_issues(self.worklogs) if i.id in wanted]


def _always(reply: Any) -> Callable[[ServiceRequest], Any]:
    return lambda _: reply


def _account(fields: Fields) -> Any:
    return fields["accountId"]


def _has_sprints(board: Item) -> bool:
    """Scrum boards, and simple ones whose team has enabled them."""
    kind = board.fields["type"]
    return kind == "scrum" or (kind == "simple" and board.number % 2 == 0)


def _time(item: Item) -> int:
    return int(item.updated_at.timestamp() * 1000)


def _refused(status: int, message: str) -> StatusCode:
    return StatusCode(status, {"errorMessages": [message], "errors": {}})
