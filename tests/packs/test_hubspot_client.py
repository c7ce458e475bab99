"""HubSpot's client for Python reads from our fake what our pack reads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlencode

import hubspot
import pytest
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.objects import BatchReadInputSimplePublicObjectId, PublicObjectSearchRequest

from pack_sdk.fetching import FetchRequest, Method
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.packs.hubspot.pack import RECORD_TABLES
from pack_sync.runtimes.loader import load_pack, pack_folder


class Answer:
    """What the client reads of an answer."""

    reason = ""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.data = status, json.dumps(body).encode()

    def getheaders(self) -> Mapping[str, str]:
        """As `urllib3.HTTPResponse` has it."""
        return {"content-type": "application/json"}

    def getheader(self, _name: str, _default: str | None = None) -> str:
        """Only the type of the content is asked for."""
        return "application/json"


class Pool:
    """What the client sends its requests by, answered by a fake."""

    def __init__(self, service: FakeService) -> None:
        self._service = service

    def request(self, method: str, url: str, **given: Any) -> Answer:
        """As `urllib3.PoolManager` has it."""
        request = FetchRequest(
            method=cast("Method", method),
            url=f"{url}?{urlencode(given.get('fields') or [])}",
            headers=given["headers"],
            body=given.get("body"),
        )
        answer = self._service.respond(request)
        return Answer(answer.status, answer.body)


@pytest.fixture
def service() -> FakeService:
    """An account."""
    return find_fake("hubspot", load_pack("hubspot"), pack_folder("hubspot"))(3)


@pytest.fixture
def client(service: FakeService) -> Any:
    """The client of that account."""

    def make(package: Any, name: str, config: Mapping[str, Any]) -> Any:
        configuration = package.Configuration()
        configuration.access_token = config["access_token"]
        api_client = package.ApiClient(configuration=configuration)
        api_client.rest_client.pool_manager = Pool(service)
        return getattr(package, name)(api_client=api_client)

    return hubspot.HubSpot(access_token="token", api_factory=make)


def _synced(service: FakeService, table: str) -> Sequence[Any]:
    url = service.dynamic_urls.get(table)
    more: dict[str, Any] = {"dynamic_url": url} if url else {}
    clock = service.world.clock
    pack = load_pack("hubspot")
    return execute_sync_table(pack, table, fetcher=service, clock=clock, **more).rows


TYPES = {table: kind for table, (_, kind, _) in RECORD_TABLES.items()} | {"Objects": "2-3453932"}


@pytest.mark.parametrize("table", TYPES)
def test_the_same_records(service: FakeService, client: Any, table: str) -> None:
    """By the client's own paging, its search, and a batch."""
    kind, objects = TYPES[table], client.crm.objects
    defined = client.crm.properties.core_api.get_all(kind).results
    names = [each.name for each in defined]
    listed = {each.id: each for each in objects.get_all(kind, properties=names)}
    rows = {row["id"]: row for row in _synced(service, table)}
    assert rows.keys() == listed.keys()
    for row_id, row in rows.items():
        theirs = dict(listed[row_id].properties)
        mine = dict(row["properties"])
        for each in (mine, theirs):  # milliseconds, of which the pack makes a moment
            each.pop("reminded_at")
        assert mine == theirs
    service.world.advance(hours=1)
    _same_found(client, kind, rows)
    one = next(iter(rows))
    asked = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": one}], properties=names, properties_with_history=[]
    )
    read = objects.batch_api.read(kind, batch_read_input_simple_public_object_id=asked).results
    assert [dict(each.properties) for each in read] == [dict(listed[one].properties)]


def _same_found(client: Any, kind: str, rows: Mapping[str, Any]) -> None:
    modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": "0"},
        {"propertyName": "hs_object_id", "operator": "GT", "value": "0"},
    ]
    search = PublicObjectSearchRequest(
        filter_groups=[{"filters": filters}],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=[],
        limit=100,
    )
    found = client.crm.objects.search_api.do_search(kind, public_object_search_request=search)
    assert found.total == len(rows)
    assert {each.id for each in found.results} <= rows.keys()


def test_the_same_archived_records(service: FakeService, client: Any) -> None:
    """What was archived has the time of it."""
    first = service.world.collections["deals"].items()[0]
    service.world.collections["deals"].delete(first.id, service.world.clock.now)
    archived = client.crm.objects.get_all("deals", archived=True)
    assert [(each.id, each.archived_at is not None) for each in archived] == [(first.id, True)]


def test_the_same_owners_and_pipelines(service: FakeService, client: Any) -> None:
    """Owners who are gone too."""
    owners = service.world.collections["owners"]
    owners.delete(owners.items()[0].id, service.world.clock.now)
    both = [*client.crm.owners.get_all(), *client.crm.owners.get_all(archived=True)]
    mine = {row["id"]: row for row in _synced(service, "Owners")}
    assert {each.id: each.email for each in both} == {key: r["email"] for key, r in mine.items()}
    pipelines = _synced(service, "Pipelines")
    for kind in ("deals", "tickets"):
        theirs = client.crm.pipelines.pipelines_api.get_all(kind).results
        assert {each.id: [stage.label for stage in each.stages] for each in theirs} == {
            row["id"]: [stage["label"] for stage in row["stages"]]
            for row in pipelines
            if row["object_type"] == kind
        }


def test_the_same_associations_and_custom_objects(service: FakeService, client: Any) -> None:
    """The first that each record has."""
    mine = _synced(service, "Associations")
    deals = {row["from_id"] for row in mine if row["from_type"] == "deals"}
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": each} for each in deals])
    api = client.crm.associations.v4.batch_api
    found = api.get_page("deals", "contacts", asked).results
    theirs = {
        (each._from.id, to.to_object_id, kind.category, kind.type_id)
        for each in found
        for to in each.to
        for kind in to.association_types
    }
    pairs = {
        (row["from_id"], row["to_id"], row["category"], row["type_id"])
        for row in mine
        if (row["from_type"], row["to_type"]) == ("deals", "contacts")
    }
    assert theirs
    assert theirs <= pairs
    schemas = client.crm.schemas.core_api.get_all().results
    assert [each.object_type_id for each in schemas] == ["2-3453932"]
