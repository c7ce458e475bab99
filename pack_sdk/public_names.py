"""What `pack_sdk` offers: all that a pack needs to describe a service and sync its tables."""

from pack_sdk.authentication import Authentication, AuthenticationType, CredentialsLocation
from pack_sdk.choices import Choice, autocomplete_search_objects, simple_autocomplete
from pack_sdk.context import PreviousAttemptError, SyncExecutionContext, SyncState
from pack_sdk.dates import PrecannedDate, PrecannedDateRange
from pack_sdk.dictionaries import (
    AuthenticationFields,
    ChoiceDefinition,
    DynamicUrlDefinition,
    ParameterFields,
    ParameterVerdict,
    PropertyDefinition,
    RequestFields,
    SchemaFields,
    SyncCompletion,
    SyncPage,
)
from pack_sdk.dynamic_answers import DynamicUrl
from pack_sdk.ensure import assert_condition, ensure_exists, ensure_non_empty_string
from pack_sdk.errors import (
    AuthenticationFailedError,
    ConnectionFailedError,
    FetchError,
    FullSyncNeededError,
    InvalidResultError,
    MissingScopesError,
    PackDefinitionError,
    PackError,
    RequestRefusedError,
    ResponseSizeTooLargeError,
    RetryLater,
    StatusCodeError,
    UserVisibleError,
)
from pack_sdk.fetching import AsyncFetcher, Fetcher, FetchRequest, FetchResponse
from pack_sdk.incremental.change_feed import ChangeFeed
from pack_sdk.incremental.deleted_rows import split_deleted
from pack_sdk.incremental.expired_cursors import full_sync_when_expired
from pack_sdk.incremental.id_batches import IdBatches, in_batches
from pack_sdk.incremental.keyset import Keyset
from pack_sdk.incremental.moments import format_time, parse_time
from pack_sdk.incremental.parts import SyncParts
from pack_sdk.incremental.sync_token import SyncToken
from pack_sdk.incremental.time_cursor import TimeCursor
from pack_sdk.incremental.windows import Window
from pack_sdk.logger import Logger
from pack_sdk.next_links import next_link
from pack_sdk.pack import Pack
from pack_sdk.parameter_types import ParameterType
from pack_sdk.parameters import Parameter, make_parameter
from pack_sdk.results import Completion, SyncResult
from pack_sdk.row_ids import row_id
from pack_sdk.row_values import value_at
from pack_sdk.schema_helpers import (
    get_effective_property_keys_from_schema,
    make_reference_schema_from_object_schema,
    with_identity,
)
from pack_sdk.schemas import Schema, ValueHint, ValueType, make_object_schema, make_schema
from pack_sdk.sync_table import SyncTable
from pack_sdk.urls import get_query_params, join_url, with_query_params

ValueHintType = ValueHint
"""The original SDK's name."""

__all__ = [
    "AsyncFetcher",
    "Authentication",
    "AuthenticationFailedError",
    "AuthenticationFields",
    "AuthenticationType",
    "ChangeFeed",
    "Choice",
    "ChoiceDefinition",
    "Completion",
    "ConnectionFailedError",
    "CredentialsLocation",
    "DynamicUrl",
    "DynamicUrlDefinition",
    "FetchError",
    "FetchRequest",
    "FetchResponse",
    "Fetcher",
    "FullSyncNeededError",
    "IdBatches",
    "InvalidResultError",
    "Keyset",
    "Logger",
    "MissingScopesError",
    "Pack",
    "PackDefinitionError",
    "PackError",
    "Parameter",
    "ParameterFields",
    "ParameterType",
    "ParameterVerdict",
    "PrecannedDate",
    "PrecannedDateRange",
    "PreviousAttemptError",
    "PropertyDefinition",
    "RequestFields",
    "RequestRefusedError",
    "ResponseSizeTooLargeError",
    "RetryLater",
    "Schema",
    "SchemaFields",
    "StatusCodeError",
    "SyncCompletion",
    "SyncExecutionContext",
    "SyncPage",
    "SyncParts",
    "SyncResult",
    "SyncState",
    "SyncTable",
    "SyncToken",
    "TimeCursor",
    "UserVisibleError",
    "ValueHint",
    "ValueHintType",
    "ValueType",
    "Window",
    "assert_condition",
    "autocomplete_search_objects",
    "ensure_exists",
    "ensure_non_empty_string",
    "format_time",
    "full_sync_when_expired",
    "get_effective_property_keys_from_schema",
    "get_query_params",
    "in_batches",
    "join_url",
    "make_object_schema",
    "make_parameter",
    "make_reference_schema_from_object_schema",
    "make_schema",
    "next_link",
    "parse_time",
    "row_id",
    "simple_autocomplete",
    "split_deleted",
    "value_at",
    "with_identity",
    "with_query_params",
]
