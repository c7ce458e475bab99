"""Tables that say their schema only when they are asked (contract C23)."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pack_sdk.dynamic import schema_arguments
from pack_sdk.dynamic_answers import parse_schema
from pack_sdk.fetching import Send
from pack_sdk.sync_table import SyncTable
from pack_sdk.testing.calling import call
from pack_sdk.testing.context import ContextOptions


def with_schema(
    table: SyncTable, values: Mapping[str, Any], send: Send, options: ContextOptions
) -> SyncTable:
    """The table with the schema that its rows have now (contract C23).

    Raises `ValueError` for a dynamic URL where there can be none, or for one that is missing.
    """
    url = options.get("dynamic_url")
    if table.is_dynamic != (url is not None):
        needs = "needs a `dynamic_url`" if url is None else "takes no `dynamic_url`"
        raise ValueError(f"the table {table.name!r} {needs}")
    if table.dynamic is None:
        return table
    function = table.dynamic.get_schema
    parameters = copy.deepcopy(dict(values))
    returned = call(
        function,
        lambda context: schema_arguments(function, context, parameters),
        send,
        {**options, "parameters": parameters},
    )
    what = f"get_schema of the table {table.name!r}" + (f" for {url}" if url is not None else "")
    return replace(table, schema=parse_schema(returned, what))
