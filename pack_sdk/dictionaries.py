"""Types of the dictionaries that authors write, so that an editor completes and checks them.

Keywords such as those of `make_object_schema`, and what is written inside of them, are checked as
they are; what a function returns wants an annotation: `def sync_items(args, context) -> SyncPage`.
Nothing is checked when the code runs that is not checked without them. The original SDK's spelling
in camelCase is accepted as well, and so is here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypeAlias, TypedDict

if TYPE_CHECKING:
    from pack_sdk.authentication_fields import CredentialField, EndpointChoice
    from pack_sdk.authentication_kinds import AuthenticationType, CredentialsLocation
    from pack_sdk.choices import Choice
    from pack_sdk.parameter_types import ParameterType
    from pack_sdk.results import Completion
    from pack_sdk.schemas import Schema, ValueHint, ValueType

TypeName: TypeAlias = Literal["boolean", "number", "string", "array", "object", "json"]
HintName: TypeAlias = Literal[
    "date", "time", "datetime", "duration", "email", "person", "percent", "currency", "image",
    "imageAttachment", "url", "markdown", "html", "embed", "reference", "attachment", "slider",
    "scale", "progressBar", "toggle", "selectList",
]  # fmt: skip
MethodName: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


class SyncCompletion(TypedDict, total=False):
    """What the last page of a sync leaves for the next one (see `Completion`)."""

    incremental_continuation: Any
    incrementalContinuation: Any
    has_incomplete_results: bool
    hasIncompleteResults: bool


class SyncPage(TypedDict, total=False):
    """What `execute` returns: rows, where the next page begins, and at the end the cursor.

    Deleted rows are named by their ids, or as `{"projectId": "7"}` by values that they have.
    """

    result: Required[Sequence[Any] | None]
    continuation: Any
    completion: "SyncCompletion | Completion | None"
    deleted_row_ids: Sequence[Any]
    deletedRowIds: Sequence[Any]
    deletedItemIds: Sequence[Any]


class SchemaFields(TypedDict, total=False):
    """What a schema may say beside its type (see `Schema`)."""

    hint: "ValueHint | HintName | None"
    codaType: "ValueHint | HintName"
    description: str
    from_key: str | None
    fromKey: str
    required: bool
    precision: int | None
    items: "PropertyDefinition | Schema"
    properties: "Mapping[str, PropertyDefinition | Schema]"
    id_property: str | Sequence[str]
    idProperty: str | Sequence[str]
    display_property: str | None
    displayProperty: str
    link_property: str
    linkProperty: str
    featured_properties: Sequence[str]
    featuredProperties: Sequence[str]
    include_unknown_properties: bool
    includeUnknownProperties: bool


class PropertyDefinition(SchemaFields, total=False):
    """A property of a schema, as `make_object_schema` takes it (see `Schema`)."""

    type: "Required[ValueType | TypeName]"


class SchemaKeywords(SchemaFields, total=False):
    """The keywords of `make_schema`: with another schema, the type may be left out."""

    type: "ValueType | TypeName"


class ParentTable(TypedDict, total=False):
    """The table from which a parameter takes its values, and the property that has them."""

    table_name: str
    tableName: str
    property_key: str
    propertyKey: str


class CrawlStrategy(TypedDict, total=False):
    """Where a parameter takes its values from: one sync for each row of the parent table."""

    parent_table: ParentTable
    parentTable: ParentTable


class ChoiceDefinition(TypedDict):
    """One value to choose for a parameter, and how it is shown."""

    display: str
    value: Any


class ParameterFields(TypedDict, total=False):
    """What a parameter may say (see `make_parameter`)."""

    name: Required[str]
    type: "Required[ParameterType | str]"
    description: str
    optional: bool
    suggested_value: Any
    suggestedValue: Any
    defaultValue: Any
    ingestion_suggested_value: Any
    ingestionSuggestedValue: Any
    autocomplete: "Sequence[str | float | ChoiceDefinition | Choice] | Callable[..., Any]"
    supports_incremental_sync: bool
    supportsIncrementalSync: bool
    crawl_strategy: CrawlStrategy | None
    crawlStrategy: CrawlStrategy


class ParameterError(TypedDict, total=False):
    """What is wrong with one parameter."""

    parameter_name: str
    parameterName: str
    message: str


class ParameterVerdict(TypedDict, total=False):
    """What `validate_parameters` returns."""

    is_valid: bool
    isValid: bool
    message: str
    errors: Sequence[ParameterError]


class DynamicUrlDefinition(TypedDict, total=False):
    """One of the things that `list_dynamic_urls` and `search_dynamic_urls` return."""

    display: Required[str]
    value: Required[str]
    has_children: bool
    hasChildren: bool


class CredentialDefinition(TypedDict, total=False):
    """One of several credentials: the name of its header or parameter (see `CredentialField`)."""

    name: Required[str]
    description: str
    token_prefix: str
    tokenPrefix: str


class EndpointStep(TypedDict, total=False):
    """A step of `post_setup`: `get_options(context)` lists endpoints (see `EndpointChoice`)."""

    type: str
    name: Required[str]
    description: str
    get_options: Callable[..., Any]
    getOptions: Callable[..., Any]


class AuthenticationFields(TypedDict, total=False):
    """What `set_authentication` takes (see `Authentication`)."""

    type: "AuthenticationType | str"
    header_name: str
    headerName: str
    token_prefix: str
    tokenPrefix: str
    headers: "Sequence[CredentialDefinition | CredentialField]"
    param_name: str
    paramName: str
    params: "Sequence[CredentialDefinition | CredentialField]"
    username_only: bool
    service: str
    authorization_url: str
    authorizationUrl: str
    token_url: str
    tokenUrl: str
    scopes: Sequence[str]
    scope_param_name: str
    scope_delimiter: str
    scopeDelimiter: str
    nested_response_key: str
    nestedResponseKey: str
    credentials_location: "CredentialsLocation | str"
    credentialsLocation: "CredentialsLocation | str"
    token_query_param: str
    tokenQueryParam: str
    use_proof_key_for_code_exchange: bool
    useProofKeyForCodeExchange: bool
    network_domain: str | Sequence[str]
    networkDomain: str | Sequence[str]
    requires_endpoint_url: bool
    requiresEndpointUrl: bool
    get_connection_name: Callable[..., Any]
    getConnectionName: Callable[..., Any]
    instructions_url: str
    instructionsUrl: str
    additional_params: Mapping[str, Any]
    additionalParams: Mapping[str, Any]
    device_authorization_url: str
    revocation_url: str
    resource: str
    jwt_audience: str
    access_token_key: str
    endpoint_domain: str
    endpointDomain: str
    endpoint_key: str
    endpointKey: str
    post_setup: "Sequence[EndpointStep | EndpointChoice]"
    postSetup: "Sequence[EndpointStep | EndpointChoice]"


class RequestFields(TypedDict, total=False):
    """What `fetch` takes (see `FetchRequest`)."""

    url: str
    method: MethodName
    headers: Mapping[str, str] | None
    body: str | bytes | None
    form: Mapping[str, Any] | None
    cache_ttl_secs: float | None
    cacheTtlSecs: float | None
    is_binary_response: bool
    isBinaryResponse: bool
    disable_authentication: bool
    disableAuthentication: bool
    ignore_redirects: bool
    ignoreRedirects: bool
    etag: str | None
    share_secs: float | None
