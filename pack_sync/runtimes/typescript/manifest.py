"""What a pack declares of itself, as a `Pack`: nothing above the runtime knows its language."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sync.runtimes.typescript.schema_definitions import property_name, read_row_schema

_TYPES = (
    "string", "number", "object", "boolean", "date", "html", "image", "file", "markdown", "email",
)  # fmt: skip
"""The SDK's numbers for the types of parameters, in their order."""

_PARAMETER_KEYS = (
    "name", "description", "optional", "suggestedValue", "defaultValue", "ingestionSuggestedValue",
    "fullSyncSuggestedValue", "supportsIncrementalSync",
)  # fmt: skip
_AUTHENTICATION_KEYS = (
    "headerName", "tokenPrefix", "headers", "paramName", "params", "service", "authorizationUrl",
    "tokenUrl", "scopes", "scopeParamName", "scopeDelimiter", "nestedResponseKey",
    "credentialsLocation", "tokenQueryParam", "useProofKeyForCodeExchange", "networkDomain",
    "requiresEndpointUrl", "uxConfig", "instructionsUrl", "additionalParams", "resource",
    "endpointDomain", "endpointKey", "deviceAuthorizationUrl", "revocationUrl", "jwtAudience",
    "accessTokenKey",
)  # fmt: skip
_SAME_AS = {"CodaApiHeaderBearerToken": "HeaderBearerToken"}
_NO_CREDENTIALS = ("None", "Various")


def read_manifest(manifest: Mapping[str, Any]) -> Pack:
    """The pack of a manifest, as `child.js` writes it.

    Its functions stand for those in the child, and cannot be called here. Raises
    `PackDefinitionError` that names the table or parameter.
    """
    pack = Pack()
    pack.add_network_domain(*(_domain(domain) for domain in manifest["networkDomains"]))
    if authentication := manifest.get("authentication"):
        _read_authentication(pack, authentication)
    for table in manifest["tables"]:
        _read_table(pack, table)
    return pack


def _domain(domain: str) -> str:
    """A network domain; `*.` before it says what holds of every one here (contract F4)."""
    return domain.strip().removeprefix("*.")


def _read_authentication(pack: Pack, declared: Mapping[str, Any]) -> None:
    given = str(declared["type"])
    kind = _SAME_AS.get(given, given)
    if kind == AuthenticationType.OAUTH2 and not declared.get("tokenUrl"):
        # Such a pack registers itself with the service; here it is given a token instead.
        kind = AuthenticationType.HEADER_BEARER_TOKEN
    if kind in _NO_CREDENTIALS:
        return
    if kind not in [member.value for member in AuthenticationType]:
        raise PackDefinitionError(
            f"the pack's authentication is of the type {kind}, which is not supported; supported "
            f"are {', '.join(member.value for member in AuthenticationType)}"
        )
    fields = {key: declared[key] for key in _AUTHENTICATION_KEYS if declared.get(key) is not None}
    for name in ("headers", "params"):
        if name in fields:
            fields[name] = [_credential(field) for field in fields[name]]
    if declared.get("getConnectionName"):
        fields["getConnectionName"] = in_child
    if steps := declared.get("postSetup"):
        fields["postSetup"] = [_endpoint_choice(step) for step in steps]
    pack.set_authentication({"type": kind, **fields})


def _endpoint_choice(step: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("type", "name", "description")
    return {**{key: step[key] for key in kept if key in step}, "getOptions": in_child}


def _credential(field: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("name", "description", "tokenPrefix")
    return {key: field[key] for key in kept if field.get(key) is not None}


def _read_table(pack: Pack, table: Mapping[str, Any]) -> None:
    name: str = table["name"]
    getter: dict[str, Any] = table["getter"]
    declared: list[dict[str, Any]] = getter.get("parameters") or []
    try:
        parameters = [_read_parameter(parameter) for parameter in declared]
    except PackDefinitionError as error:
        raise PackDefinitionError(f"sync table {name!r}: {error}") from None
    fields: dict[str, Any] = {
        "name": name,
        "identity_name": table.get("identityName") or _identity_of(table.get("schema")) or name,
        "execute": in_child,
        "parameters": parameters,
        "description": table.get("description") or getter.get("description") or "",
        "validate_parameters": in_child if getter.get("validateParameters") else None,
    }
    if table.get("isDynamic"):
        pack.add_dynamic_sync_table(
            get_name=in_child,
            get_schema=in_child,
            list_dynamic_urls=in_child if table.get("listDynamicUrls") else None,
            search_dynamic_urls=in_child if table.get("searchDynamicUrls") else None,
            get_display_url=in_child if table.get("getDisplayUrl") else None,
            **fields,
        )
    else:
        get_schema = in_child if table.get("getSchema") else None
        schema = read_row_schema(table.get("schema"))
        pack.add_sync_table(schema=schema, get_schema=get_schema, **fields)


def _identity_of(schema: Mapping[str, Any] | None) -> str | None:
    """The identity's name where older versions of the SDK have it."""
    identity: Mapping[str, Any] = (schema or {}).get("identity") or {}
    return identity.get("name")


def _read_parameter(declared: Mapping[str, Any]) -> dict[str, Any]:
    fields = {key: declared[key] for key in _PARAMETER_KEYS if key in declared}
    fields["type"] = _type_of(declared)
    if declared.get("autocomplete"):
        fields["autocomplete"] = in_child
    crawling: Mapping[str, Any] = declared.get("crawlStrategy") or {}
    if parent := crawling.get("parentTable"):
        fields["crawlStrategy"] = {
            "parentTable": {
                "tableName": parent["tableName"],
                "propertyKey": property_name(parent["propertyKey"]),
            }
        }
    return fields


def _type_of(parameter: Mapping[str, Any]) -> str:
    declared: Any = parameter.get("type")
    try:
        if not isinstance(declared, dict):
            return _TYPES[int(declared)]
        array = cast("dict[str, Any]", declared)
        element = _TYPES[int(array["items"])]
        return f"sparse{element.title()}Array" if array.get("allowEmpty") else f"{element}Array"
    except (TypeError, ValueError, IndexError, KeyError):
        raise PackDefinitionError(
            f"parameter {parameter.get('name')!r} has the unknown type {declared!r}"
        ) from None


def _refuse(*_: object) -> NoReturn:
    raise TypeError("a function of a TypeScript pack runs in its child, through the runtime")


in_child: Callable[..., Any] = _refuse
"""Stands for a function of the pack."""
