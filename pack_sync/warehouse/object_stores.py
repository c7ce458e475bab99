"""Object stores that hold the files of a lake: S3, what speaks like it, and Google's."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pack_sync.warehouse.duckdb_handles import Instance
from pack_sync.warehouse.identifiers import quote_identifier, quote_literal
from pack_sync.warehouse.storage_errors import AddressError

SCHEMES = ("s3", "gs", "gcs")
"""How addresses in object stores begin."""


def give_credentials(instance: Instance, data_path: str) -> None:
    """Give an instance the credentials for an address, out of the environment.

    Raises `AddressError` that names the variables which are missing.
    """
    bucket = urlsplit(data_path)
    kind, options = _s3(os.environ) if bucket.scheme == "s3" else _google(os.environ)
    given = ", ".join(f"{name} {quote_literal(value)}" for name, value in options.items() if value)
    scope = f"{bucket.scheme}://{bucket.netloc}"
    instance.connection.execute(
        f"CREATE OR REPLACE TEMPORARY SECRET {quote_identifier(scope)} "
        f"(TYPE {kind}, SCOPE {quote_literal(scope)}, {given})"
    )


def bucket_options(scheme: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """How a client of S3's reaches buckets with these addresses, by the same variables.

    Raises as `give_credentials` does.
    """
    _, given = _s3(environment) if scheme == "s3" else _google(environment)
    endpoint = "https://storage.googleapis.com"
    if scheme == "s3":
        endpoint = environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL", ""))
    options: dict[str, Any] = {
        "access_key_id": given["KEY_ID"],
        "secret_access_key": given["SECRET"],
        "session_token": given.get("SESSION_TOKEN"),
        "region": given.get("REGION") or ("us-east-1" if scheme == "s3" else "auto"),
        "endpoint": endpoint,
        "virtual_hosted_style_request": not endpoint,
    }
    return {name: value for name, value in options.items() if value not in (None, "")}


def _s3(environment: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    endpoint = urlsplit(environment.get("AWS_ENDPOINT_URL_S3", environment.get("AWS_ENDPOINT_URL")))
    return "s3", {
        "KEY_ID": _needed(environment, "AWS_ACCESS_KEY_ID"),
        "SECRET": _needed(environment, "AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": environment.get("AWS_SESSION_TOKEN", ""),
        "REGION": environment.get("AWS_REGION", environment.get("AWS_DEFAULT_REGION", "")),
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


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise AddressError(
            f"the files of the lake are in an object store, and the environment has no {name}"
        )
    return value
