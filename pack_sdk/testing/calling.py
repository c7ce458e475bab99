"""Calling a pack's function, whether it is `def` or `async def`."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from pack_sdk.fetching import Send
from pack_sdk.testing.context import ContextOptions, make_async_context, make_context


def call(
    function: Callable[..., Any],
    arguments: Callable[[Any], Sequence[Any]],
    fetcher: Send | None,
    options: ContextOptions,
) -> Any:
    """Call the function with what `arguments` makes of a context that suits it.

    What it returns is awaited if need be.
    """
    asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
    )
    make = make_async_context if asynchronous else make_context
    returned = function(*arguments(make(fetcher, **options)))
    return asyncio.run(_awaited(returned)) if inspect.isawaitable(returned) else returned


async def _awaited(awaitable: Any) -> Any:
    return await awaitable
