"""A pack with one table, for tests of the testing kit."""

from collections.abc import Callable, Sequence
from typing import Any

from pack_sdk import Pack, SyncExecutionContext, make_object_schema
from pack_sdk.testing import MockFetcher, SyncedRows, execute_sync_table

ITEM = make_object_schema(
    properties={
        "key": {"type": "string", "fromKey": "id"},
        "name": {"type": "string", "required": True},
        "size": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "owner": {"type": "object", "properties": {"mail": {"type": "string", "required": True}}},
    },
    id_property="key",
    display_property="name",
)


class Steps:
    """An `execute` that returns, raises or calls the given steps in turn.

    `calls` keeps what it was called with.
    """

    def __init__(self, *steps: Any) -> None:
        self.calls: list[tuple[Sequence[Any], SyncExecutionContext]] = []
        self._steps = list(steps)

    def __call__(self, args: Sequence[Any], context: SyncExecutionContext) -> Any:
        self.calls.append((args, context))
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(args, context) if callable(step) else step

    @property
    def contexts(self) -> list[SyncExecutionContext]:
        """The contexts of all calls."""
        return [context for _, context in self.calls]


def pack_of(execute: Any, **fields: Any) -> Pack:
    """A pack with the table "Items" and the domain api.example.com."""
    pack = Pack()
    pack.add_network_domain("api.example.com")
    pack.add_sync_table(name="Items", identity_name="Item", schema=ITEM, execute=execute, **fields)
    return pack


def items(**names: str) -> list[dict[str, Any]]:
    """Rows of `ITEM`, written as id=name."""
    return [{"id": row_id, "name": name} for row_id, name in names.items()]


def sync(steps: Any, fetcher: MockFetcher | None = None, **options: Any) -> SyncedRows:
    """Sync the table of these steps, with no request expected unless a fetcher is given."""
    return execute_sync_table(pack_of(steps), "Items", fetcher=fetcher or MockFetcher(), **options)


def fetching(url: str) -> Callable[[Any, Any], Any]:
    """An `execute` that returns what it finds at this URL."""

    def execute(_: Any, context: Any) -> Any:
        return context.fetcher.fetch(url=url).body

    return execute


def answering(answer: Any) -> Callable[[Any, Any], Any]:
    """A function of the pack that always returns this."""

    def function(_one: Any, _other: Any) -> Any:
        return answer

    return function
