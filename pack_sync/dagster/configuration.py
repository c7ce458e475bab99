"""What a `defs.yaml` may say about a pack, and clear errors for what it may not.

The models are Dagster's component models: unknown keys are refused with file and line, and
`dg` knows their JSON schema.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from pack_sdk.pack import Pack


class ConfigurationError(Exception):
    """The configuration is wrong; the message names the file, the key and the choices."""


class EnvironmentVariable(dg.Resolvable, dg.Model):
    """A value that is read from the environment when a run starts, never from a file."""

    env: Annotated[str, dg.Resolver.default(description="The name of the environment variable.")]


class ConnectionConfiguration(dg.Resolvable, dg.Model):
    """One account of the service."""

    endpoint: Annotated[
        str | None, dg.Resolver.default(description="Base URL of relative requests.")
    ] = None
    credentials: Annotated[
        dict[str, EnvironmentVariable],
        dg.Resolver.default(description="The pack's credentials, such as token: {env: X}."),
    ] = Field(default_factory=dict)
    credentials_folder: Annotated[
        str | None,
        dg.Resolver.default(
            description="Where tokens of OAuth2 are kept; .dagster/credentials if unset."
        ),
    ] = None
    allow_http_localhost: Annotated[
        bool, dg.Resolver.default(description="Allow this machine, by http too (contract F4).")
    ] = False
    allow_private_addresses: Annotated[
        bool,
        dg.Resolver.default(description="Allow declared hosts that lead to private addresses."),
    ] = False
    max_response_bytes: Annotated[int, dg.Resolver.default(description="Contract F6.")] = (
        25 * 1024 * 1024
    )
    max_concurrent_requests: Annotated[
        int,
        dg.Resolver.default(
            description="Requests at once, over all tables of the connection (F5)."
        ),
    ] = 8
    request_timeout_seconds: Annotated[
        float, dg.Resolver.default(description="Longest single request.")
    ] = 30


class SyncConfiguration(dg.Resolvable, dg.Model):
    """One of several syncs that fill a table (contract C18)."""

    connection: Annotated[
        str, dg.Resolver.default(description="One of `connections`; the table's if unset.")
    ] = ""
    parameters: Annotated[
        dict[str, Any],
        dg.Resolver.default(description="Parameter values that differ from the table's."),
    ] = Field(default_factory=dict)


class TableConfiguration(dg.Resolvable, dg.Model):
    """One table: what to ask it for, and with which connection.

    Its name is the asset's and the DuckDB table's, and the pack's unless `table` says which of
    the pack's tables it is.
    """

    table: Annotated[
        str | None,
        dg.Resolver.default(description="The pack's table; the entry's own name if unset."),
    ] = None
    dynamic_url: Annotated[
        str | None,
        dg.Resolver.default(
            description="Which of a dynamic table's: see `packsync discover` (C23)."
        ),
    ] = None
    syncs: Annotated[
        dict[str, SyncConfiguration],
        dg.Resolver.default(
            description="Several syncs that fill the table, by name: its asset's partitions."
        ),
    ] = Field(default_factory=dict)
    parameters: Annotated[
        dict[str, Any],
        dg.Resolver.default(description="Values of the table's parameters, by name."),
    ] = Field(default_factory=dict)
    connection: Annotated[str, dg.Resolver.default(description="One of `connections`.")] = "default"


class ScheduleConfiguration(dg.Resolvable, dg.Model):
    """When the pack's tables are synced (contract C12): cron strings in a time zone."""

    enabled: Annotated[
        bool, dg.Resolver.default(description="Whether the schedules start switched on.")
    ] = False
    time_zone: Annotated[str, dg.Resolver.default(description='Such as "Europe/Berlin".')] = "UTC"
    incremental: Annotated[
        str | None,
        dg.Resolver.default(
            description="Tables with a cursor; every 4 hours, at a minute of the pack's own, if "
            "unset."
        ),
    ] = None
    without_cursor: Annotated[
        str | None,
        dg.Resolver.default(
            description="Tables without a cursor; daily after 2, at that minute, if unset."
        ),
    ] = None
    full_refresh: Annotated[
        str | None,
        dg.Resolver.default(
            description="Full sync of every table; Sundays after 3, at that minute, if unset."
        ),
    ] = None

    @field_validator("incremental", "without_cursor", "full_refresh")
    @classmethod
    def _spell_out(cls, cron: str | None) -> str | None:
        return _CRON_NAMES.get(cron.strip().lower(), cron) if cron else cron

    def cron(self, which: str, pack: str) -> str:
        """When one of the three schedules ticks.

        Those that are not set tick at another minute for each pack, always the same, so that
        not all packs begin in the same second.
        """
        minute = zlib.crc32(pack.encode()) % _MINUTES
        return getattr(self, which) or _DEFAULT_CRONS[which].format(minute=minute)


_MINUTES = 50
_DEFAULT_CRONS = {
    "incremental": "{minute} */4 * * *",
    "without_cursor": "{minute} 2 * * *",
    "full_refresh": "{minute} 3 * * 0",
}


_CRON_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class FreshnessConfiguration(dg.Resolvable, dg.Model):
    """How old a table may get; by the schedule's slower cadence unless hours are given."""

    enabled: Annotated[
        bool, dg.Resolver.default(description="Whether the tables have a freshness policy.")
    ] = True
    warn_after_hours: Annotated[
        float | None,
        dg.Resolver.default(description="One and a half times the cadence if unset."),
    ] = Field(default=None, gt=0)
    fail_after_hours: Annotated[
        float | None,
        dg.Resolver.default(description="Two and a half times the cadence if unset."),
    ] = Field(default=None, gt=0)


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
        cron = schedule.cron(key, "")
        try:
            CronSim(cron, now)
            if len(cron.split()) != 5:  # Dagster has no seconds
                raise CronSimError("Wrong number of fields")
        except CronSimError as error:
            raise ConfigurationError(
                f"{where}.{key} is {cron!r}, which is not a cron string of five fields such as "
                f"'0 */4 * * *', nor one of {', '.join(_CRON_NAMES)}: {error}"
            ) from error
