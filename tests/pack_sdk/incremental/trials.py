"""Syncs of a moving service, some of them full, and what the table has at the end."""

from collections.abc import Callable, Generator
from typing import Any

from pack_sdk import Completion, FetchResponse, Pack, StatusCodeError, make_object_schema
from pack_sdk.testing import Clock, execute_sync_table
from tests.pack_sdk.incremental.moving_service import MovingService

NOTE = make_object_schema(
    properties={name: {"type": "string"} for name in ("id", "name", "created", "updated")},
    id_property="id",
    display_property="name",
)

Steps = Generator[str, FetchResponse, Any]
Body = Callable[[Any], Steps]
"""A pack's `execute`, free of `def` and `async def`: it yields a URL, and is sent the response."""

Form = Callable[[Body], Callable[..., Any]]


def plain(body: Body) -> Callable[..., Any]:
    """The pack as `def`."""

    def execute(_args: Any, context: Any) -> Any:
        steps = body(context)
        try:
            url = next(steps)
            while True:
                url = _step(steps, context.fetcher.fetch, url)
        except StopIteration as end:
            return end.value

    return execute


def asynchronous(body: Body) -> Callable[..., Any]:
    """The pack as `async def`."""

    async def execute(_args: Any, context: Any) -> Any:
        steps = body(context)
        try:
            url = next(steps)
        except StopIteration as end:
            return end.value
        while True:
            response = await context.fetcher.fetch(url=url)
            try:
                url = steps.send(response)
            except StopIteration as end:
                return end.value

    return execute


def _step(steps: Steps, fetch: Callable[..., Any], url: str) -> str:
    try:
        response = fetch(url=url)
    except StatusCodeError as error:
        return steps.throw(error)
    return steps.send(response)


def pack_of(execute: Callable[..., Any]) -> Pack:
    """A pack with the one table Notes."""
    pack = Pack()
    pack.add_network_domain("api.example.com")
    pack.add_sync_table(name="Notes", identity_name="Note", schema=NOTE, execute=execute)
    return pack


def stored_after(
    execute: Callable[..., Any], service: MovingService, *, syncs: int = 8
) -> dict[str, Any]:
    """The table after so many syncs with changes all the while, and one more without any.

    All but the first are incremental, unless the cursor has ended.
    """
    pack = pack_of(execute)
    table: dict[str, Any] = {}
    completion: Completion | None = None
    for number in range(syncs + 1):
        if number == syncs:
            service.settle()
        else:
            service.pass_hours()
        for _ in range(2):
            synced = execute_sync_table(
                pack,
                "Notes",
                fetcher=service.answer,
                clock=Clock(service.our_now),
                previous_completion=completion,
                between_pages=lambda: service.change(service.changes_per_answer),
            )
            table, completion = synced.applied_to(table), synced.completion
            if not synced.has_incomplete_results:
                break
            completion = None
    return table


def missed(table: dict[str, Any], service: MovingService) -> dict[str, Any]:
    """The notes that the table has not, or not as they are."""
    return {key: row for key, row in service.rows.items() if table.get(key) != row}


def undeleted(table: dict[str, Any], service: MovingService) -> set[str]:
    """The notes that the table has though they are gone."""
    return set(table) - set(service.rows)
