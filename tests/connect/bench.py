"""A project with a pack of the authorization server, the command, and a thread for a browser."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from pack_sdk import Pack, SyncExecutionContext
from pack_sync.cli import connect_consent
from pack_sync.cli.app import app
from tests.connect.authorization_server import (
    CLIENT_ID,
    CLIENT_SECRET,
    SCOPES,
    AuthorizationServer,
)
from tests.dagster.dagster_project import DagsterProject, pack_of
from tests.engine.sync_harness import items


def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
    """All items."""
    context.fetcher.fetch(url="/items")
    return {"result": items(a="1")}


def account_name(context: Any) -> str:
    """Who the service says it is."""
    return context.fetcher.fetch(url="/me").body["name"]


@dataclass(kw_only=True)
class Ran:
    """What a command printed, and how it ended."""

    output: str
    code: int


@dataclass(kw_only=True)
class Bench:
    """All of it. `browse` is what the browser does with the page that it is told to open."""

    project: DagsterProject
    service: AuthorizationServer
    browse: Callable[[str], Any] = lambda url: follow(url)
    pages: list[Any] = field(default_factory=list[Any])
    _threads: list[threading.Thread] = field(default_factory=list[threading.Thread])

    def __post_init__(self) -> None:
        patch = self.project.monkeypatch
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the server's, which has no TLS here
        patch.setenv("BROWSER", "true")
        patch.setenv("ACME_CLIENT_ID", CLIENT_ID)
        patch.setenv("ACME_CLIENT_SECRET", CLIENT_SECRET)
        patch.setattr(connect_consent, "open_browser", self._open)

    def switch_on(self, connection: dict[str, Any] | None = None, **fields: Any) -> Pack:
        """Switch on the pack; `fields` change what it declares of its authentication."""
        pack = pack_of(Items=sync_items)
        declared: dict[str, Any] = {
            "type": "OAuth2",
            "authorization_url": f"{self.service.url}/authorize",
            "token_url": f"{self.service.url}/token",
            "revocation_url": f"{self.service.url}/revoke",
            "scopes": SCOPES,
            "get_connection_name": account_name,
        }
        pack.set_authentication({**declared, **fields})
        local = {"endpoint": self.service.url, "allow_http_localhost": True}
        given = {**local, **(connection or {})}
        given = {key: value for key, value in given.items() if value is not None}
        self.project.switch_on_pack("acme", pack, name="acme", connections={"default": given})
        return pack

    def run(self, *words: str, typed: str | None = None) -> Ran:
        """Run `packsync` in this process; `typed` are lines that somebody types."""
        if typed is not None:
            lines = iter(typed.splitlines())

            def ask_text(_prompt: str, *, hidden: bool = False) -> str:  # noqa: ARG001
                return next(lines)

            for module in ("prompts", "account", "consent"):
                name = f"pack_sync.cli.connect_{module}.ask_text"
                self.project.monkeypatch.setattr(name, ask_text)
        found = CliRunner().invoke(app, list(words), env={"COLUMNS": "300"})
        for thread in self._threads:
            thread.join(30)
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return Ran(output=found.output, code=found.exit_code)

    def connect(self, *options: str) -> Ran:
        """`packsync connect acme --from-env`."""
        return self.run("connect", "acme", "--from-env", *options)

    @property
    def account_files(self) -> list[Path]:
        """The files of accounts."""
        return sorted(self.project.folder.rglob(".dagster/credentials/account-*.json"))

    @property
    def token_files(self) -> list[Path]:
        """The files of tokens."""
        return sorted(self.project.folder.rglob(".dagster/credentials/oauth2-*.json"))

    def _open(self, url: str) -> None:
        thread = threading.Thread(target=lambda: self.pages.append(self.browse(url)), daemon=True)
        self._threads.append(thread)
        thread.start()


def follow(url: str, change: Callable[[str], str] = lambda url: url) -> httpx.Response:
    """What a browser does: redirects are followed; `change` changes an address on the way."""
    with httpx.Client(timeout=20, trust_env=False) as client:
        response = client.get(change(url))
        while response.is_redirect:
            response = client.get(change(response.headers["location"]))
        return response


@pytest.fixture
def bench(project: DagsterProject, server: Any) -> Bench:
    """A bench with an authorization server that behaves."""
    return Bench(project=project, service=AuthorizationServer(server=server))
