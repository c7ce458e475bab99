"""`packsync connect --check`, `--reconnect` and `--revoke` (contract A5, A6)."""

import json
import re
import time
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from tests.connect import bench as benches
from tests.connect.authorization_server import CLIENT_ID, CLIENT_SECRET, tokens
from tests.connect.bench import Bench
from tests.dagster import dagster_project
from tests.dagster.dagster_project import synced_tables
from tests.http_server import Answer
from tests.warehouses import postgres_database

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench


def test_check_says_whose_and_until_when(bench: Bench) -> None:
    """Account, scopes, last refresh, ends; no secret (A4, A6)."""
    bench.switch_on()
    bench.connect()
    ran = bench.run("connect", "--check")
    assert ran.code == 0, ran.output
    for text in ("acme default: Ada Lovelace", "scopes granted: read, write", "last refresh: 20",
                 "then renewed by itself", "does not say when it ends"):  # fmt: skip
        assert text in ran.output
    assert "PLANTED" not in ran.output


def test_check_of_what_is_not_connected(bench: Bench) -> None:
    """It says how to connect, and exits with 1 (A6)."""
    bench.switch_on()
    ran = bench.run("connect", "--check", "acme")
    assert ran.code == 1
    assert "acme default: connections.default: no account is connected" in ran.output


def test_check_of_an_account_that_was_revoked(bench: Bench) -> None:
    """It exits with 1 and names the command (A6)."""
    bench.switch_on()
    bench.connect()
    bench.service.validator.access.clear()
    bench.service.validator.refresh.clear()
    ran = bench.run("connect", "--check")
    assert ran.code == 1
    assert "acme default: does not work" in ran.output
    assert "`packsync connect acme default --reconnect`" in ran.output


def test_check_of_an_end_that_is_near(bench: Bench) -> None:
    """It says when, and what to do (A6)."""
    bench.service.twists["/token"] = lambda _, __: tokens(
        bench.service, refresh_token_expires_in=3 * 86_400
    )
    bench.switch_on()
    bench.connect()
    assert "connect again with --reconnect" in bench.run("connect", "--check").output


def test_check_of_an_account_of_the_environment(bench: Bench) -> None:
    """The variables are named (A5)."""
    patch = bench.project.monkeypatch
    bench.service.server.answer = lambda _: Answer(body=b'{"name": "Ada"}')
    bench.switch_on(
        {"credentials": {"token": {"env": "MY_TOKEN"}}},
        type="HeaderBearerToken",
        token_url=None,
    )
    patch.setenv("MY_TOKEN", "PLANTED")
    ran = bench.run("connect", "--check")
    assert ran.code == 0, ran.output
    assert "acme default: Ada" in ran.output
    assert "from the environment: MY_TOKEN" in ran.output


