"""What the child is told of a call's context; its functions are the child's own (contract C16)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from pack_sdk.context import PreviousAttemptError, SyncState
from pack_sdk.results import Completion
from pack_sdk.schemas import Schema
from pack_sdk.sync_table import UNKNOWN_SCHEMA
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.typescript.schema_definitions import schema_definition

_LARGEST_SAFE = 2**53 - 1
"""`Number.MAX_SAFE_INTEGER`: beyond it JavaScript takes some numbers for others."""


def context_of(
    sync: SyncState, environment: CallEnvironment, token: str, *, dynamic: bool
) -> dict[str, Any]:
    """The context as JSON; what is absent is left out (contract C7).

    `context.sync.schema` is there for tables with a dynamic schema only, and is an array, as in
    the original SDK.
    """
    schema = definition_of(sync.schema) if dynamic else None
    previous = _completion(sync.previous_completion)
    state = {
        "continuation": sync.continuation,
        "previousCompletion": previous,
        "schema": {"type": "array", "items": schema} if schema else None,
        "dynamicUrl": sync.dynamic_url,
        "parameters": as_json(sync.parameters),
        "startedAt": sync.started_at.isoformat(),
        "executionId": sync.execution_id or None,
    }
    return _present(
        {
            "endpoint": environment.endpoint,
            "timezone": "UTC",
            "invocationToken": token,
            "executionId": sync.execution_id or None,
            "sync": _present(state),
            "continuation": sync.continuation,
            "previousCompletion": previous,
            "previousAttemptError": _attempt(environment.previous_attempt_error),
        }
    )


def definition_of(schema: Schema | None) -> dict[str, Any] | None:
    """A schema as the original SDK writes it, None if it is not known."""
    if schema is None or schema is UNKNOWN_SCHEMA:
        return None
    return schema_definition(schema)


def as_json(value: Any) -> Any:
    """The value with dates as JavaScript writes them.

    A whole number that JavaScript's numbers do not hold for certain is the text of its digits.
    """
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, int) and abs(value) > _LARGEST_SAFE:
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def _completion(completion: Completion | None) -> dict[str, Any] | None:
    if completion is None:
        return None
    return {"incrementalContinuation": completion.incremental_continuation}


def _attempt(error: PreviousAttemptError | None) -> dict[str, Any] | None:
    if error is None:
        return None
    return _present(
        {
            "type": error.type,
            "message": error.message or None,
            "statusCode": error.status_code,
        }
    )


def _present(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}
