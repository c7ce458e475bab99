"""HubSpot without a network: https://developers.hubspot.com/docs/api-reference/overview."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Collection, Fields, Item

from . import rows
from .rows import CUSTOM_TYPE, TYPES

API = "https://api.hubapi.com"
PAGE_SIZE = 7
"""Of lists and searches, whatever is asked for: fewer rows are enough so."""

INDEX_LAG = timedelta(seconds=20)
"""How long a change takes until a search finds it."""


def make_fake(seed: int) -> "HubSpotFake":
    """An account with records of each type, and one custom object."""
    return HubSpotFake(seed)


class HubSpotFake(FakeService):
    """Lists, batches, a search whose index lags, and associations."""

    def __init__(self, seed: int) -> None:
        super().__init__(World(seed), API)
        self.result_cap = 10_000
        add = self.world.add
        self.records: dict[str, Collection] = {
            kind: add(kind, rows.make_record(kind), rows.revise_record(kind), count=18)
            for kind in TYPES
        }
        self.owners = add("owners", rows.make_owner, rows.revise_owner, count=9)
        self.pipelines = add(
            "pipelines", rows.make_pipeline, rows.revise_pipeline, count=4, id_of=_number
        )
        self.associations = add(
            "associations", rows.make_association, rows.revise_association, count=120, id_of=_number
        )
        self.merged: dict[tuple[str, str], str] = {}
        """The id of the record that one was merged into, by its type and id."""
        self.deleted_for_good: set[str] = set()
        """The ids of contacts that are in no list of archived ones."""
        self.days_open = 3
        """What is calculated for each record, without a time of modification."""
        self.dynamic_urls = {"Objects": f"{API}/crm/v3/objects/{CUSTOM_TYPE}"}
        self._add_routes()

    def _add_routes(self) -> None:
        self.route("GET", "/account-info/v3/details")(self._account)
        self.route("GET", "/crm/v3/properties/{kind}")(self._properties)
        self.route("GET", "/crm/v3/objects/{kind}")(self._list)
        self.route("POST", "/crm/v3/objects/{kind}/batch/read")(self._batch)
        self.route("POST", "/crm/v3/objects/{kind}/search")(self._search)
        self.route("GET", "/crm/v3/owners")(self._list_owners)
        self.route("GET", "/crm/v3/owners/")(self._list_owners)
        self.route("GET", "/crm/v3/pipelines/{kind}")(self._list_pipelines)
        self.route("POST", "/crm/v4/associations/{kind}/{other}/batch/read")(self._associated)
        self.route("GET", "/crm-object-schemas/v3/schemas")(self._schemas)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        names = {kind: kind.capitalize() for kind in TYPES} | {CUSTOM_TYPE: "Objects"}
        return {
            **{names[kind]: len(records) for kind, records in self.records.items()},
            "Owners": len(self.owners.items(deleted=True)),
            "Pipelines": len(self.pipelines),
            "Associations": len(self._shown_associations()),
        }

    def merge(self, kind: str, first: str, second: str) -> str:
        """Merge two records into a new one, whose id is returned; they are in no list then."""
        records, now = self.records[kind], self.world.clock.now
        number = len(records.items(deleted=True)) + 1
        made = rows.make_record(kind)(self.world.random, number, now)
        merged = {"hs_merged_object_ids": f"{first};{second}"}
        new = records.insert(self.world.random, now, {**made, **merged}).id
        for each in (first, second):
            records.delete(each, now)
            self.merged[kind, each] = new
        return new

    def _shown(self, kind: str, item: Item, names: Sequence[str]) -> Fields:
        return rows.show_record(kind, item, names, days_open=self.days_open)

    def _is_listed_as_archived(self, kind: str, item: Item) -> bool:
        """Not if it was deleted for good, or merged."""
        is_lost = kind == "contacts" and item.id in self.deleted_for_good
        return item.deleted and not is_lost and (kind, item.id) not in self.merged

    def _account(self, _request: ServiceRequest) -> Any:
        return {"portalId": 1, "uiDomain": "app.hubspot.com", "accountType": "STANDARD"}

    def _properties(self, request: ServiceRequest) -> Any:
        return {"results": rows.properties_of(request.path["kind"])}

    def _schemas(self, _request: ServiceRequest) -> Any:
        return {"results": [rows.custom_schema()]}

    def _list(self, request: ServiceRequest) -> Any:
        kind = request.path["kind"]
        is_archived = request.query.get("archived", "").casefold() == "true"
        if int(request.query.get("limit", "10")) > 100:
            return _refused("limit must be at most 100")
        items = [
            item
            for item in self.records[kind].items(deleted=is_archived)
            if not is_archived or self._is_listed_as_archived(kind, item)
        ]
        # properties=a,b or properties=a&properties=b
        query = parse_qsl(urlsplit(request.url).query)
        names = [name for key, each in query if key == "properties" for name in each.split(",")]
        return _page(
            [(int(item.id), self._shown(kind, item, names)) for item in items],
            request.query.get("after"),
        )

    def _batch(self, request: ServiceRequest) -> Any:
        kind, asked = request.path["kind"], request.json
        if len(asked["inputs"]) > 100:
            return _refused("a batch has at most 100 inputs")
        found: list[Fields] = []
        errors: list[Fields] = []
        for row_id in sorted((each["id"] for each in asked["inputs"]), key=str):
            item = self.records[kind].get(self.merged.get((kind, row_id), row_id))
            if item:
                found.append(self._shown(kind, item, asked["properties"]))
            else:
                errors.append(_error("Could not get some objects", [row_id]))
        return self._several(found, errors)

    def _search(self, request: ServiceRequest) -> Any:
        """Records as they were some time ago, by two filters and sorted by their ids."""
        kind, asked = request.path["kind"], request.json
        if len(str(request.request.body)) > 3_000 or asked["limit"] > 200:
            return _refused("the search is too long, or asks for too many results")
        if asked["sorts"] != [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]:
            return _refused("this account only sorts by hs_object_id")
        ((since, above),) = [each["filters"] for each in asked["filterGroups"]]
        moment = datetime.fromtimestamp(int(since["value"]) / 1000, self.world.clock.now.tzinfo)
        wanted = (since["propertyName"], since["operator"], above["operator"])
        known = wanted == (rows.modified_property(kind), "GTE", "GT")
        items = [
            item
            for item in self._indexed(kind)
            if known and item.updated_at >= moment and int(item.id) > int(above["value"])
        ]
        shown = [(int(i.id), self._shown(kind, i, asked["properties"])) for i in items]
        return {**_page(sorted(shown), asked.get("after")), "total": len(items)}

    def _indexed(self, kind: str) -> Sequence[Item]:
        """What a search sees: what has changed just now is not in it yet."""
        until = self.world.clock.now - INDEX_LAG
        seen = {c.item.id: c.item for c in self.records[kind].log if c.item.updated_at <= until}
        return [item for item in seen.values() if not item.deleted]

    def _list_owners(self, request: ServiceRequest) -> Any:
        is_archived = request.query.get("archived", "").casefold() == "true"
        owners = [item for item in self.owners.items(deleted=True) if item.deleted == is_archived]
        shown = [(int(item.id), rows.show_owner(item)) for item in owners]
        return _page(shown, request.query.get("after"))

    def _list_pipelines(self, request: ServiceRequest) -> Any:
        hidden = {"number", "object_type"}
        found = [
            i.fields for i in self.pipelines if i.fields["object_type"] == request.path["kind"]
        ]
        return {"results": [{k: each[k] for k in each if k not in hidden} for each in found]}

    def _shown_associations(self) -> Sequence[Fields]:
        """Those between records that are there."""
        there = {
            (kind, item.id) for kind, records in self.records.items() for item in records.items()
        }
        all_of_them = [item.fields for item in self.associations]
        return [each for each in all_of_them if {each["from"], each["to"]} <= there]

    def _associated(self, request: ServiceRequest) -> Any:
        """What each record is associated with, some at a time, and where to go on."""
        kind, other = request.path["kind"], request.path["other"]
        asked = request.json["inputs"]
        if len(asked) > 1_000:
            return _refused("a batch has at most 1000 inputs")
        pairs = [each for each in self._shown_associations() if each["to"][0] == other]
        found: list[Fields] = []
        errors: list[Fields] = []
        for each in asked:
            types = _types([pair for pair in pairs if pair["from"] == (kind, each["id"])])
            to = [
                (int(row_id), {"toObjectId": int(row_id), "associationTypes": types[row_id]})
                for row_id in sorted(types, key=int)
            ]
            page = _page(to, each.get("after"), size=2)
            if page["results"]:
                rest = {key: page[key] for key in page if key != "results"}
                found.append({**rest, "from": {"id": each["id"]}, "to": page["results"]})
            else:
                errors.append(_error("No association was found", [each["id"]]))
        return self._several(found, errors)

    def _several(self, results: Sequence[Fields], errors: Sequence[Fields]) -> Any:
        """The answer to a batch, some of which may not be there."""
        now = rows.iso(self.world.clock.now)
        body = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        if not errors:
            return body
        return StatusCode(207, {**body, "numErrors": len(errors), "errors": errors})


def _number(fields: Fields) -> int:
    return fields["number"]


def _types(associations: Sequence[Fields]) -> Mapping[str, Sequence[Fields]]:
    """The types of a record's associations, by the other records' ids."""
    types: dict[str, list[Fields]] = {}
    for each in associations:
        types.setdefault(each["to"][1], []).append(each["type"])
    return types


def _page(shown: Sequence[tuple[int, Any]], after: str | None, size: int = PAGE_SIZE) -> Any:
    """Those behind a number, and the last number if there are more."""
    following = [pair for pair in shown if after is None or pair[0] > int(after)]
    page = {"results": [each for _, each in following[:size]]}
    if len(following) <= size:
        return page
    last = str(following[size - 1][0])
    return {**page, "paging": {"next": {"after": last, "link": f"?after={last}"}}}


def _refused(message: str) -> StatusCode:
    body = {"status": "error", "message": message, "category": "VALIDATION_ERROR"}
    return StatusCode(400, {**body, "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf"})


def _error(message: str, ids: Sequence[str]) -> Fields:
    error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message}
    return {**error, "context": {"ids": ids}, "links": {}, "errors": []}
