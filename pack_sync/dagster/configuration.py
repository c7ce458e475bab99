"""What a `defs.yaml` may say about a pack, and clear errors for what it may not.

The models are Dagster's component models: unknown keys are refused with file and line, and
`dg` knows their JSON schema.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from cronsim import CronSim, CronSimError
from pydantic import Field, field_validator

from pack_sdk.authentication import AuthenticationType
from pack_sdk.errors import PackDefinitionError
from pack_sdk.pack import Pack
from pack_sdk.rates import parse_rates
from pack_sdk.wording import choose_from
from pack_sync.connection_settings import ConnectionOptions
from pack_sync.project import ConfigurationError
from pack_sync.settings import (
    CRON_NAMES,
    FreshnessSettings,
    ScheduleSettings,
    TableSettings,
    TableSyncSettings,
)


class Described(dg.Resolvable, dg.Model):
    """A part of a `defs.yaml`, whose JSON schema has the descriptions of its fields."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Dagster takes a description from a field's resolver alone, and drops the field's own."""
        super().__pydantic_init_subclass__(**kwargs)
        for field in cls.model_fields.values():
            if not any(isinstance(each, dg.Resolver) for each in field.metadata):
                field.metadata.append(dg.Resolver.default(description=field.description))


class EnvironmentVariable(Described):
    """A value that is read from the environment when a run starts, never from a file."""

    env: str = Field(description="The name of the environment variable.")


class ConnectionConfiguration(ConnectionOptions, Described):
    """One account of the service."""

    credentials: dict[str, EnvironmentVariable] = Field(
        default_factory=dict, description="The pack's credentials, such as `token: {env: X}`."
    )
    rate: str | int | list[str] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=list, description=ConnectionOptions.model_fields["rate"].description
    )

    @field_validator("rate", mode="before")
    @classmethod
    def _check_rate(cls, rate: object) -> object:
        return rate  # checked by `check_connections`, which knows the file and the key


class SyncConfiguration(TableSyncSettings, Described):
    """One of several syncs that fill a table."""


class TableConfiguration(TableSettings, Described):
    """One table: what to ask it for, and with which connection.

    Its name is the asset's and the DuckDB table's, and the pack's unless `table` says which of
    the pack's tables it is.
    """

    syncs: dict[str, SyncConfiguration] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=dict, description=TableSettings.model_fields["syncs"].description
    )


class ScheduleConfiguration(ScheduleSettings, Described):
    """When the pack's tables are synced: cron strings in a time zone."""


class FreshnessConfiguration(FreshnessSettings, Described):
    """How old a table may get; by the slower of its schedules unless hours are given."""


def choose(names: Iterable[str], among: Iterable[str], *, where: str, what: str) -> None:
    """Refuse a name that is not among the choices, naming key and choices."""
    choices = list(among)
    for name in names:
        if name not in choices:
            raise ConfigurationError(
                f"{where}: there is no {what} {name!r}; {choose_from(choices)}"
            )


def check_connections(
    pack: Pack, connections: Mapping[str, ConnectionConfiguration], *, where: str
) -> None:
    """Each connection has credentials that the pack asks for, no others, and rates that are some.

    What is not there is a connected account's, which is looked for when a run starts.
    """
    authentication = pack.authentication
    accepted = [*authentication.credential_keys, *authentication.optional_credential_keys]
    for name, connection in connections.items():
        key = f"{where}.connections.{name}"
        choose(connection.credentials, accepted, where=f"{key}.credentials", what="credential")
        rate = connection.rate
        try:
            parse_rates(str(rate) if isinstance(rate, int) else rate)
        except PackDefinitionError as error:
            raise ConfigurationError(f"{key}.rate: {error}") from None
        no_account = authentication.type is AuthenticationType.NONE
        if authentication.requires_endpoint_url and no_account and not connection.endpoint:
            raise ConfigurationError(f"{key}: the pack needs an `endpoint`, its API's base URL")


def unset_variable(connection: str, credential: str, variable: str) -> str:
    """What is wrong where a credential's environment variable is not set, or empty."""
    return (
        f"connections.{connection}.credentials.{credential}: the environment variable {variable} "
        "is not set; set it where Dagster runs, or in a .env file beside dagster.yaml"
    )


def not_connected(pack: str, connection: str, missing: Sequence[str]) -> str:
    """What is wrong where neither the configuration nor an account has a credential."""
    names = [name for name in missing if name != "endpoint"]
    if not names:
        return (
            f"connections.{connection}: the pack needs an `endpoint`, its API's base URL; write "
            f"it, or connect the account with `packsync connect {pack} {connection}`"
        )
    return (
        f"connections.{connection}: no account is connected: {', '.join(names)} missing. Connect "
        f"one with `packsync connect {pack} {connection}`, or name environment variables: "
        f"`credentials: {{{names[0]}: {{env: NAME}}}}`"
    )


def variable_for(pack: str, credential: str) -> str:
    """The environment variable of a credential, unless the configuration names another.

    >>> variable_for("tracker", "client_id")
    'TRACKER_CLIENT_ID'
    """
    return re.sub(r"[^A-Z0-9]", "_", f"{pack.rpartition('.')[2]}_{credential}".upper())


def check_schedule(schedule: ScheduleSettings, *, where: str) -> None:
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
                f"'0 */4 * * *', nor one of {', '.join(CRON_NAMES)}: {error}"
            ) from error
