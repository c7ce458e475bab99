"""Credentials for S3 that a profile or a role gives, as Amazon's own library finds them."""

import importlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from typing import Any

from pack_sync.warehouse.storage_errors import AddressError, LakeFilesError

_ASKED_AGAIN = timedelta(minutes=5)


def found_by_amazon(environment: Mapping[str, str]) -> bool:
    """Whether the environment has no key itself, and Amazon's library is there to look for one."""
    return not environment.get("AWS_ACCESS_KEY_ID") and find_spec("botocore") is not None


@cache
def amazon_session() -> Any:
    """A session of Amazon's library, which renews credentials that expire."""
    return importlib.import_module("botocore.session").get_session()


def amazon_region() -> str:
    """The region of the profile, if it has one."""
    return str(amazon_session().get_config_variable("region") or "")


def amazon_credentials() -> tuple[str, str, str]:
    """Key, secret and token, as they are now.

    Raises `AddressError` where there are none, and `LakeFilesError` where asking for them failed.
    """
    try:
        found = amazon_session().get_credentials()
        now = found and found.get_frozen_credentials()
    except Exception as error:
        raise LakeFilesError(
            f"the object store's credentials, which AWS_ACCESS_KEY_ID does not give, could not be "
            f"had by a profile or a role: {error}"
        ) from error
    if now is None:
        raise AddressError(
            "the files of the lake are in an object store, and there are no credentials for it: "
            "neither AWS_ACCESS_KEY_ID nor a profile or a role that Amazon's library finds"
        )
    return now.access_key, now.secret_key, now.token or ""


def amazon_keys() -> dict[str, Any]:
    """The same for obstore, which asks again and again while a sync goes on for hours."""
    key, secret, token = amazon_credentials()
    return {
        "access_key_id": key,
        "secret_access_key": secret,
        "token": token or None,
        "expires_at": datetime.now(UTC) + _ASKED_AGAIN,
    }
