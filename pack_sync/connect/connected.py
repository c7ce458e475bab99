"""What the configuration leaves out of a connection is taken from its account (contract A5)."""

from collections.abc import Mapping

from pack_sdk.authentication import Authentication
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.state.accounts import Account, AccountStore
from pack_sync.state.secret_store import SecretStores, stores_of

_OF_THE_CLIENT = frozenset({"client_id", "client_secret"})
"""What a program is known by, whichever account somebody connects with it."""


def account_store(settings: ConnectionSettings, shared: SecretStores | None) -> AccountStore:
    """Where the account of a connection is kept; `shared` as for a `Connection`."""
    return AccountStore(stores_of(settings, shared), settings.pack, settings.name)


def with_account(
    settings: ConnectionSettings, authentication: Authentication, shared: SecretStores | None
) -> ConnectionSettings:
    """The settings with what is missing in them taken from the connected account, if there is one.

    Where they are complete the store is not read. Raises `AuthenticationFailedError` or
    `ConnectionFailedError` where it cannot be.
    """
    if not what_is_missing(settings, authentication):
        return settings
    account = account_store(settings, shared).load()
    if account is None:
        return settings
    return settings.model_copy(
        update={
            "credentials": {**_usable(account, settings.credentials), **settings.credentials},
            "endpoint": settings.endpoint or account.endpoint,
        }
    )


def _usable(account: Account, given: Mapping[str, str]) -> Mapping[str, str]:
    """What of the account may stand beside what is given: never half of another account."""
    keep = _OF_THE_CLIENT if given.keys() - _OF_THE_CLIENT else account.credentials.keys()
    return {key: value for key, value in account.credentials.items() if key in keep}


def what_is_missing(settings: ConnectionSettings, authentication: Authentication) -> list[str]:
    """The names of the credentials that a request would lack, and `endpoint` if it lacks that."""
    missing = list(authentication.missing_credentials(settings.credentials))
    by_account = authentication.endpoint_key or authentication.post_setup
    if (authentication.requires_endpoint_url or by_account) and not settings.endpoint:
        missing.append("endpoint")
    return missing
