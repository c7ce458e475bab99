"""`packsync notify`: what somebody is told of, and whether they can be told."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from pack_sync.cli.context import components_of, configured_packs, open_project
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.dagster.notify_configuration import NotifyConfiguration, with_secrets
from pack_sync.dagster.notify_sensor import NotifyComponent, envelope_of, look_at
from pack_sync.dagster.project_definitions import dagster_instance, load_definitions, warehouse_of
from pack_sync.notify.changes import Changes
from pack_sync.notify.delivery import named
from pack_sync.notify.message import Message
from pack_sync.notify.senders import NotSentError, send
from pack_sync.project import ConfigurationError


def notify(
    test: Annotated[
        bool, typer.Option("--test", help="Send each notifier a message that says it is a test.")
    ] = False,
) -> None:
    """Show what somebody is told of now, or send a test message."""
    with plain_errors():
        configured = _configured()
        if test:
            _send_tests(configured)
        else:
            _show(configured)


def _configured() -> Mapping[str, NotifyConfiguration]:
    """What the project's files say of notifications, by file and key."""
    found: dict[str, NotifyConfiguration] = {}
    for_all, broken = components_of(NotifyComponent)
    for file in broken:
        _say(f"nobody is told by what cannot be read: {file.reason}")
    for component in for_all:
        found["all packs"] = component
    for component, _ in configured_packs(complete=False).known.values():
        if component.notify is not None:
            found[component.shown_name] = component.notify
    return found


def _send_tests(configured: Mapping[str, NotifyConfiguration]) -> None:
    """Send a test to all, and exit with 1 if one of them cannot be told, or nobody can."""
    fine = any(each.to for each in configured.values())
    if not fine:
        _say("Nobody is told of anything: no `notify` is configured.")
    for about, each in configured.items():
        envelope = envelope_of(each)
        message = Message(
            id=f"msg_test_{datetime.now(UTC):%Y%m%d%H%M%S%f}",
            project=envelope.project,
            at=envelope.at,
            new=[],
            test=True,
        )
        try:
            notifiers = with_secrets(each.to, about)
        except ConfigurationError as error:
            _say(str(error))
            fine = False
            continue
        for name, notifier in named(notifiers):
            try:
                send(notifier, message)
                _say(f"{about}: {name}: sent")
            except NotSentError as error:
                _say(f"{about}: {name}: not sent: {error}")
                fine = False
    if not fine:
        raise typer.Exit(1)


def _show(configured: Mapping[str, NotifyConfiguration]) -> None:
    """Print what is wrong now, and who is told of it."""
    project = open_project()
    definitions = load_definitions(project)
    with dagster_instance(project) as instance:
        warehouse = warehouse_of(definitions, project)
        seen = look_at(definitions.get_repository_def(), instance, warehouse)
    webserver_url = next((e.webserver_url for e in configured.values() if e.webserver_url), None)
    envelope = envelope_of(NotifyConfiguration(webserver_url=webserver_url))
    now = envelope.message(Changes(new=seen.conditions, over=[], remembered={}))
    _say(replace(now, most=len(now.new)).text if now.new else "Nothing is wrong.")
    for about, each in configured.items():
        for name, _ in named(each.to):
            _say(f"{about}: {name} is told")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
