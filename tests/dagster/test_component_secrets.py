"""Credentials are environment variables; their values are in nothing that Dagster stores."""

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap

from pack_sdk import Pack, SyncExecutionContext
from tests.dagster.dagster_project import DagsterProject, open_project, pack_of, synced_tables
from tests.engine.sync_harness import items
from tests.http_server import Answer, HttpServer, SeenRequest

TOKEN = "tok-5e1f-PLANTED-93ac"
VARIABLE = "ACME_TOKEN_OF_TESTS"
MARKER = "unharmed-marker"


def answer(request: SeenRequest) -> Answer:
    """Items for whoever has the token; at /leak an error that repeats it."""
    given = request.headers.get("authorization", "")
    if request.path == "/leak" or given != f"Bearer {TOKEN}":
        return Answer(status=400, body=json.dumps({"error": f"{MARKER} {given}"}).encode())
    return Answer(body=json.dumps({"items": items(a="1", b="2")}).encode())


def sync_items(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
    """All items; needs the token."""
    body = context.fetcher.fetch(url="/items").body
    context.logger.info(f"{MARKER} has {len(body['items'])} items")
    return {"result": body["items"], "completion": {"incrementalContinuation": MARKER}}


def sync_leaky(_args: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Gets the error, whose text is logged and raised."""
    context.fetcher.fetch(url="/leak")


def token_pack() -> Pack:
    """A pack whose API wants a bearer token."""
    pack = pack_of(Items=sync_items, Leaky=sync_leaky)
    pack.set_authentication(type="HeaderBearerToken")
    return pack


@dataclass(frozen=True, kw_only=True)
class TokenRun:
    """A run of the pack, with all that it left behind."""

    project: DagsterProject
    server: HttpServer
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Generator[TokenRun]:
    """One run, on an instance on disk; Items succeeds and Leaky fails."""
    server = HttpServer()
    server.answer = answer
    connection = {
        "endpoint": server.url,
        "allow_http_localhost": True,
        "credentials": {"token": {"env": VARIABLE}},
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        open_project(tmp_path_factory.mktemp("secrets"), patch, stored=True) as project,
    ):
        patch.setenv(VARIABLE, TOKEN)
        project.switch_on_pack("acme", token_pack(), connections={"default": connection})
        yield TokenRun(project=project, server=server, result=project.run())
    server.close()


def files_below(folder: Path) -> dict[str, bytes]:
    """The contents of all files."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_token_reaches_the_api(run: TokenRun) -> None:
    """The credential is put on the request outside the pack (contract A2)."""
    assert synced_tables(run.result) == {"acme.Items"}
    assert run.project.query("SELECT id FROM acme.Items ORDER BY id") == [("a",), ("b",)]
    assert {request.headers["authorization"] for request in run.server.requests} == {
        f"Bearer {TOKEN}"
    }


def test_the_resource_holds_the_variables_name(run: TokenRun) -> None:
    """The value is read when a run starts, so that a renewed token needs no reload."""
    resource: Any = dict(run.project.definitions().resources or {})["acme_pack"]
    credential = resource.connections["default"].credentials["token"]
    assert isinstance(credential, dg.EnvVar)
    assert credential.env_var_name == VARIABLE
    assert TOKEN not in repr(resource)


@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`")  # Dagster's
def test_the_repositorys_snapshot_has_no_secret(run: TokenRun) -> None:
    """What the UI is told of assets, jobs and resources names only the variable (A4)."""
    repository = run.project.definitions().get_repository_def()
    snapshot = dg.serialize_value(RepositorySnap.from_def(repository))
    assert VARIABLE in snapshot
    assert TOKEN not in snapshot


def test_the_run_has_no_secret(run: TokenRun) -> None:
    """Neither its config and tags nor its event log, failure included (contract A4)."""
    stored = run.project.instance.get_run_by_id(run.result.run_id)
    assert stored is not None
    assert TOKEN not in f"{stored.run_config} {stored.tags}"
    entries = run.project.instance.all_logs(run.result.run_id)
    text = "\n".join(dg.serialize_value(entry) for entry in entries)
    assert f"{MARKER} Bearer [secret]" in text
    assert TOKEN not in text


def test_no_file_of_the_instance_has_the_secret(run: TokenRun) -> None:
    """Runs, events, snapshots, compute logs: searched byte by byte (contract A4)."""
    files = files_below(run.project.folder)
    assert any(name.endswith(".err") for name in files), "there are compute logs"
    with_marker = {name for name, content in files.items() if MARKER.encode() in content}
    assert any(".db" in name for name in with_marker), "the search finds what is there"
    assert [name for name, content in files.items() if TOKEN.encode() in content] == []


def test_no_row_of_the_warehouse_has_the_secret(run: TokenRun) -> None:
    """Synced rows, ledger, cursors and rejects; DuckDB packs text, so SQL looks too (A4)."""
    with duckdb.connect(run.project.warehouse, read_only=True) as connection:
        tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()")
        text = "\n".join(
            str(connection.execute(f'FROM "{schema}"."{table}"').fetchall())
            for schema, table in tables.fetchall()
        )
    assert f"{MARKER} Bearer [secret]" in text
    assert TOKEN not in text


def test_nothing_is_left_of_the_spool(run: TokenRun) -> None:
    """Pages are on disk only while their sync runs, the failed one's too."""
    spool = run.project.folder / ".dagster" / "spool"
    assert list(spool.rglob("spool-*")) == []
