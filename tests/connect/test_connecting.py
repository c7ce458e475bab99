"""`packsync connect`: from nothing to a verified account that a sync uses (contract A6)."""

import base64
import hashlib
import json
import re

import pytest

from tests.connect import bench as benches
from tests.connect.authorization_server import CLIENT_ID, CLIENT_SECRET, SCOPES
from tests.connect.bench import Bench
from tests.dagster import dagster_project
from tests.dagster.dagster_project import synced_tables

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench


def test_from_nothing_to_a_sync(bench: Bench) -> None:
    """Browser, consent, code, tokens, account; then a run needs nothing else (A5, A6)."""
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Connected acme default as Ada Lovelace." in ran.output
    assert "Verified by the pack's getConnectionName." in ran.output
    assert "Scopes granted: read, write" in ran.output
    [account] = bench.account_files
    assert str(account) in ran.output.replace("\n", "")
    assert bench.pages[0].status_code == 200
    assert "You may close this window" in bench.pages[0].text
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_what_the_service_is_asked(bench: Bench) -> None:
    """PKCE with S256, a state of 256 bits, the exact redirect address, the scopes (A6)."""
    bench.switch_on(additional_params={"access_type": "offline", "state": "mine"}, resource="urn:x")
    bench.connect()
    [asked], [exchange, refresh] = bench.service.asked("/authorize"), bench.service.asked("/token")
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT_ID
    assert asked["scope"] == " ".join(SCOPES)
    assert asked["access_type"] == "offline"
    assert asked["resource"] == exchange["resource"] == "urn:x"
    assert len(base64.urlsafe_b64decode(asked["state"] + "=")) == 32
    digest = hashlib.sha256(exchange["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert asked["code_challenge_method"] == "S256"
    assert exchange["redirect_uri"] == asked["redirect_uri"]
    assert refresh["grant_type"] == "refresh_token"


def test_what_is_to_be_registered_is_said_first(bench: Bench) -> None:
    """The exact redirect address, the scopes, where; and how the port is chosen (A6)."""
    bench.switch_on(instructions_url="https://docs.example.com/oauth")
    output = bench.connect().output
    [asked] = bench.service.asked("/authorize")
    assert f"Redirect address: {asked['redirect_uri']}" in output
    assert "choose one with --port" in output
    assert "Scopes: read, write" in output
    assert "as https://docs.example.com/oauth says" in output


def test_a_rotating_refresh_token_is_told_of(bench: Bench) -> None:
    """A refresh is tried at once, and its new token is the one that is kept (A3, A6)."""
    bench.switch_on()
    ran = bench.connect()
    assert "The refresh token changes with each use" in ran.output
    [file] = bench.token_files
    kept = json.loads(file.read_bytes())
    assert kept["refresh_token"] in bench.service.validator.refresh
    assert kept["access_token"] in bench.service.validator.access
    [account] = bench.account_files
    assert json.loads(account.read_bytes())["credentials"]["refresh_token"] != kept["refresh_token"]


def test_one_that_stays_is_not(bench: Bench) -> None:
    """No warning of what does not happen (A6)."""
    bench.service.validator.rotate = False
    bench.switch_on()
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Warning" not in ran.output


def test_a_connected_account_is_not_replaced_unasked(bench: Bench) -> None:
    """--reconnect replaces it, and asks for no client again (A6)."""
    bench.switch_on()
    bench.connect()
    before = bench.account_files[0].read_bytes()
    again = bench.connect()
    assert again.code == 1
    assert "is connected as Ada Lovelace. --check looks at it, --reconnect" in again.output
    assert bench.account_files[0].read_bytes() == before
    for name in ("ACME_CLIENT_ID", "ACME_CLIENT_SECRET"):
        bench.project.monkeypatch.delenv(name)
    again = bench.connect("--reconnect")
    assert again.code == 0
    assert bench.account_files[0].read_bytes() != before
    assert "must allow this:" in again.output


def test_another_consent_has_the_redirect_address_of_the_first(bench: Bench) -> None:
    """The service may know that address and no other (A6)."""
    bench.switch_on()
    addresses = [
        re.findall("Redirect address: (.*)", bench.connect(*options).output)
        for options in ([], ["--reconnect"])
    ]
    assert len(addresses[0]) == 1
    assert addresses[0] == addresses[1]


def test_a_client_without_a_secret(bench: Bench) -> None:
    """PKCE proves who asks; no secret is wanted, and none is sent (A1, A6)."""
    bench.service.validator.public = True
    bench.project.monkeypatch.delenv("ACME_CLIENT_SECRET")
    bench.switch_on(use_proof_key_for_code_exchange=True)
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert all("client_secret" not in form for form in bench.service.asked("/token"))
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_the_client_of_the_environment_is_not_kept(bench: Bench) -> None:
    """What the configuration gives stays where it is (A5)."""
    bench.project.monkeypatch.setenv("MY_ID", CLIENT_ID)
    bench.project.monkeypatch.setenv("MY_SECRET", CLIENT_SECRET)
    client = {"client_id": {"env": "MY_ID"}, "client_secret": {"env": "MY_SECRET"}}
    bench.switch_on({"credentials": client})
    ran = bench.connect()
    assert ran.code == 0, ran.output
    [file] = bench.account_files
    assert json.loads(file.read_bytes())["credentials"].keys() == {"refresh_token"}
    assert synced_tables(bench.project.run()) == {"acme.Items"}
