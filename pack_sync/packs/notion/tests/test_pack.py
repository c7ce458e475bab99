"""The pack against the fake: what is particular to this service."""

from typing import Any

from pack_sdk.testing import execute_sync_table

from ..pack import pack
from .fake import NotionFake, make_fake


def _sync(service: NotionFake, table: str, *values: str, **more: Any) -> Any:
    given = {"page": values[0]} if values else {}
    more["dynamic_url"] = service.dynamic_urls.get(table)
    options = {name: value for name, value in more.items() if value is not None}
    return execute_sync_table(
        pack, table, given, fetcher=service, clock=service.world.clock, **options
    )


def test_columns_are_the_properties_of_the_data_source() -> None:
    """Each under its name; what is called as one that every row has gets its id as well."""
    row = _sync(make_fake(1), "Databases").rows[0]
    values = {key: value for key, value in row.items() if key.startswith("property ")}
    assert values == {
        "property title%3A": "Page 1",
        "property number%3A": row["properties"]["Number"]["number"],
        "property select%3A": "High",
        "property multi_select%3A": ["Food"],
        "property date%3A": {"start": "2026-02-03", "end": None, "time_zone": None},
        "property people%3A": ["user0001"],
        "property checkbox%3A": row["properties"]["Checkbox"]["checkbox"],
        "property formula%3A": row["properties"]["Formula"]["formula"]["number"],
        "property own": "ROW-1",
    }


def test_a_row_edited_in_the_minute_of_the_sync_is_not_missed() -> None:
    """Its time is cut off to the minute, which is before the sync began."""
    service = make_fake(1)
    service.world.advance(seconds=30)
    full = _sync(service, "Databases")
    service.world.advance(seconds=10)
    service.pages.update(service.world.random, "page0001", service.world.clock.now)
    service.pages.delete("page0002", service.world.clock.now)
    service.world.advance(hours=1)
    changed = _sync(service, "Databases", previous_completion=full.completion)
    assert changed.ids == ["page0001"]
    assert list(changed.deleted_row_ids) == ["page0002"]


def test_what_a_query_does_not_give_is_asked_for_by_time() -> None:
    """The service gives so many rows of a query, and says that there are more."""
    service = make_fake(1)
    service.query_limit = 3
    assert len(set(_sync(service, "Databases").ids)) == service.row_counts()["Databases"]


def test_search_ends_where_nothing_is_new() -> None:
    """An increment asks for one page, of which all but the first row are known."""
    service = make_fake(1)
    full = _sync(service, "Pages")
    service.world.advance(hours=1)
    service.pages.update(service.world.random, "page0005", service.world.clock.now)
    asked = len(service.requests)
    changed = _sync(service, "Pages", previous_completion=full.completion)
    assert changed.ids[0] == "page0005"
    assert len(service.requests) == asked + 1


def test_a_page_in_the_trash_has_no_comments() -> None:
    """The service does not find it, which is no failure."""
    service = make_fake(1)
    page = service.comments.items()[0].fields["page"]
    assert _sync(service, "Comments", page).rows
    service.pages.delete(page, service.world.clock.now)
    assert _sync(service, "Comments", page).rows == []
