"""OAuth2 in runs of Dagster: what is configured, what is kept, what shows (contract A1 to A4)."""

import json
from collections.abc import Sequence
from typing import Any

import dagster as dg
import duckdb
import pytest

from pack_sdk import Pack, SyncExecutionContext
from pack_sync.dagster.configuration import (
    ConnectionConfiguration,
    EnvironmentVariable,
    check_connections,
)
from pack_sync.project import ConfigurationError
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject, pack_of, synced_tables
from tests.engine.sync_harness import items
from tests.http.oauth_service import (
    CLIENT_ID,
    CLIENT_SECRET,
    FIRST_REFRESH_TOKEN,
    OAuthService,
)
from tests.http_server import Answer, HttpServer, SeenRequest

stored_project = dagster_project.stored_project

VARIABLES = {
    "client_id": "ACME_CLIENT_OF_TESTS",
    "client_secret": "ACME_SECRET_OF_TESTS",
    "refresh_token": "ACME_REFRESH_OF_TESTS",
}
VALUES = {
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": FIRST_REFRESH_TOKEN,
}
SECRETS = [b"access-token-", b"refresh-token-", CLIENT_SECRET.encode()]


def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
    """All items."""
    return {"result": context.fetcher.fetch(url="/items").body["items"]}


def switch_on(project: DagsterProject, service: OAuthService, **attributes: Any) -> Pack:
    """Switch on a pack of the service."""
    for key, variable in VARIABLES.items():
        project.monkeypatch.setenv(variable, VALUES[key])
    pack = pack_of(Items=sync_items)
    pack.authentication = service.authentication
    connection = {
        "endpoint": service.server.url,
        "allow_http_localhost": True,
        "credentials": {key: {"env": variable} for key, variable in VARIABLES.items()},
        "credentials_folder": str(project.folder / ".dagster" / "credentials"),
    }
    project.switch_on_pack("acme", pack, connections={"default": connection}, **attributes)
    return pack


def items_for_the_right_token(service: OAuthService) -> Any:
    """Items; an error that repeats the token to anybody else."""

    def answer(seen: SeenRequest) -> Answer:
        answer = service.answer(seen)
        if seen.path == "/items" and answer.status == 200:
            return Answer(body=json.dumps({"items": items(a="1")}).encode())
        return answer

    return answer


def files_with_secrets(project: DagsterProject) -> set[str]:
    """The files of the project in which a secret is, found byte by byte."""
    return {
        str(file.relative_to(project.folder))
        for file in project.folder.rglob("*")
        if file.is_file() and any(secret in file.read_bytes() for secret in SECRETS)
    }


@pytest.fixture
def service() -> Any:
    """A service with OAuth2."""
    server = HttpServer()
    yield OAuthService(server=server)
    server.close()


def test_runs_share_the_rotated_token_and_show_none(
    stored_project: DagsterProject, service: OAuthService
) -> None:
    """Each run goes on with what the one before saved, and no token is anywhere else (A3, A4)."""
    service.server.answer = items_for_the_right_token(service)
    switch_on(stored_project, service)
    for _ in range(2):
        result = stored_project.run()
        assert synced_tables(result) == {"acme.Items"}
        service.expire()
    assert [b"refresh-token-0" in seen.body for seen in service.token_requests] == [True, False]
    [file] = files_with_secrets(stored_project)
    assert file.startswith(".dagster/credentials/oauth2-")
    with duckdb.connect(stored_project.warehouse, read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()")
        text = "\n".join(
            str(connection.execute(f'FROM "{schema}"."{table}"').fetchall())
            for schema, table in tables.fetchall()
        )
    assert not any(secret.decode() in text for secret in SECRETS)


def test_a_refused_refresh_names_the_variable(
    stored_project: DagsterProject, service: OAuthService
) -> None:
    """The run fails at once, saying which variable to renew, without any secret (A3, A4)."""
    service.revoked = True
    service.extra = {"error_description": FIRST_REFRESH_TOKEN}
    switch_on(stored_project, service, attempts=3)
    result = stored_project.run()
    assert not result.success
    text = "\n".join(
        dg.serialize_value(entry) for entry in stored_project.instance.all_logs(result.run_id)
    )
    assert "Connect the account again at https://accounts.example.com/authorize" in text
    assert "ACME_REFRESH_OF_TESTS" in text
    assert len(service.token_requests) == 1
    assert files_with_secrets(stored_project) == set()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([*VARIABLES, "token"], "no credential 'token'; choose from client_id, client_secret, "
         "refresh_token, access_token"),
    ],
)  # fmt: skip
def test_which_credentials_a_connection_gives(
    monkeypatch: pytest.MonkeyPatch, given: list[str], message: str
) -> None:
    """Those of the kind, and no other (A1)."""
    for key, variable in VARIABLES.items():
        monkeypatch.setenv(variable, VALUES[key])
    pack = Pack()
    pack.set_authentication(type="OAuth2", token_url="https://api.example.com/token")
    connection = ConnectionConfiguration(
        credentials={key: EnvironmentVariable(env=VARIABLES.get(key, "NOT_SET")) for key in given}
    )
    with pytest.raises(ConfigurationError) as caught:
        check_connections(pack, {"default": connection}, where="defs.yaml")
    assert message in str(caught.value)
