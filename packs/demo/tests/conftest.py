"""A small source and its API."""

from collections.abc import Iterator

import httpx
import pytest

from packs.demo.api import serve
from packs.demo.source import DemoSource


@pytest.fixture
def source() -> DemoSource:
    """A source whose tasks and events take several pages of the pack each."""
    return DemoSource(seed=7, task_count=1_200, event_count=1_100)


@pytest.fixture
def api_url(source: DemoSource) -> Iterator[str]:
    """The base URL of the API over `source`."""
    with serve(source) as url:
        yield url


@pytest.fixture
def client(api_url: str) -> Iterator[httpx.Client]:
    """An HTTP client of the API."""
    with httpx.Client(base_url=api_url, trust_env=False) as client:
        yield client
