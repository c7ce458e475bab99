"""What configuration says of notifications, and the settings that it becomes when they are sent."""

from collections.abc import Sequence
from typing import Annotated, Any

import dagster as dg
from pydantic import Field, ValidationError

from pack_sync.dagster.configuration import Described, EnvironmentVariable
from pack_sync.notify_settings import NotifierSettings, NotifySettings
from pack_sync.project import ConfigurationError

_SECRETS = ("slack", "webhook", "signing_key", "smtp_password")


def _variable(_context: dg.ResolutionContext, given: Any) -> EnvironmentVariable | None:
    if isinstance(given, str):  # which Dagster lets pass, as it may be a template
        raise ConfigurationError("write the name of an environment variable, as {env: NAME}")
    return EnvironmentVariable(env=given.env) if given else None


def _secret(name: str) -> dg.Resolver:
    return dg.Resolver(
        _variable,
        model_field_type=EnvironmentVariable.model() | None,
        description=NotifierSettings.model_fields[name].description,
    )


class NotifierConfiguration(NotifierSettings, Described):
    """One way to tell somebody; its secrets are names of environment variables."""

    slack: Annotated[EnvironmentVariable | None, _secret("slack")] = None  # pyright: ignore[reportIncompatibleVariableOverride]
    webhook: Annotated[EnvironmentVariable | None, _secret("webhook")] = None  # pyright: ignore[reportIncompatibleVariableOverride]
    signing_key: Annotated[EnvironmentVariable | None, _secret("signing_key")] = None  # pyright: ignore[reportIncompatibleVariableOverride]
    smtp_password: Annotated[EnvironmentVariable | None, _secret("smtp_password")] = None  # pyright: ignore[reportIncompatibleVariableOverride]


class NotifyConfiguration(NotifySettings, Described):
    """Who is told of what goes wrong, and when it is over."""

    to: list[NotifierConfiguration] = Field(  # pyright: ignore[reportIncompatibleVariableOverride]
        default_factory=list[NotifierConfiguration],
        description=NotifySettings.model_fields["to"].description,
    )


def with_secrets(configured: Sequence[NotifierConfiguration], where: str) -> list[NotifierSettings]:
    """The notifiers with the values of their variables, as the environment has them now.

    Raises `ConfigurationError` where one is not set, or its value cannot be used.
    """
    return [_with_secrets(each, f"{where}.to[{index}]") for index, each in enumerate(configured)]


def _with_secrets(configured: NotifierConfiguration, where: str) -> NotifierSettings:
    values = {name: getattr(configured, name) for name in NotifierSettings.model_fields}
    for name in _SECRETS:
        variable: EnvironmentVariable | None = values[name]
        if variable is not None:
            values[name] = dg.EnvVar(variable.env).get_value()
            if not values[name]:
                raise ConfigurationError(
                    f"{where}.{name}: the environment variable {variable.env} is not set; set it "
                    "where Dagster runs, or in a .env file beside dagster.yaml"
                )
    try:
        return NotifierSettings(**values)
    except ValidationError as error:
        raise ConfigurationError(f"{where}: {error.errors()[0]['msg']}") from None
