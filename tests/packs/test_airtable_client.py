"""pyairtable, a client of Airtable, reads from our fake what our pack reads."""

import pyairtable
from pyairtable.formulas import CREATED_TIME, IS_AFTER, LAST_MODIFIED_TIME, OR

from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder
from tests.packs.requests_adapter import FakeAdapter


def _client(service: FakeService) -> pyairtable.Api:
    client = pyairtable.Api("token", retry_strategy=None)
    client.session.mount("https://", FakeAdapter(service))
    return client


def test_bases_and_tables() -> None:
    """The client's models accept the answers, fields and views of each table included."""
    pack = load_pack("airtable")
    service = find_fake("airtable", pack, pack_folder("airtable"))(3)
    bases = _client(service).bases()
    synced = execute_sync_table(pack, "Bases", fetcher=service)
    assert [base.id for base in bases] == synced.ids
    for base in bases:
        tables = execute_sync_table(pack, "Tables", {"base": base.id}, fetcher=service)
        assert [table.id for table in base.schema().tables] == tables.ids


def test_records() -> None:
    """All of them, and by a formula those that were made or modified since."""
    pack = load_pack("airtable")
    service = find_fake("airtable", pack, pack_folder("airtable"))(3)
    url = service.dynamic_urls["Records"]
    table = _client(service).table(*url.split("/")[-2:])
    full = execute_sync_table(pack, "Records", fetcher=service, dynamic_url=url)
    assert [record["id"] for record in table.all(use_field_ids=True)] == full.ids
    since = service.world.clock.now
    service.world.advance(hours=1)
    service.world.step("insert", "update")
    changed = execute_sync_table(
        pack, "Records", fetcher=service, dynamic_url=url, previous_completion=full.completion
    )
    text = f"{since:%Y-%m-%dT%H:%M:%SZ}"
    formula = OR(IS_AFTER(CREATED_TIME(), text), IS_AFTER(LAST_MODIFIED_TIME(), text))
    assert [record["id"] for record in table.all(formula=formula)] == changed.ids
    assert len(changed.ids) >= 1
