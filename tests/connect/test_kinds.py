"""`packsync connect` for every kind of authentication, and for endpoints (contract A1, A9)."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from pack_sdk.authentication import AuthenticationType
from pack_sync.cli.connect_prompts import keys_to_ask
from tests.connect import bench as benches
from tests.connect.authorization_server import tokens
from tests.connect.bench import Bench
from tests.dagster import dagster_project
from tests.dagster.dagster_project import synced_tables
from tests.http.test_auth_service_accounts import google_file, pem
from tests.http_server import Answer, SeenRequest

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench

LOGIN = [{"name": "username"}, {"name": "password"}]
KINDS: dict[AuthenticationType, tuple[dict[str, Any], dict[str, str]]] = {
    AuthenticationType.HEADER_BEARER_TOKEN: ({}, {"token": "PLANTED"}),
    AuthenticationType.CUSTOM_HEADER_TOKEN: ({"header_name": "X-Key"}, {"token": "PLANTED"}),
    AuthenticationType.QUERY_PARAM_TOKEN: ({"param_name": "key"}, {"token": "PLANTED"}),
    AuthenticationType.MULTI_HEADER_TOKEN: (
        {"headers": [{"name": "X-A"}, {"name": "X-B"}]}, {"X-A": "PLANTED-a", "X-B": "PLANTED-b"},
    ),
    AuthenticationType.MULTI_QUERY_PARAM_TOKEN: (
        {"params": [{"name": "a"}, {"name": "b"}]}, {"a": "PLANTED-a", "b": "PLANTED-b"},
    ),
    AuthenticationType.WEB_BASIC: ({}, {"username": "ada", "password": "PLANTED"}),
    AuthenticationType.CUSTOM: ({"params": [{"name": "key"}]}, {"key": "PLANTED"}),
    AuthenticationType.OAUTH2_CLIENT_CREDENTIALS: (
        {"token_url": "/token"}, {"client_id": "app", "client_secret": "PLANTED"},
    ),
    AuthenticationType.OAUTH2_JWT_BEARER: (
        {"token_url": "/token"}, {"client_id": "app", "private_key": pem(), "subject": "ada"},
    ),
    AuthenticationType.GOOGLE_SERVICE_ACCOUNT: (
        {"token_url": "/token", "scopes": ["a"]}, {"service_account_key": google_file()},
    ),
    AuthenticationType.GOOGLE_DOMAIN_WIDE_DELEGATION: (
        {"token_url": "/token", "scopes": ["a"]},
        {"service_account_key": google_file(), "subject": "ada@example.com"},
    ),
    AuthenticationType.LOGIN_TOKEN: (
        {"token_url": "/token", "params": LOGIN}, {"username": "ada", "password": "PLANTED"},
    ),
    AuthenticationType.AWS_ACCESS_KEY: (
        {"service": "s3"}, {"access_key_id": "AKIA", "secret_access_key": "PLANTED"},
    ),
}  # fmt: skip
"""All kinds but None and OAuth2: what the pack declares beside, and what is typed."""


def answer(seen: SeenRequest) -> Answer:
    """Tokens, and an API that lets everybody in."""
    if seen.path == "/token":
        return Answer(body=b'{"access_token": "PLANTED-of-the-service", "expires_in": 60}')
    return Answer(body=b'{"name": "Ada Lovelace"}')


def declare(bench: Bench, kind: AuthenticationType, fields: dict[str, Any], **more: Any) -> None:
    """A pack of that kind; the paths of its fields are those of the service."""
    url = bench.service.url
    whole: dict[str, Any] = {
        k: f"{url}{v}" if str(v).startswith("/") else v for k, v in fields.items()
    }
    no_oauth: dict[str, Any] = {"authorization_url": None, "revocation_url": None, "scopes": None}
    bench.switch_on(type=kind, **{**no_oauth, "token_url": None, **whole, **more})


def test_all_kinds_are_tried() -> None:
    """A new kind fails here until it is (A1)."""
    others = {AuthenticationType.NONE, AuthenticationType.OAUTH2}
    assert set(KINDS) == set(AuthenticationType) - others


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_connected_and_synced(bench: Bench, kind: AuthenticationType) -> None:
    """What it needs is asked for, verified and kept; a run then needs nothing else (A1, A5)."""
    fields, typed = KINDS[kind]
    bench.service.server.answer = answer
    declare(bench, kind, fields)
    for key in typed:
        name = f"ACME_{key.upper().replace('-', '_')}"
        bench.project.monkeypatch.setenv(name, typed[key])
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Connected acme default as Ada Lovelace" in ran.output
    assert "PLANTED" not in ran.output
    [file] = bench.account_files
    assert json.loads(file.read_bytes())["credentials"] == typed
    for key in typed:
        bench.project.monkeypatch.delenv(f"ACME_{key.upper().replace('-', '_')}")
    assert synced_tables(bench.project.run()) == {"acme.Items"}


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_that_the_service_refuses_are_not_kept(
    bench: Bench, kind: AuthenticationType
) -> None:
    """A mistyped one is found at once, and an account that is there stays (A6)."""
    fields, typed = KINDS[kind]
    bench.service.server.answer = lambda _: Answer(status=401, body=b'{"error": "no"}')
    declare(bench, kind, fields)
    for key in typed:
        name = f"ACME_{key.upper().replace('-', '_')}"
        bench.project.monkeypatch.setenv(name, typed[key])
    ran = bench.connect()
    assert ran.code == 1
    assert "PLANTED" not in ran.output
    assert bench.account_files == []


def test_what_is_typed_is_asked_for_by_name(bench: Bench) -> None:
    """In the pack's order, one line each (A1)."""
    bench.service.server.answer = answer
    declare(bench, AuthenticationType.WEB_BASIC, {})
    ran = bench.run("connect", "acme", typed="ada\npass word ")
    assert ran.code == 0, ran.output
    [file] = bench.account_files
    kept = json.loads(file.read_bytes())["credentials"]
    assert kept == {"username": "ada", "password": "pass word "}


