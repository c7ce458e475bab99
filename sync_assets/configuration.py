"""What a `defs.yaml` may say about a pack, and clear errors for what it may not.

The models are Dagster's component models: unknown keys are refused with file and line, and
`dg` knows their JSON schema.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from cronsim import CronSim, CronSimError
from pydantic import Field

from pack_sdk.pack import Pack


class ConfigurationError(Exception):
    """The configuration is wrong; the message names the file, the key and the choices."""


class EnvironmentVariable(dg.Resolvable, dg.Model):
    """A value that is read from the environment when a run starts, never from a file."""

    env: str = Field(description="The name of the environment variable.")


class ConnectionConfiguration(dg.Resolvable, dg.Model):
    """One account of the service."""

    endpoint: str | None = Field(default=None, description="Base URL of relative requests.")
    credentials: dict[str, EnvironmentVariable] = Field(
        default_factory=dict, description="The pack's credentials, such as token: {env: X}."
    )
    credentials_folder: str | None = Field(
        default=None, description="Where tokens of OAuth2 are kept; .dagster/credentials if unset."
    )
    allow_http_localhost: bool = Field(
        default=False, description="Allow this machine, by http too (contract F4)."
    )
    allow_private_addresses: bool = Field(
        default=False, description="Allow declared hosts that lead to private addresses."
    )
    max_response_bytes: int = Field(default=25 * 1024 * 1024, description="Contract F6.")
    max_concurrent_requests: int = Field(
        default=8, description="Requests at once, over all tables of the connection (F5)."
    )
    request_timeout_seconds: float = Field(default=30, description="Longest single request.")


class SyncConfiguration(dg.Resolvable, dg.Model):
    """One of several syncs that fill a table (contract C18)."""

    connection: str = Field(default="", description="One of `connections`; the table's if unset.")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Parameter values that differ from the table's."
    )


class TableConfiguration(dg.Resolvable, dg.Model):
    """One table: what to ask it for, and with which connection.

    Its name is the asset's and the DuckDB table's, and the pack's unless `table` says which of
    the pack's tables it is.
    """

    table: str | None = Field(
        default=None, description="The pack's table; the entry's own name if unset."
    )
    dynamic_url: str | None = Field(
        default=None, description="Which of a dynamic table's: see `packsync discover` (C23)."
    )
    syncs: dict[str, SyncConfiguration] = Field(
        default_factory=dict,
        description="Several syncs that fill the table, by name: its asset's partitions.",
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Values of the table's parameters, by name."
    )
    connection: str = Field(default="default", description="One of `connections`.")


class ScheduleConfiguration(dg.Resolvable, dg.Model):
    """When the pack's tables are synced (contract C12): cron strings in a time zone."""

    enabled: bool = Field(default=False, description="Whether the schedules start switched on.")
    time_zone: str = Field(default="UTC", description='Such as "Europe/Berlin".')
    incremental: str = Field(default="0 */4 * * *", description="Tables with a cursor.")
    without_cursor: str = Field(default="0 2 * * *", description="Tables without a cursor.")
    full_refresh: str = Field(default="0 3 * * 0", description="Full sync of every table.")


def choose(names: Iterable[str], among: Iterable[str], *, where: str, what: str) -> None:
    """Refuse a name that is not among the choices, naming key and choices."""
    choices = list(among)
    for name in names:
        if name not in choices:
            raise ConfigurationError(
                f"{where}: there is no {what} {name!r}; choose from {', '.join(choices) or 'none'}"
            )


def check_connections(
    pack: Pack, connections: Mapping[str, ConnectionConfiguration], *, where: str
) -> None:
    """Each connection has the credentials that the pack asks for, no others, all set."""
    wanted = pack.authentication.credential_keys
    accepted = [*wanted, *pack.authentication.optional_credential_keys]
    for name, connection in connections.items():
        key = f"{where}.connections.{name}"
        choose(connection.credentials, accepted, where=f"{key}.credentials", what="credential")
        for credential in wanted:
            if credential not in connection.credentials:
                raise ConfigurationError(
                    f"{key}.credentials: {credential!r} is missing; the pack authenticates by "
                    f"{pack.authentication.type.value}. Write `{credential}: {{env: NAME}}`"
                )
        for credential, given in connection.credentials.items():
            variable = given.env
            if not dg.EnvVar(variable).get_value():
                raise ConfigurationError(
                    f"{key}.credentials.{credential}: the environment variable {variable} is not "
                    "set; set it where Dagster runs, or in a .env file beside dagster.yaml"
                )
        if pack.authentication.requires_endpoint_url and not connection.endpoint:
            raise ConfigurationError(f"{key}: the pack needs an `endpoint`, its API's base URL")


def check_schedule(schedule: ScheduleConfiguration, *, where: str) -> None:
    """The cron strings and the time zone can be understood."""
    try:
        now = datetime.now(ZoneInfo(schedule.time_zone))
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        raise ConfigurationError(
            f"{where}.time_zone: there is no time zone {schedule.time_zone!r}; write one such as "
            "UTC or Europe/Berlin"
        ) from error
    for key in ("incremental", "without_cursor", "full_refresh"):
        cron = getattr(schedule, key)
        try:
            CronSim(cron, now)
            if len(cron.split()) != 5:  # Dagster has no seconds
                raise CronSimError("Wrong number of fields")
        except CronSimError as error:
            raise ConfigurationError(
                f"{where}.{key} is {cron!r}, which is not a cron string of five fields such as "
                f"'0 */4 * * *': {error}"
            ) from error
