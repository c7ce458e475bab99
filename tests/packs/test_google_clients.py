"""Google's own client reads from our fakes what our packs read, in the form it documents."""

import importlib
import importlib.resources
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import httplib2
import pytest

from pack_sdk.fetching import FetchRequest
from pack_sdk.pack import Pack
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder

discovery: Any = importlib.import_module("googleapiclient.discovery")  # it has no types
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class FakeHttp:
    """What the client sends its requests by, answered by a fake."""

    def __init__(self, service: FakeService) -> None:
        self._service = service

    def request(self, uri: str, method: str = "GET", **_: Any) -> tuple[httplib2.Response, bytes]:
        """As `httplib2.Http` has it."""
        assert method == "GET"
        answer = self._service.respond(FetchRequest(url=uri.replace("&alt=json", "")))
        response = httplib2.Response({"status": str(answer.status)})
        return response, json.dumps(answer.body).encode()


def test_calendars_and_events() -> None:
    """Each list is gone through by the client's own `list_next`; the rows are those of the pack."""
    pack, service = _pack_and_fake("google_calendar")
    client = _client("calendar", "v3", service)
    calendars = _all(client.calendarList(), showHidden=True)
    synced = execute_sync_table(pack, "Calendars", fetcher=service)
    assert [each["id"] for each in calendars] == synced.ids
    for calendar in synced.ids:
        events = _all(client.events(), calendarId=calendar)
        rows = execute_sync_table(pack, "Events", {"calendar": calendar}, fetcher=service).rows
        assert events == [{k: v for k, v in row.items() if k != "calendar_id"} for row in rows]


@pytest.mark.parametrize(
    ("table", "key", "schema"),
    [
        ("People", "connections", "ListConnectionsResponse"),
        ("OtherContacts", "otherContacts", "ListOtherContactsResponse"),
        ("ContactGroups", "contactGroups", "ListContactGroupsResponse"),
    ],
)
def test_contacts(table: str, key: str, schema: str) -> None:
    """The lists, and the changes by the token of the full one."""
    pack, service = _pack_and_fake("google_contacts")
    client = _client("people", "v1", service)
    module = importlib.import_module("pack_sync.packs.google_contacts.pack")
    resource, asked = {
        "People": (
            client.people().connections(),
            {"resourceName": "people/me", "personFields": module.PERSON_FIELDS},
        ),
        "OtherContacts": (client.otherContacts(), {"readMask": module.OTHER_CONTACT_FIELDS}),
        "ContactGroups": (client.contactGroups(), {"groupFields": module.GROUP_FIELDS}),
    }[table]
    if table != "ContactGroups":
        asked["requestSyncToken"] = True
    answers = list(_answers(resource, **asked))
    full = execute_sync_table(pack, table, fetcher=service)
    assert [row["resourceName"] for answer in answers for row in answer[key]] == full.ids
    service.world.step("insert", "update", "late", "delete")
    answers += _answers(resource, **asked, syncToken=answers[-1]["nextSyncToken"])
    changed = execute_sync_table(pack, table, fetcher=service, previous_completion=full.completion)
    told = {row["resourceName"] for row in answers[-1][key]}
    assert {*changed.ids, *changed.deleted_row_ids} - set(full.ids) <= told
    assert [wrong for each in answers for wrong in _undocumented("people.v1", schema, each)] == []


