"""The account of a made-up service: a connection whose credentials open nothing, and are known."""

from pack_sdk.authentication import Authentication, AuthenticationType
from pack_sdk.pack import Pack
from pack_sdk.testing import FakeService
from pack_sync.connection_settings import ConnectionSettings

_LOCAL = ("http://localhost", "http://127.0.0.1")


def secret_of(key: str) -> str:
    """The made-up credential of that name, which nothing else can be."""
    return f"check-secret-{key.lower()}-9f27c1d04b"


def authentication_for_check(pack: Pack) -> Authentication:
    """The pack's authentication; where it obtains tokens at run time, it is as if it had one.

    How a token is obtained is no matter of the pack's code.
    """
    declared = pack.authentication
    if not declared.obtains_tokens and declared.type is not AuthenticationType.AWS_ACCESS_KEY:
        return declared
    return Authentication(
        type=AuthenticationType.HEADER_BEARER_TOKEN, network_domain=declared.network_domain
    )


def settings_for_check(
    pack: Pack, authentication: Authentication, service: FakeService
) -> ConnectionSettings:
    """A connection to the made-up service, with a credential for each that is asked for."""
    made_up = {key: secret_of(key) for key in authentication.credential_keys}
    settings = ConnectionSettings(
        name="check",
        endpoint=service.endpoint,
        credentials={**made_up, **service.credentials},
        allow_http_localhost=(service.endpoint or service.base_url).startswith(_LOCAL),
    )
    if pack.authentication.requires_endpoint_url and settings.endpoint is None:
        domain = next(iter(pack.network_domains), "service.example.com")
        service.endpoint = service.base_url or f"https://{domain}"
        return settings.model_copy(update={"endpoint": service.endpoint})
    return settings
