"""Airtable without a network: https://airtable.com/developers/web/api/introduction."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

PAGE_SIZE = 7
"""Far below the service's 100."""

API = "https://api.airtable.com/v0"
BASE, TABLE = "appBASE1", "tblTABLE1"

_FORMULA = re.compile(
    r"OR\(IS_AFTER\(CREATED_TIME\(\),'(?P<since>[^']+)'\),"
    r"IS_AFTER\(LAST_MODIFIED_TIME\(\),'(?P=since)'\)\)"
)


def make_fake(seed: int) -> "AirtableFake":
    """The service with one table of records, and some more tables and bases."""
    return AirtableFake(seed)


class AirtableFake(FakeService):
    """Lists with `offset`, of which that of records is forgotten after a while."""

    def __init__(self, seed: int) -> None:
        world = World(seed)
        super().__init__(world, API)
        self._is_computing = False
        self.bases = world.add("bases", _make_base, _revise_name, count=9)
        self.tables = world.add("tables", _make_table, _revise_name, count=12)
        self.records = world.add("records", _make_record, self._revise_record, count=30)
        self.dynamic_urls = {"Records": f"{API}/{BASE}/{TABLE}"}
        self.route("GET", "/meta/whoami")(self._show_user)
        self.route("GET", "/meta/bases")(self._list_bases)
        self.route("GET", "/meta/bases/{base}/tables")(self._list_tables)
        self.route("GET", "/{base}/{table}")(self._list_records)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        bases = [BASE, *(item.id for item in self.bases)]
        return {
            "Bases": len(bases),
            "Tables": 1 + sum(item.fields["base"] in bases for item in self.tables),
            "Records": len(self.records),
        }

    def compute(self) -> None:
        """Give each record another computed value, without the time of its modification."""
        self._is_computing = True
        for item in self.records:
            self.records.update(self.world.random, item.id, self.world.clock.now)
        self._is_computing = False

    def _revise_record(self, random: Random, fields: Fields, now: datetime) -> Fields:
        cells = fields["cells"]
        if self._is_computing:
            return {**fields, "cells": {**cells, "fldStock": random.randint(1, 10**6)}}
        title = f"Order {random.randint(1, 10**6)}"
        changed = {**cells, "fldTitle": title, "fldChanged": _time(now)}
        return {**fields, "cells": changed, "modified": now}

    def _show_user(self, _request: ServiceRequest) -> Any:
        return {"id": "usrADA", "email": "ada@example.com"}

    def _list_bases(self, request: ServiceRequest) -> Any:
        place = unseal(request.query.get("offset", "")) or {}
        page = page_after(self.bases.items(), place.get("after"), PAGE_SIZE)
        bases = [item.fields for item in page.items]
        if not place:
            bases = [{"id": BASE, "name": "Shop", "permissionLevel": "create"}, *bases]
        body = {"bases": bases}
        return {**body, "offset": seal(after=page.items[-1].number)} if page.more else body

    def _list_tables(self, request: ServiceRequest) -> Any:
        base = request.path["base"]
        if base != BASE and self.bases.get(base) is None:
            return _refused(404, "NOT_FOUND")
        tables = [item.fields for item in self.tables if item.fields["base"] == base]
        shown = [{key: each[key] for key in each if key != "base"} for each in tables]
        return {"tables": [ORDERS, *shown] if base == BASE else shown}

    def _list_records(self, request: ServiceRequest) -> Any:
        if (request.path["base"], request.path["table"]) != (BASE, TABLE):
            return _refused(404, "NOT_FOUND")
        place = unseal(request.query.get("offset", "")) or {"epoch": self.world.epoch}
        if place["epoch"] != self.world.epoch:
            return _refused(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
        items: Sequence[Item] = self.records.items()
        if formula := request.query.get("filterByFormula"):
            found = _FORMULA.fullmatch(formula.replace(" ", ""))
            if not found:
                return _refused(422, "INVALID_FILTER_BY_FORMULA")
            since = datetime.fromisoformat(found["since"])
            items = [item for item in items if _modified(item) > since]
        page = page_after(items, place.get("after"), PAGE_SIZE)
        by_id = request.query.get("returnFieldsByFieldId") in ("true", "1")
        body: dict[str, Any] = {"records": [_record(item, by_id=by_id) for item in page.items]}
        if page.more:
            body["offset"] = seal(after=page.items[-1].number, epoch=self.world.epoch)
        return body


def _modified(item: Item) -> datetime:
    return max(item.created_at, item.fields["modified"])


def _refused(status: int, kind: str) -> StatusCode:
    return StatusCode(status, {"error": {"type": kind, "message": kind}})


def _record(item: Item, *, by_id: bool) -> Fields:
    """The record; empty cells are left out."""
    names = {field["id"]: field["id"] if by_id else field["name"] for field in ORDERS["fields"]}
    cells = {names[key]: cell for key, cell in item.fields["cells"].items() if cell is not None}
    return {"id": item.id, "createdTime": _time(item.created_at), "fields": cells}


def _time(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _make_base(_random: Random, number: int, _now: datetime) -> Fields:
    return {"id": f"app{number:06}", "name": f"Base {number}", "permissionLevel": "read"}


def _revise_name(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "name": f"Name {random.randint(1, 10**6)}"}


def _make_table(random: Random, number: int, _now: datetime) -> Fields:
    bases = [BASE, *(f"app{each:06}" for each in range(1, 6))]
    return {
        "base": random.choice(bases),
        "id": f"tbl{number:06}",
        "name": f"Table {number}",
        "description": "Things",
        "primaryFieldId": f"fld{number:06}",
        "fields": [
            {"id": f"fld{number:06}", "name": "Name", "type": "singleLineText", "description": "It"}
        ],
        "views": [{"id": f"viw{number:06}", "name": "Grid view", "type": "grid"}],
    }


def _field(name: str, kind: str, **options: Any) -> Fields:
    field = {"id": f"fld{name}", "name": name, "type": kind}
    return {**field, "options": options} if options else field


ORDERS: Fields = {
    "id": TABLE,
    "name": "Orders",
    "description": "What was ordered",
    "primaryFieldId": "fldTitle",
    "fields": [
        _field("Title", "singleLineText"),
        {"id": "fldtitle2", "name": "title", "type": "richText"},
        _field("Amount", "currency", precision=2, symbol="$"),
        _field("Pieces", "number", precision=0),
        _field("Paid", "checkbox", icon="check", color="greenBright"),
        _field("Due", "date", dateFormat={"name": "iso", "format": "YYYY-MM-DD"}),
        _field("Labels", "multipleSelects", choices=[]),
        _field("Lines", "multipleRecordLinks", linkedTableId="tbl000001"),
        _field("Owner", "singleCollaborator"),
        _field("Team", "multipleCollaborators"),
        _field("Files", "multipleAttachments", isReversed=False),
        _field("Price", "formula", result={"type": "number", "options": {"precision": 2}}),
        _field("Stock", "rollup", result={"type": "number", "options": {"precision": 0}}),
        _field("Names", "multipleLookupValues", result={"type": "singleLineText"}),
        _field("Changed", "lastModifiedTime", result={"type": "dateTime"}),
    ],
    "views": [{"id": "viwORDERS", "name": "Grid view", "type": "grid"}],
}

_ADA = {"id": "usrADA", "email": "ada@example.com", "name": "Ada"}


def _make_record(random: Random, number: int, now: datetime) -> Fields:
    price = 2.5 if number % 4 else {"specialValue": "NaN"}
    cells = {
        "fldTitle": f"Order {number}",
        "fldtitle2": "**Urgent**",
        "fldAmount": 0.1 * number,
        "fldPieces": number,
        "fldPaid": True if number % 2 else None,
        "fldDue": f"{now:%Y-%m-%d}",
        "fldLabels": ["new"],
        "fldLines": ["rec1", "rec2"],
        "fldOwner": _ADA,
        "fldTeam": [_ADA],
        "fldFiles": [
            {
                "id": f"att{number}",
                "url": f"https://v5.airtableusercontent.com/{random.random()}",
                "filename": "order.pdf",
                "size": 9,
                "type": "application/pdf",
            }
        ],
        "fldPrice": price,
        "fldStock": 3,
        "fldNames": ["Pen", "Ink"],
        "fldChanged": _time(now),
    }
    return {"id": f"rec{number:06}", "cells": cells, "modified": now}
