"""Google's own client reads from our fakes what our packs read."""

import importlib
import json
from typing import Any

import httplib2
import pytest

from pack_sdk.fetching import FetchRequest
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
    pack = load_pack("google_calendar")
    service = find_fake("google_calendar", pack, pack_folder("google_calendar"))(3)
    client = discovery.build("calendar", "v3", http=FakeHttp(service), static_discovery=True)
    calendars = _all(client.calendarList(), showHidden=True)
    synced = execute_sync_table(pack, "Calendars", fetcher=service)
    assert [each["id"] for each in calendars] == synced.ids
    for calendar in synced.ids:
        events = _all(client.events(), calendarId=calendar)
        rows = execute_sync_table(pack, "Events", {"calendar": calendar}, fetcher=service).rows
        assert events == [{k: v for k, v in row.items() if k != "calendar_id"} for row in rows]


def _all(resource: Any, **parameters: Any) -> list[Any]:
    rows: list[Any] = []
    request = resource.list(**parameters)
    while request is not None:
        answer = request.execute()
        rows += answer["items"]
        request = resource.list_next(request, answer)
    return rows
