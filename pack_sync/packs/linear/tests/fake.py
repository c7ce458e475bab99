"""Linear without a network: https://linear.app/developers/graphql."""

import math
import operator
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from pack_sdk.fetching import FetchResponse
from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World, page_after
from pack_sdk.testing.collection import Collection, Fields, Item
from pack_sdk.testing.listing import seal, unseal

from .changes import text
from .graphql import Document, GraphQLError, Values
from .rows import FIRST, MADE, maker

PAGE_SIZE = 7
"""Far below what is asked for, so that there are many pages."""

LARGEST_PAGE = 250
MOST_COMPLEX = 10_000
TRASH_KEPT = timedelta(days=30)

_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def make_fake(seed: int) -> "LinearFake":
    """A workspace with some objects of each kind."""
    return LinearFake(seed)


class LinearWorld(World):
    """A world in which no cursor of a page ends."""

    def expire_tokens(self) -> bool:
        """Nothing could."""
        return False


class LinearFake(FakeService):
    """Lists by `after` and `filter`; what is archived is in them if asked for."""

    def __init__(self, seed: int) -> None:
        super().__init__(LinearWorld(seed), "https://api.linear.app")
        for name, (_, revise) in MADE.items():
            self.world.add(name, maker(name), revise, count=FIRST[name])
        self.error_pages = [_failed("An internal error", status=200)]
        self.route("POST", "/graphql")(self._asked)

    def objects(self, name: str) -> Collection:
        """Those of one kind, by the name of their list."""
        return self.world.collections[name]

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have: users stay when they leave."""
        tables = ("Teams", "WorkflowStates", "Projects", "Cycles", "Issues", "Comments", "Labels")
        counts = {
            table: len(self.objects(name)) for table, name in zip(tables, FIRST, strict=False)
        }
        return {**counts, "Users": len(self.objects("users").items(deleted=True))}

    def is_gone(self, item: Item) -> bool:
        """Whether nothing is left of it; issues and projects are in the trash for some time.

        Every fourth issue that is deleted is deleted for good at once.
        """
        kind = item.fields["__typename"]
        if not item.deleted or kind in ("Team", "User"):
            return False
        if kind not in ("Issue", "Project") or (kind == "Issue" and item.version % 4 == 0):
            return True
        return self.world.clock.now - item.updated_at > TRASH_KEPT

    def _asked(self, request: ServiceRequest) -> Any:
        asked: Mapping[str, Any] = request.json or {}
        try:
            document = Document(asked.get("query", ""), asked.get("variables") or {})
            complexity = math.ceil(document.complexity())
            if complexity > MOST_COMPLEX:
                return _failed("Query too complex", status=400)
            body = {"data": document.answer(lambda name, given: self._value(request, name, given))}
        except GraphQLError as error:
            return _failed(str(error), status=400)
        except ValueError as error:  # Linear says it with a status of 200
            return _failed(f"Argument Validation Error: {error}", status=200)
        return FetchResponse(status=200, headers={"X-Complexity": str(complexity)}, body=body)

    def _value(self, request: ServiceRequest, name: str, given: Values) -> Any:
        if name == "viewer":
            return _shown(self.objects("users").items(deleted=True)[0])
        if name == "organization":
            return {"id": "acme", "name": "Acme"}
        if name not in FIRST:
            raise GraphQLError(f'Cannot query field "{name}" on type "Query".')
        return self._listed(request, name, given)

    def _listed(self, request: ServiceRequest, name: str, given: Values) -> Fields:
        """A page, the newest first, after the object that the cursor is of."""
        size, after = given.get("first", 50), given.get("after")
        if not 1 <= size <= LARGEST_PAGE:
            raise ValueError(f"first must not be greater than {LARGEST_PAGE}")
        place = unseal(after) if after else {"number": None}
        if place is None or given.get("orderBy", "createdAt") != "createdAt":
            raise ValueError("the cursor or the order is another one than is known here")
        wanted = [
            item for item in self.objects(name).items(deleted=True) if self._fits(item, given)
        ]
        page = page_after(wanted, place["number"], min(size, PAGE_SIZE), key=_newest_first)
        self.note_page(request, page)
        rows = [_shown(item) for item in page.items]
        end = seal(number=_newest_first(page.items[-1])) if page.items else None
        info = {"hasNextPage": page.more, "hasPreviousPage": bool(after), "endCursor": end}
        return {"nodes": rows, "pageInfo": info}

    def _fits(self, item: Item, given: Values) -> bool:
        if self.is_gone(item):
            return False
        row = _shown(item)
        if row["archivedAt"] and not given.get("includeArchived"):
            return False
        if not row.get("active", True) and not given.get("includeDisabled"):
            return False
        return _matches(row, given.get("filter") or {})


def _shown(item: Item) -> Fields:
    """As Linear shows it. Nothing says that to archive and to trash are updates: here they are not.

    To bring an object back is one.
    """
    moment, fields = text(item.updated_at), item.fields
    untold = item.deleted or fields["_untold"] == moment
    times = {
        "createdAt": text(item.created_at),
        "updatedAt": fields["_edited"] if untold else moment,
    }
    if fields["__typename"] == "User":
        reason = "admin suspension" if item.deleted else None
        return {**fields, **times, "active": not item.deleted, "disableReason": reason}
    trashed = {"archivedAt": moment, "trashed": True} if item.deleted else {}
    return {**fields, **times, **trashed}


def _matches(row: Fields, wanted: Values) -> bool:
    """Whether a row fits a filter: https://linear.app/developers/filtering."""
    for name, value in wanted.items():
        if name == "or":
            fits = any(_matches(row, each) for each in value)
        else:
            fits = row[name] is not None and all(
                _COMPARE[how](row[name], bound) for how, bound in value.items()
            )
        if not fits:
            return False
    return True


def _newest_first(item: Item) -> int:
    return -item.number


def _failed(message: str, *, status: int) -> StatusCode:
    error = {"message": message, "extensions": {"userPresentableMessage": message}}
    return StatusCode(status, {"errors": [error], "data": None})
