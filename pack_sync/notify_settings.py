"""Settings of notifications: who is told of what, and how."""

from typing import Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from pack_sync.settings import Settings

Notice: TypeAlias = Literal[
    "failed",
    "held",
    "rejected",
    "schema_changed",
    "increments_incomplete",
    "stale",
    "no_rows",
    "budget_short",
    "consent_ending",
]
"""What somebody may be told of."""


class NotifierSettings(Settings):
    """One way to tell somebody; the values of its variables are in it when it is used."""

    slack: str | None = Field(
        default=None,
        repr=False,
        description="The address of an incoming webhook of Slack, as `{env: NAME}`.",
    )
    webhook: str | None = Field(
        default=None,
        repr=False,
        description="An address that is sent a POST request with JSON, as `{env: NAME}`.",
    )
    signing_key: str | None = Field(
        default=None,
        repr=False,
        description="With `webhook`: the key of its signature, as `{env: NAME}`; unsigned if "
        "unset.",
    )
    mail: list[str] = Field(default_factory=list, description="Addresses that are sent a mail.")
    mail_from: str = Field(
        default="", description="With `mail`: the sender; `smtp_user` if unset, else the first "
        "of `mail`."
    )  # fmt: skip
    smtp_host: str = Field(default="localhost", description="With `mail`: the server to send by.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="With `mail`: its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="With `mail`: `starttls`; `tls` from the start, often at port 465; or `none`, "
        "which takes no password.",
    )
    smtp_user: str = Field(default="", description="With `mail`: the user to log in as, if any.")
    smtp_password: str | None = Field(
        default=None, repr=False, description="With `mail`: the password, as `{env: NAME}`."
    )
    command: list[str] = Field(
        default_factory=list,
        description="A program and its arguments. It finds the JSON on its standard input.",
    )
    about: list[Notice] = Field(
        default_factory=lambda: list(get_args(Notice)), description="What to tell of."
    )

    @property
    def name(self) -> str:
        """What it is called in logs, and in the memory of what it was sent; no secret."""
        if self.mail:
            return f"mail to {', '.join(self.mail)}"
        return (
            f"command {self.command[0]}" if self.command else "slack" if self.slack else "webhook"
        )

    @property
    def secrets(self) -> list[str]:
        """What no message and no log line may show."""
        given = (self.slack, self.webhook, self.signing_key, self.smtp_password)
        return [secret for secret in given if secret]

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if sum(map(bool, (self.slack, self.webhook, self.mail, self.command))) != 1:
            raise ValueError("write exactly one of slack, webhook, mail and command")
        if self.smtp_password and self.smtp_security == "none":
            raise ValueError("a password is sent by `starttls` or `tls` only; see smtp_security")
        return self


class NotifySettings(Settings):
    """Who is told of what goes wrong, and when it is over."""

    to: list[NotifierSettings] = Field(
        default_factory=list[NotifierSettings],
        description="Ways to tell somebody, one entry for each.",
    )
    webserver_url: str | None = Field(
        default=None,
        description="Where people open Dagster's UI, for links such as "
        "`https://dagster.example.com`; the run's id is told if unset.",
    )