def test_drive() -> None:
    """Drives, their permissions and files, and the account's log of changes."""
    pack, service = _pack_and_fake("google_drive")
    client = _client("drive", "v3", service)
    schemas = importlib.import_module("pack_sync.packs.google_drive.schemas")
    drives = list(_answers(client.drives(), fields=f"nextPageToken,drives({schemas.DRIVE_FIELDS})"))
    synced = execute_sync_table(pack, "Drives", fetcher=service)
    assert [row for answer in drives for row in answer["drives"]] == synced.rows
    where = {"driveId": synced.ids[0], "supportsAllDrives": True, "includeItemsFromAllDrives": True}
    fields = f"nextPageToken,files({schemas.FILE_FIELDS})"
    files = list(_answers(client.files(), corpora="drive", fields=fields, **where))
    rows = execute_sync_table(
        pack, "SharedDriveFiles", {"drive": synced.ids[0]}, fetcher=service
    ).rows
    assert [row for answer in files for row in answer["files"]] == rows
    permissions = list(
        _answers(client.permissions(), fileId=synced.ids[0], supportsAllDrives=True, fields="*")
    )
    wrong = [
        *(each for answer in drives for each in _undocumented("drive.v3", "DriveList", answer)),
        *(each for answer in files for each in _undocumented("drive.v3", "FileList", answer)),
        *(each for a in permissions for each in _undocumented("drive.v3", "PermissionList", a)),
    ]
    assert wrong == []


def test_the_log_of_changes_of_drive() -> None:
    """The client's pages of it have what the pack's increment brings."""
    pack, service = _pack_and_fake("google_drive")
    client = _client("drive", "v3", service)
    schemas = importlib.import_module("pack_sync.packs.google_drive.schemas")
    full = execute_sync_table(pack, "Files", fetcher=service)
    start = client.changes().getStartPageToken().execute()["startPageToken"]
    for _ in range(4):
        service.world.step("insert", "update", "late", "delete")
    changed = execute_sync_table(
        pack, "Files", fetcher=service, previous_completion=full.completion
    )
    fields = (
        "nextPageToken,newStartPageToken,"
        f"changes(changeType,removed,fileId,file({schemas.FILE_FIELDS}))"
    )
    answers = list(_answers(client.changes(), pageToken=start, fields=fields))
    changes = [change for answer in answers for change in answer["changes"]]
    assert [change["file"] for change in changes if not change["removed"]] == changed.rows
    removed = [change["fileId"] for change in changes if change["removed"]]
    assert removed == changed.deleted_row_ids
    assert [w for each in answers for w in _undocumented("drive.v3", "ChangeList", each)] == []


def _pack_and_fake(name: str) -> tuple[Pack, FakeService]:
    pack = load_pack(name)
    return pack, find_fake(name, pack, pack_folder(name))(3)


def _client(name: str, version: str, service: FakeService) -> Any:
    return discovery.build(name, version, http=FakeHttp(service), static_discovery=True)


def _answers(resource: Any, **parameters: Any) -> Iterator[Any]:
    """The answers of all pages of a list."""
    request = resource.list(**parameters)
    while request is not None:
        answer = request.execute()
        yield answer
        request = resource.list_next(request, answer)


def _all(resource: Any, **parameters: Any) -> list[Any]:
    return [row for answer in _answers(resource, **parameters) for row in answer["items"]]


_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
}


def _undocumented(document: str, schema: str, value: Any) -> Iterator[str]:
    """What an answer has that Google's discovery document does not know, or of another type."""
    schemas = json.loads(
        importlib.resources.files("googleapiclient.discovery_cache.documents")
        .joinpath(f"{document}.json")
        .read_text()
    )["schemas"]

    def check(node: Mapping[str, Any], each: Any, path: str) -> Iterator[str]:
        node = schemas[node["$ref"]] if "$ref" in node else node
        if not isinstance(each, _JSON_TYPES[node["type"]]):
            yield f"{path} is {each!r}, and no {node['type']}"
        elif isinstance(each, list):
            for item in cast("list[Any]", each):
                yield from check(node["items"], item, path)
        elif isinstance(each, dict):
            for key, held in cast("dict[str, Any]", each).items():
                known = node.get("properties", {}).get(key) or node.get("additionalProperties")
                if known:
                    yield from check(known, held, f"{path}.{key}")
                else:
                    yield f"{path}.{key} is unknown"

    yield from check({"$ref": schema}, value, schema)