def test_revoke_ends_the_consent(bench: Bench) -> None:
    """By the refresh token that is valid now; then nothing is left here (A6)."""
    bench.switch_on()
    bench.connect()
    [file] = bench.token_files
    current = json.loads(file.read_bytes())["refresh_token"]
    ran = bench.run("connect", "acme", "--revoke")
    assert ran.code == 0, ran.output
    assert "is not connected any more; its credentials are deleted." in ran.output
    [asked] = bench.service.asked("/revoke")
    assert (asked["token"], asked["token_type_hint"]) == (current, "refresh_token")
    assert (asked["client_id"], asked["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
    assert bench.account_files == bench.token_files == []
    assert not bench.project.run().success


@pytest.mark.parametrize(
    ("answer", "kept", "text"),
    [
        (Answer(status=503), True, "is not revoked, and the account is kept"),
        (Answer(drop=True), True, "dropped the connection"),
        (
            Answer(status=400, body=b'{"error": "unsupported_token_type"}'),
            False,
            "did not revoke the consent (status 400, unsupported_token_type)",
        ),
    ],
)
def test_revoking_that_does_not_work(bench: Bench, answer: Answer, kept: bool, text: str) -> None:
    """What passes can be tried again; what does not is said (A6)."""
    bench.switch_on()
    bench.connect()
    bench.service.twists["/revoke"] = lambda _, __: answer
    ran = bench.run("connect", "acme", "--revoke")
    assert text in ran.output
    assert ran.code == (1 if kept else 0)
    assert bool(bench.account_files) is kept


def test_a_service_that_cannot_revoke(bench: Bench) -> None:
    """The account is forgotten, and what is left to do is said (A6)."""
    bench.switch_on(revocation_url=None)
    bench.connect()
    ran = bench.run("connect", "acme", "--revoke")
    assert ran.code == 0
    assert "end the consent at the service yourself" in ran.output
    assert bench.account_files == []
    again = bench.run("connect", "acme", "--revoke")
    assert again.code == 1
    assert "no account is connected for acme default" in again.output


def test_an_account_that_is_replaced_by_another(bench: Bench) -> None:
    """That it is another one is said, with what it means for the rows (A6)."""
    bench.switch_on()
    bench.connect()
    bench.service.twists["/me"] = lambda _, __: Answer(body=b'{"name": "Grace Hopper"}')
    ran = bench.connect("--reconnect")
    assert "before it was Ada Lovelace" in ran.output
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_a_failed_reconnect_leaves_the_account(bench: Bench) -> None:
    """Denied, refused or stopped: syncs go on with the one before (A6)."""
    bench.switch_on()
    bench.connect()
    before = bench.account_files[0].read_bytes()
    bench.service.twists["/token"] = lambda seen, answer: (
        Answer(status=400, body=b'{"error": "invalid_grant"}')
        if b"authorization_code" in seen.body
        else answer
    )
    assert bench.connect("--reconnect").code == 1
    assert bench.account_files[0].read_bytes() == before
    assert synced_tables(bench.project.run()) == {"acme.Items"}


def test_an_account_of_a_lake_in_postgres(bench: Bench, tmp_path: Path) -> None:
    """It is kept there, for all machines, and in no file (A4, A5)."""
    database = postgres_database(tmp_path)
    address = f'path="ducklake:postgres:{database}"'
    definitions = bench.project.folder / bench.project.module / "definitions.py"
    text = definitions.read_text()
    definitions.write_text(text.replace('path="warehouse.duckdb"', address))
    bench.switch_on()
    without_key = bench.connect()
    assert without_key.code == 1
    assert "the environment has no PACK_SYNC_STATE_KEY" in without_key.output
    assert bench.service.server.requests == []  # nobody consented in vain
    bench.project.monkeypatch.setenv("PACK_SYNC_STATE_KEY", Fernet.generate_key().decode())
    ran = bench.connect()
    assert ran.code == 0, ran.output
    assert "Kept in pack_sync.credentials of postgres:" in ran.output
    assert "acme default: Ada Lovelace" in bench.run("connect", "--check").output
    with psycopg.connect(database) as postgres:
        rows = postgres.execute("SELECT * FROM pack_sync.credentials").fetchall()
    assert len(rows) == 2
    assert "PLANTED" not in str(rows)
    assert bench.run("connect", "acme", "--revoke").code == 0
    assert bench.account_files == bench.token_files == []
    assert bench.run("connect", "--check").code == 1


def test_what_is_kept_is_dated(bench: Bench) -> None:
    """In seconds since 1970 (A5)."""
    bench.switch_on()
    bench.connect()
    assert abs(json.loads(bench.account_files[0].read_bytes())["connected_at"] - time.time()) < 300


def test_what_the_command_asks_counts(bench: Bench) -> None:
    """An account's budget knows of it, as of all that is asked (F8)."""
    bench.switch_on({"rate": "1000/day"})
    bench.connect()
    (before,) = re.findall(r"([\d,]+) of 1,000 requests per day used", bench.run("status").output)
    bench.run("connect", "--check", "acme")
    (after,) = re.findall(r"([\d,]+) of 1,000 requests per day used", bench.run("status").output)
    assert 0 < int(before) < int(after)
