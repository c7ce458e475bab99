"""What `execute` returns: one page of a sync (contract C2 to C9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pack_sdk.camel_case import CamelCaseAttributes
from pack_sdk.deletions import checked_deletions
from pack_sdk.errors import InvalidResultError
from pack_sdk.json_values import find_unserialisable, is_truthy_in_javascript, with_snake_case_keys
from pack_sdk.schemas import Schema

_RESULT_KEYS = {"result", "continuation", "completion", "deleted_row_ids", "deleted_item_ids"}
_COMPLETION_KEYS = {"incremental_continuation", "has_incomplete_results"}


@dataclass(frozen=True, kw_only=True)
class Completion(CamelCaseAttributes):
    """What the last page of a sync leaves for the next one.

    `incremental_continuation` is the cursor: any JSON value that is true in JavaScript,
    `{}` included (contract C6). `has_incomplete_results` says that an incremental sync
    cannot be trusted and a full one must follow (contract C8).
    """

    incremental_continuation: Any = None
    has_incomplete_results: bool = False


@dataclass(frozen=True, kw_only=True)
class SyncResult:
    """One page, typed: an alternative to returning a dictionary.

    `result` holds the rows as dictionaries; `continuation` asks for another page;
    `completion` counts on the last page; `deleted_row_ids` hold values of the schema's
    `id_property`, or `{property: value}` for all rows that have these values.
    """

    result: Sequence[Any] = field(default_factory=list[Any])
    continuation: Any = None
    completion: Completion | Mapping[str, Any] | None = None
    deleted_row_ids: Sequence[Any] | None = None


@dataclass(frozen=True, kw_only=True)
class CheckedResult:
    """A page that follows the contract: what `parse_result` makes of a returned value.

    `continuation` is None when there is no further page, `completion` None beside one.
    `ignored_continuation` is 0 or "" if the pack returned that: it counts as none (C3).
    """

    rows: Sequence[Any] = field(default_factory=list[Any])
    continuation: Any = None
    ignored_continuation: Any = None
    completion: Completion | None = None
    deleted_row_ids: Sequence[Any] = field(default_factory=list[Any])


def parse_result(returned: object, schema: Schema | None = None) -> CheckedResult:
    """The page that `execute` returned, checked; `schema` is that of its rows.

    Applies C2 (falsy return, falsy `result`), C3 (what counts as given), C4 (continuation
    and cursor survive a JSON round trip), C5 (no completion beside a continuation) and C9
    (`deletedRowIds ?? deletedItemIds`). Raises `InvalidResultError` that names the key and
    the remedy.
    """
    if isinstance(returned, SyncResult):
        fields: dict[str, Any] = dict(vars(returned))
    elif not is_truthy_in_javascript(returned):
        return CheckedResult()
    elif isinstance(returned, Mapping):
        try:
            fields = with_snake_case_keys(
                cast("Mapping[str, Any]", returned), _RESULT_KEYS, "the result of execute"
            )
        except ValueError as error:
            raise InvalidResultError(str(error)) from None
    else:
        raise InvalidResultError(
            f"execute returned a {type(returned).__name__}; return a dictionary such as "
            '{"result": rows} or a SyncResult'
        )
    continuation = _given(fields.get("continuation"))
    if problem := find_unserialisable(continuation, "continuation"):
        raise InvalidResultError(problem)
    deleted = fields.get("deleted_row_ids")
    deleted = fields.get("deleted_item_ids") if deleted is None else deleted
    return CheckedResult(
        rows=_list_of(fields.get("result"), "result"),
        continuation=continuation,
        ignored_continuation=_looks_meant(fields.get("continuation")),
        completion=None if continuation is not None else _completion(fields.get("completion")),
        deleted_row_ids=checked_deletions(_list_of(deleted, "deletedRowIds"), schema),
    )


def rejection_of(answer: object) -> str | None:
    """What a `validateParameters` objects to, None if the parameters are good (contract C21).

    The answer is `{isValid, message?, errors?: [{parameterName, message}]}`; anything that is
    no dictionary, or does not say that it is not valid, lets the sync go on.
    """
    if not isinstance(answer, Mapping):
        return None
    fields = cast("Mapping[str, Any]", answer)
    if fields.get("isValid", fields.get("is_valid", True)):
        return None
    errors: list[Mapping[str, Any]] = fields.get("errors") or []
    details = "".join(
        f"; {error.get('parameterName', error.get('parameter_name'))}: {error.get('message')}"
        for error in errors
    )
    return f"{fields.get('message') or 'the pack rejects the parameters'}{details}"


def _looks_meant(value: object) -> Any:
    """A value that is false in JavaScript but may be an offset or a token; else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if value == "" or (is_number and value == 0) else None


def _given(value: object) -> Any:
    return value if is_truthy_in_javascript(value) else None


def _list_of(value: object, key: str) -> Sequence[Any]:
    if not is_truthy_in_javascript(value):
        return []
    if isinstance(value, list | tuple):
        return cast("Sequence[Any]", value)
    raise InvalidResultError(f"{key} is a {type(value).__name__}; it must be a list")


def _completion(value: object) -> Completion | None:
    if not is_truthy_in_javascript(value):
        return None
    if isinstance(value, Completion):
        fields: Mapping[str, Any] = vars(value)
    elif isinstance(value, Mapping):
        try:
            fields = with_snake_case_keys(
                cast("Mapping[str, Any]", value), _COMPLETION_KEYS, "completion"
            )
        except ValueError as error:
            raise InvalidResultError(str(error)) from None
    else:
        raise InvalidResultError(f"completion is a {type(value).__name__}; it must be a dictionary")
    cursor = _given(fields.get("incremental_continuation"))
    if problem := find_unserialisable(cursor, "completion.incrementalContinuation"):
        raise InvalidResultError(problem)
    incomplete = is_truthy_in_javascript(fields.get("has_incomplete_results"))
    return Completion(incremental_continuation=cursor, has_incomplete_results=incomplete)
