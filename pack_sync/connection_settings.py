"""Settings of a connection: one account of a service, and how its requests are made."""

from collections.abc import Mapping
from typing import cast

from pydantic import Field, field_validator

from pack_sdk.errors import PackDefinitionError
from pack_sdk.rates import parse_rates
from pack_sync.settings import Settings


class ConnectionOptions(Settings):
    """How the requests of one account of the service are made."""

    endpoint: str | None = Field(
        default=None, description="Base URL of relative requests, where the pack needs one."
    )
    token_url: str | None = Field(
        default=None,
        description="Where access tokens are obtained, if not where the pack says: a company's own "
        "server, or a test's. A path is below `endpoint`.",
    )
    credentials_folder: str | None = Field(
        default=None,
        description="Folder for connected accounts and OAuth2 tokens. If unset: the Postgres of a "
        "lake, encrypted; without one, .dagster/credentials of the project.",
    )
    use_keyring: bool = Field(
        default=False,
        description="Keep the connected account and OAuth2 tokens in the system's keyring instead; "
        "needs the extra `keyring`.",
    )
    allow_http_localhost: bool = Field(
        default=False, description="Allow requests to this machine, also by plain http."
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Allow hosts of the pack whose names lead to addresses of a private network.",
    )
    max_response_bytes: int = Field(
        default=25 * 1024 * 1024,
        ge=1,
        description="Largest response, after decompression.",
    )
    max_concurrent_requests: int = Field(
        default=8,
        ge=1,
        description="Requests at the same time, over all tables of the connection.",
    )
    request_timeout_seconds: float = Field(
        default=30, gt=0, description="Longest time for a single request."
    )
    rate: list[str] = Field(
        default_factory=list,
        description="How many requests the service allows the account: `5/s`, or several as "
        "`[100/10s, 250000/day]`. Never exceeded, over all tables and runs; what the pack says if "
        "unset.",
    )
    count_not_modified: bool | None = Field(
        default=None,
        description="Whether requests that are answered with 304 (not modified) count against the "
        "service's rates of an hour and more; what the pack says if unset, else they do.",
    )
    max_stored_answers_bytes: int = Field(
        default=512 * 1024 * 1024,
        ge=0,
        description="Room on disk for answers that are asked for again only if they have changed, "
        "of all tables of the connection; the oldest are removed.",
    )
    max_pause_seconds: float = Field(
        default=300,
        ge=0,
        description="Longest pause that the service may ask for, as with `Retry-After`, and a sync "
        "waits for. A longer one ends the sync; the next one goes on from the pages it has.",
    )

    @field_validator("rate", mode="before")
    @classmethod
    def _check_rate(cls, rate: object) -> object:
        given = cast("list[str]", rate if isinstance(rate, list) else [rate])
        try:
            parse_rates(given)
        except PackDefinitionError as error:  # which is no ValueError
            raise ValueError(str(error)) from None
        return given


class ConnectionSettings(ConnectionOptions):
    """One account of the service, as the engine is given it.

    `credentials` holds the values that the pack's authentication asks for, by name; `variables`
    the environment variables that they are from, which errors name. `pack` is the pack's name as
    commands take it.
    """

    name: str
    pack: str = ""
    credentials: Mapping[str, str] = Field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = Field(default_factory=dict)
