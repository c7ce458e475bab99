"""For pack authors: everything a pack needs to describe a service and sync its tables."""

from pack_sdk.authentication import Authentication, AuthenticationType, CredentialsLocation
from pack_sdk.choices import Choice, simple_autocomplete
from pack_sdk.context import (
    Logger,
    PreviousAttemptError,
    SyncExecutionContext,
    SyncState,
)
from pack_sdk.dates import PrecannedDate, PrecannedDateRange
from pack_sdk.dynamic_answers import DynamicUrl
from pack_sdk.errors import (
    AuthenticationFailedError,
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
from pack_sdk.pack import Pack
from pack_sdk.parameter_types import ParameterType
from pack_sdk.parameters import Parameter, make_parameter
from pack_sdk.results import Completion, SyncResult
from pack_sdk.schemas import Schema, ValueHint, ValueType, make_object_schema, make_schema
from pack_sdk.sync_table import SyncTable

__all__ = [
    "AsyncFetcher",
    "Authentication",
    "AuthenticationFailedError",
    "AuthenticationType",
    "Choice",
    "Completion",
    "ConnectionFailedError",
    "CredentialsLocation",
    "DynamicUrl",
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
    "PrecannedDate",
    "PrecannedDateRange",
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
    "simple_autocomplete",
]
