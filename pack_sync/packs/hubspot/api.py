"""Requests to HubSpot's API: https://developers.hubspot.com/docs/api-reference/overview."""

import json
from collections.abc import Mapping
from typing import Any

from pack_sdk import FetchResponse, SyncExecutionContext, value_at, with_query_params

API = "https://api.hubapi.com"


def get(context: SyncExecutionContext, path: str, **query: object) -> FetchResponse:
    """The answer to a path below the API, or to a whole URL."""
    url = path if "://" in path else f"{API}{path}"
    return context.fetcher.fetch(
        url=with_query_params(url, query), headers={"Accept": "application/json"}
    )


def post(context: SyncExecutionContext, path: str, body: Mapping[str, Any]) -> FetchResponse:
    """The answer to a question that is asked by POST, such as a search."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    url = path if "://" in path else f"{API}{path}"
    return context.fetcher.fetch(method="POST", url=url, headers=headers, body=json.dumps(body))


def next_after(body: Mapping[str, Any]) -> str | None:
    """Behind what the next page of a list begins; None on the last one."""
    return value_at(body, "paging.next.after")
