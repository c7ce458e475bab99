"""What a context has besides the fetcher: a logger and, by name, a storage of files."""

import asyncio
from typing import Any

import pytest

from pack_sdk import (
    AsyncFetcher,
    MissingScopesError,
    SyncExecutionContext,
    UserVisibleError,
    ensure_exists,
    ensure_non_empty_string,
)
from pack_sdk import assert_condition as assert_that
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sdk.testing import RecordingLogger, make_context


def send(_: FetchRequest) -> FetchResponse:
    """Answers anything with nothing."""
    return FetchResponse(status=200)


def test_a_line_takes_arguments_as_in_logging() -> None:
    """A line that cannot be formatted is written all the same: it must not fail a sync."""
    logger = RecordingLogger()
    logger.debug("%s of %d", "a", 2)
    logger.info("100 %")
    logger.warning("%d rows", "many")
    logger.error({"rows": 5})
    logger.warn("%s", ("a", "b"))
    assert logger.lines == [
        ("debug", "a of 2"),
        ("info", "100 %"),
        ("warning", "%d rows many"),
        ("error", "{'rows': 5}"),
        ("warning", "('a', 'b')"),
    ]


def test_a_stored_file_is_a_url_that_does_not_expire() -> None:
    """A URL stays as it is; bytes become a data URL, the same each time."""
    storage = make_context().temporary_blob_storage
    assert storage.store_url("https://a.b/c", {"downloadFilename": "x"}) == "https://a.b/c"
    assert storage.storeBlob(b"\x89PNG", "image/png") == "data:image/png;base64,iVBORw=="


def test_the_storage_of_an_async_pack_is_awaited() -> None:
    """As its fetcher is."""
    context = SyncExecutionContext(fetcher=AsyncFetcher(send))

    async def store() -> list[str]:
        storage: Any = context.temporary_blob_storage
        return [await storage.storeUrl("u"), await storage.store_blob(b"", "a/b")]

    assert asyncio.run(store()) == ["u", "data:a/b;base64,"]


def test_checks_say_what_they_are_told_to_say() -> None:
    """To the user if there is a message; what is checked comes back."""
    assert ensure_exists(0) == 0
    assert ensure_non_empty_string("a") == "a"
    assert_that([0])
    with pytest.raises(UserVisibleError, match="no project"):
        ensure_exists(None, "no project")
    with pytest.raises(UserVisibleError, match="no name"):
        ensure_non_empty_string("", "no name")
    with pytest.raises(ValueError, match="a condition does not hold"):
        assert_that(())
    with pytest.raises(ValueError, match="5 must be a text"):
        ensure_non_empty_string(5)


def test_missing_scopes_are_told_to_the_user() -> None:
    """With a remedy, if the pack says nothing itself."""
    assert "connect it again" in str(MissingScopesError())
    error = MissingScopesError("Allow calendars.")
    assert isinstance(error, UserVisibleError)
    assert str(error) == "Allow calendars."
    assert MissingScopesError.isMissingScopesError(error)
    assert not MissingScopesError.is_missing_scopes_error(ValueError())
