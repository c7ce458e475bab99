"""Object stores that hold the files of a lake: S3, what speaks like it, Google's and Azure's."""

import math
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pack_sync.warehouse.amazon_credentials import (
    amazon_credentials,
    amazon_keys,
    amazon_region,
    found_by_amazon,
)
from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.storage_errors import AddressError, LakeFilesError

SCHEMES = ("s3", "gs", "gcs", "az")
"""How addresses in object stores begin."""

_AZURE = "AZURE_STORAGE_CONNECTION_STRING"

_FIRST_WAIT_SECONDS = 0.25  # each further wait is twice as long
_USUAL_TRIES = 3

_WHOLE_BYTES = 1_000_000
"""Smaller files are fetched whole: each part of one would be a request, which takes longer."""


def give_credentials(instance: Instance, data_path: str) -> None:
    """Give an instance the credentials for an address, as they are now.

    Raises `AddressError` that names the variables which are missing, and `LakeFilesError` where
    asking a profile or a role for them failed.
    """
    bucket = urlsplit(data_path)
    kind, options = _secret(bucket.scheme, os.environ)
    given = ", ".join(f"{name} {quote_literal(value)}" for name, value in options.items() if value)
    scope = f"{bucket.scheme}://{bucket.netloc}"
    instance.connection.execute(
        f"CREATE OR REPLACE TEMPORARY SECRET {quote_identifier(scope)} "
        f"(TYPE {kind}, SCOPE {quote_literal(scope)}, {given})"
    )


def extension_for(data_path: str) -> str:
    """DuckDB's extension that reads and writes at an address."""
    return "azure" if urlsplit(data_path).scheme == "az" else "httpfs"


def client_of(scheme: str, environment: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """How other programs reach buckets with these addresses: obstore's class, and its options.

    By the same variables. Raises as `give_credentials` does.
    """
    _, given = _secret(scheme, environment)
    if scheme == "az":
        account = _parts(given["CONNECTION_STRING"])
        options: dict[str, Any] = {
            "account_name": account.get("AccountName"),
            "account_key": account.get("AccountKey"),
            "sas_token": account.get("SharedAccessSignature"),
            "endpoint": account.get("BlobEndpoint", "").rstrip("/"),
        }
    else:
        endpoint = "https://storage.googleapis.com"
        if scheme == "s3":
            endpoint = environment.get(
                "AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL", "")
            )
        options = {
            **_keys_of(scheme, given, environment),
            "region": given.get("REGION") or ("us-east-1" if scheme == "s3" else "auto"),
            "endpoint": endpoint,
            "virtual_hosted_style_request": not endpoint,
        }
    given_options = {name: value for name, value in options.items() if value not in (None, "")}
    return "AzureStore" if scheme == "az" else "S3Store", given_options


def _keys_of(
    scheme: str, given: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, Any]:
    if scheme == "s3" and found_by_amazon(environment):
        return {"credential_provider": amazon_keys}
    return {
        "access_key_id": given["KEY_ID"],
        "secret_access_key": given["SECRET"],
        "session_token": given.get("SESSION_TOKEN"),
    }


def be_patient(instance: Instance, data_path: str, wait_seconds: float) -> None:
    """Let an instance ask a store again that does not answer, for so long; then it raises.

    Also ask once for a small file, and not once for each part. For Azure there is no such setting:
    its extension asks again for some six seconds.
    """
    if extension_for(data_path) != "httpfs":
        return
    waits = math.log2(1 + wait_seconds / _FIRST_WAIT_SECONDS)
    instance.connection.execute(
        f"SET GLOBAL http_retries = {max(_USUAL_TRIES, round(waits))}; "
        f"SET GLOBAL http_retry_wait_ms = {int(_FIRST_WAIT_SECONDS * 1000)}; "
        f"SET GLOBAL http_retry_backoff = 2; SET GLOBAL force_download_threshold = {_WHOLE_BYTES}"
    )


def unreachable_files(place: str, error: Exception) -> LakeFilesError:
    """What to tell of a failure to read or write the files of a lake, which are in this place."""
    scheme = urlsplit(place).scheme
    remedy = (
        "Is the user that syncs allowed to write there, and the disk there?"
        if not scheme
        else f"Does the object store answer, at {_endpoint(scheme)}, and do its credentials hold?"
    )
    reason = " ".join(str(error).partition("Debug source")[0].split())[:300]
    return LakeFilesError(
        f"the files of the lake, in {place}, cannot be read or written: {reason}. {remedy} Nothing "
        "is lost; the next sync goes on"
    )


def _endpoint(scheme: str) -> str:
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL") if scheme == "s3" else ()
    for name in names:
        if host := urlsplit(os.environ.get(name, "")).hostname:
            return f"{host} ({name})"
    if scheme == "az":
        account = _parts(os.environ.get(_AZURE, ""))
        if host := urlsplit(account.get("BlobEndpoint", "")).hostname:
            return f"{host} ({_AZURE})"
    return f"the usual address of {scheme}://"


def _secret(scheme: str, environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The type and the options of DuckDB's secret for addresses that begin so."""
    if scheme == "s3":
        return _s3(environment)
    return _azure(environment) if scheme == "az" else _google(environment)


def _s3(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    endpoint = urlsplit(environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL")))
    region = environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", ""))
    if not found_by_amazon(environment):
        key = _needed(environment, "AWS_ACCESS_KEY_ID", ' Profiles and roles need "pack-sync[aws]"')
        secret = _needed(environment, "AWS_SECRET_ACCESS_KEY")
        token = environment.get("AWS_SESSION_TOKEN", "")
    else:
        key, secret, token = amazon_credentials()
        region = region or amazon_region()
    return "s3", {
        "KEY_ID": key,
        "SECRET": secret,
        "SESSION_TOKEN": token,
        "REGION": region,
        "ENDPOINT": str(endpoint.netloc or ""),
        # Stores of one's own know no names of buckets before theirs.
        "URL_STYLE": "path" if endpoint.netloc else "",
        "USE_SSL": "false" if endpoint.scheme == "http" else "",
    }


def _google(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    return "gcs", {
        "KEY_ID": _needed(environment, "GCS_ACCESS_KEY_ID"),
        "SECRET": _needed(environment, "GCS_SECRET_ACCESS_KEY"),
    }


def _azure(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """By the variables of Azure's own command line: a connection string, or account and key."""
    text = environment.get(_AZURE, "")
    if not text:
        account, key = (
            environment.get("AZURE_STORAGE_ACCOUNT"),
            environment.get("AZURE_STORAGE_KEY"),
        )
        if not (account and key):
            raise AddressError(
                f"the files of the lake are in Azure, and the environment has neither {_AZURE} nor "
                "AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY"
            )
        text = (
            f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key};"
            "EndpointSuffix=core.windows.net"
        )
    return "azure", {"CONNECTION_STRING": text}


def _parts(connection_string: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in connection_string.split(";"))
    return {name.strip(): value for name, _, value in pairs}


def _needed(environment: Mapping[str, str], name: str, hint: str = "") -> str:
    value = environment.get(name, "")
    if not value:
        raise AddressError(
            f"the files of the lake are in an object store, and the environment has no "
            f"{name}.{hint}"
        )
    return value
