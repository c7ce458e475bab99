"""For pack authors: everything a pack needs to describe a service and sync its tables."""

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.context import (
    Logger,
    PreviousAttemptError,
    SyncExecutionContext,
    SyncState,
)
from pack_sdk.errors import (
    ConnectionFailedError,
    FetchError,
    InvalidResultError,
    PackDefinitionError,
    PackError,
    RequestRefusedError,
    ResponseSizeTooLargeError,
    StatusCodeError,
    UserVisibleError,
)
from pack_sdk.fetching import AsyncFetcher, Fetcher, FetchRequest, FetchResponse
from pack_sdk.pack import Pack, SyncTable
from pack_sdk.parameter_types import ParameterType
from pack_sdk.parameters import Parameter, make_parameter
from pack_sdk.results import Completion, SyncResult
from pack_sdk.schemas import Schema, ValueHint, ValueType, make_object_schema, make_schema

__all__ = [
    "AsyncFetcher",
    "Authentication",
    "AuthenticationType",
    "Completion",
    "ConnectionFailedError",
    "FetchError",
    "FetchRequest",
    "FetchResponse",
    "Fetcher",
    "InvalidResultError",
    "Logger",
    "Pack",
    "PackDefinitionError",
    "PackError",
    "Parameter",
    "ParameterType",
    "PreviousAttemptError",
    "RequestRefusedError",
    "ResponseSizeTooLargeError",
    "Schema",
    "StatusCodeError",
    "SyncExecutionContext",
    "SyncResult",
    "SyncState",
    "SyncTable",
    "UserVisibleError",
    "ValueHint",
    "ValueType",
    "make_object_schema",
    "make_parameter",
    "make_schema",
]
