"""Made-up services of what is known of a real one: a specification, or recordings of it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pack_sdk.row_values import value_at
from pack_sdk.testing import FakeService, ListEndpoint, ListService, Recording, read_recordings
from pack_sync.check.findings import CannotCheckError
from pack_sync.new_pack.answers import read_answer
from pack_sync.new_pack.draft import CannotDraftError, PackDraft
from pack_sync.new_pack.from_recordings import draft_from_recordings, whole_url
from pack_sync.new_pack.from_specification import draft_of, lists_of
from pack_sync.new_pack.specification import Specification

Rows = Sequence[Mapping[str, Any]]


def fake_of_specification(name: str, file: Path) -> Callable[[int], FakeService]:
    """What makes a service of an OpenAPI or Swagger file: all its lists, with made-up rows.

    Raises `CannotCheckError` for a file that is none, or has no lists.
    """
    try:
        specification = Specification.read(file)
        draft = draft_of(name, specification, lists_of(specification))
    except CannotDraftError as error:
        raise CannotCheckError(str(error)) from error
    return lambda seed: _service(draft, seed, {})


def fake_of_recordings(name: str, folder: Path) -> Callable[[int], FakeService]:
    """What makes a service of recordings: the lists that were read, with rows like those.

    Raises `CannotCheckError` for recordings that cannot be read, or without a list.
    """
    try:
        recordings = read_recordings(folder)
        draft = draft_from_recordings(name, recordings)
    except (CannotDraftError, ValueError) as error:
        raise CannotCheckError(f"no service can be made of the recordings: {error}") from error
    lists = [table.endpoint for table in draft.tables]
    rows = {each.url: _recorded_rows(recordings, each) for each in lists}
    parameters = {each.table: each.parameters for each in recordings if each.mode == "full"}
    urls = {each.table: each.dynamic_url for each in recordings if each.dynamic_url}
    endpoint = next((each.endpoint for each in recordings if each.endpoint), None)

    def make(seed: int) -> FakeService:
        service = _service(draft, seed, rows)
        service.parameters.update(parameters)
        service.dynamic_urls.update({key: str(url) for key, url in urls.items()})
        service.endpoint = endpoint
        return service

    return make


def _service(draft: PackDraft, seed: int, rows: Mapping[str, Rows]) -> FakeService:
    endpoints = [table.endpoint for table in draft.tables]
    service = ListService(endpoints, samples=rows, seed=seed)
    first = urlsplit(endpoints[0].url)
    service.base_url = f"{first.scheme}://{first.netloc}"
    return service


def _recorded_rows(recordings: Sequence[Recording], endpoint: ListEndpoint) -> Rows:
    """The rows of a list that full syncs read, each id once: as it was the last time."""
    found: dict[str, Mapping[str, Any]] = {}
    for recording in recordings:
        for exchange in recording.exchanges if recording.mode == "full" else ():
            asked = whole_url(recording, exchange)
            if exchange.response is None or asked.partition("?")[0] != endpoint.url:
                continue
            try:
                rows = read_answer(asked, exchange.response, endpoint.rows).rows
            except CannotDraftError:
                continue
            found |= {_id_of(row, endpoint): row for row in rows}
    return list(found.values())


def _id_of(row: Mapping[str, Any], endpoint: ListEndpoint) -> str:
    value = value_at(row, ".".join(endpoint.id_key or ()))
    return json.dumps(row if value is None else value, sort_keys=True)