def test_a_pack_without_credentials(bench: Bench) -> None:
    """There is nothing to connect (A1)."""
    declare(bench, AuthenticationType.NONE, {})
    ran = bench.connect()
    assert ran.code == 1
    assert "acme needs no credentials" in ran.output


def test_without_a_name_a_page_is_read(bench: Bench) -> None:
    """The first page of the first table that can be read (A6)."""
    bench.switch_on(get_connection_name=None)
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Verified by a page of Items." in ran.output
    assert not (bench.project.folder / "warehouse.duckdb").exists()


def test_an_endpoint_per_tenant(bench: Bench) -> None:
    """It is asked for, completed, and kept; authorization and token URL may be below it (A9)."""
    bench.switch_on(
        {"endpoint": None},
        requires_endpoint_url=True,
        authorization_url="/authorize",
        token_url="/token",
    )
    ran = bench.connect("--endpoint", f"{bench.service.url}/")
    assert ran.code == 0, ran.output
    [file] = bench.account_files
    assert json.loads(file.read_bytes())["endpoint"] == bench.service.url
    assert synced_tables(bench.project.run()) == {"acme.Items"}


@pytest.mark.parametrize(
    "given", ["https://evil.example", "http://acme.example.com", "https://ada:pw@acme.example.com"]
)
def test_an_endpoint_that_requests_may_not_go_to(bench: Bench, given: str) -> None:
    """It is refused before anything is asked (A9, F4)."""
    pack = bench.switch_on(
        {"endpoint": None}, requires_endpoint_url=True, endpoint_domain="example.com"
    )
    pack.add_network_domain("example.com")
    ran = bench.connect("--endpoint", given)
    assert ran.code == 1
    assert "The endpoint cannot be used" in ran.output
    assert bench.service.server.requests == []


def test_an_endpoint_of_the_tokens_answer(bench: Bench) -> None:
    """As `endpointKey` names it (A9)."""
    bench.service.twists["/token"] = lambda _, __: tokens(
        bench.service, instance_url=bench.service.url
    )
    bench.switch_on({"endpoint": None}, endpoint_key="instance_url")
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_an_endpoint_of_somebody_elses(bench: Bench) -> None:
    """An answer cannot lead requests to another host (A9, F4)."""
    bench.service.twists["/token"] = lambda _, __: tokens(
        bench.service, instance_url="https://evil.example"
    )
    bench.switch_on({"endpoint": None}, endpoint_key="instance_url")
    ran = bench.connect()
    assert ran.code == 1
    assert "'evil.example' is not on a network domain" in ran.output
    assert bench.account_files == bench.token_files == []


@pytest.mark.parametrize("count", [1, 2])
def test_an_endpoint_is_chosen_after_the_consent(bench: Bench, count: int) -> None:
    """`postSetup` lists those that the account may use; of one there is no choice (A9)."""

    def sites(context: Any) -> Sequence[Any]:
        context.fetcher.fetch(url=f"{bench.service.url}/me")
        others = [{"display": "Other site", "value": "https://other.example"}] * (count - 1)
        return [*others, {"display": "Our site", "value": bench.service.url}]

    step = {"type": "SetEndPoint", "name": "site", "description": "Which?", "getOptions": sites}
    bench.switch_on({"endpoint": None}, post_setup=[step])
    typed = "0\nx\n2" if count > 1 else ""
    ran = bench.run("connect", "acme", "--from-env", typed=typed)
    assert ran.code == 0, ran.output
    assert ("2. Our site" in ran.output) is (count > 1)
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_no_endpoint_to_choose(bench: Bench) -> None:
    """Nothing is kept of an account that may use no site (A9)."""

    def no_sites(_: Any) -> Sequence[Any]:
        return []

    step = {"name": "site", "get_options": no_sites}
    bench.switch_on({"endpoint": None}, post_setup=[step])
    ran = bench.connect()
    assert ran.code == 1
    assert "may use none of the service's sites" in ran.output
    assert bench.account_files == bench.token_files == []


def test_variables_that_are_not_set_are_named(bench: Bench) -> None:
    """All at once (A6)."""
    declare(bench, AuthenticationType.WEB_BASIC, {})
    ran = bench.connect()
    assert ran.code == 1
    assert "not set, or empty: ACME_USERNAME" in ran.output


def test_a_variable_that_wins_is_told_of(bench: Bench) -> None:
    """Connecting would have no effect (A5)."""
    declare(bench, AuthenticationType.HEADER_BEARER_TOKEN, {})
    bench.project.monkeypatch.setenv("MY_TOKEN", "PLANTED")
    file = next(bench.project.folder.rglob("defs.yaml"))
    file.write_text(
        file.read_text().replace(
            "allow_http", "credentials: {token: {env: MY_TOKEN}}\n      allow_http"
        )
    )
    ran = bench.connect()
    assert ran.code == 1
    assert "the environment gives token of acme default (MY_TOKEN), which wins" in ran.output


def test_what_is_asked_of_a_person() -> None:
    """With OAuth2 the client alone; the consent gives the rest (A6)."""
    from pack_sdk.authentication import make_authentication

    oauth = make_authentication(type="OAuth2", token_url="https://x.example/token")
    assert keys_to_ask(oauth) == ("client_id", "client_secret")
