"""One run in which everybody repeats secrets: the API, the pack, and what they lead to (A4).

Four connections with four kinds of credentials. Then every byte that is left is searched:
Dagster's storage and compute logs, the warehouse with its .wal, spools, and what was printed.
"""

import base64
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import dagster as dg
import pytest

from pack_sdk import Pack, SyncExecutionContext
from tests.dagster.dagster_project import DagsterProject, open_project
from tests.engine.sync_harness import ITEM, items
from tests.http_server import Answer, HttpServer, SeenRequest

SECRETS = {
    "bearer": "bearer-5e1f/PLANTED+93ac",
    "query": "query-PLANTED&7b=21",
    "header": "header-PLANTED 4c11",
    "password": "password-PLANTED:88",
}
AUTHENTICATION: dict[str, dict[str, Any]] = {
    "bearer": {"type": "HeaderBearerToken"},
    "query": {"type": "QueryParamToken", "param_name": "key"},
    "header": {"type": "CustomHeaderToken", "header_name": "X-Key"},
    "password": {"type": "WebBasic"},
}
MARKER = "unharmed-marker"


def forms(secret: str) -> set[bytes]:
    """The spellings in which a secret may be somewhere."""
    pair = f"user:{secret}"
    texts = [secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]]
    texts += [base64.b64encode(text.encode()).decode().rstrip("=") for text in (secret, pair)]
    return {text.encode() for text in texts}


def repeating(request: SeenRequest) -> Answer:
    """Whatever was sent comes back: in the body, in headers, in a redirect, in an error."""
    given = {**request.headers, **{name: values[0] for name, values in request.query.items()}}
    seen = {name: given[name] for name in ("authorization", "x-key", "key") if name in given}
    (value,) = seen.values()
    body = json.dumps({"marker": MARKER, "echo": value, "plain": value.split()[-1]}).encode()
    headers = {"X-Echo": value, "Link": f"</?key={quote(value)}>"}
    if request.path == "/redirect":
        location = f"https://evil.example/?key={quote(value)}"
        return Answer(status=302, headers={"Location": location})
    if request.path == "/half":
        return Answer(body=body[:-3], headers=headers)
    return Answer(status=200 if request.path == "/ok" else 400, body=body, headers=headers)


def echoed(context: SyncExecutionContext) -> dict[str, str]:
    """What the API repeats: the pack gets hold of its credential."""
    return context.fetcher.fetch(url="/ok").body


def logs(_: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Logs it at every level and puts it into continuation and cursor."""
    if context.sync.continuation:
        return {"completion": {"incrementalContinuation": context.sync.continuation}}
    found = echoed(context)
    for level in ("debug", "info", "warning", "error"):
        getattr(context.logger, level)(f"{MARKER} {found} {found['plain']}")
    link = f"/items?key={quote(found['echo'])}&page=2"
    return {"result": items(a="1"), "continuation": {"next": link, "of": found["echo"]}}


def raises(_: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Raises it, with causes and notes."""
    found = echoed(context)
    try:
        raise KeyError(found["echo"])
    except KeyError as error:
        error.add_note(f"{MARKER} {found['plain']}")
        raise RuntimeError(MARKER, found) from error


def mistakes(_: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Stumbles over it; its name is in the error."""
    return {MARKER: 1}[echoed(context)["echo"]]


def circles(_: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Returns it as an endless continuation."""
    return {"continuation": {"at": echoed(context)["plain"]}}


def stops(_: Sequence[Any], context: SyncExecutionContext) -> Any:
    """Fails on its second page, so that the first one is kept to be gone on from (D9)."""
    if context.sync.continuation:
        raise RuntimeError(MARKER)
    link = f"/items?key={quote(echoed(context)['echo'])}"
    return {"result": items(a=MARKER), "continuation": {"next": link}}


def fetches(path: str) -> Any:
    """A table that fetches a path which fails."""

    def execute(_: Sequence[Any], context: SyncExecutionContext) -> Any:
        return context.fetcher.fetch(url=path, method="POST")

    return execute


TABLES = {
    "Logs": logs,
    "Raises": raises,
    "Mistakes": mistakes,
    "Circles": circles,
    "Stops": stops,
    "Refused": fetches("/refused"),
    "Redirected": fetches("/redirect"),
    "Half": fetches("/half"),
    "Unknown": fetches("https://unknown.example/"),
}


def pack_with(kind: str) -> Pack:
    """A pack whose tables all mishandle their credential."""
    pack = Pack()
    for name, execute in TABLES.items():
        pack.add_sync_table(name=name, identity_name=name, schema=ITEM, execute=execute)
    pack.set_authentication(**AUTHENTICATION[kind])
    return pack


@dataclass(frozen=True, kw_only=True)
class Run:
    """The run, and all that is left of it."""

    project: DagsterProject
    server: HttpServer
    result: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Generator[Run]:
    """One run of all four packs, on an instance on disk."""
    server = HttpServer()
    server.answer = repeating
    folder = tmp_path_factory.mktemp("secrets")
    with pytest.MonkeyPatch.context() as patch, open_project(folder, patch, stored=True) as project:
        for kind, secret in SECRETS.items():
            patch.setenv(f"SECRET_{kind}", secret)
            patch.setenv("USER_OF_TESTS", "user")
            credentials = {"token": {"env": f"SECRET_{kind}"}}
            if kind == "password":
                credentials = {
                    "username": {"env": "USER_OF_TESTS"},
                    "password": credentials["token"],
                }
            connection = {
                "endpoint": server.url,
                "allow_http_localhost": True,
                "credentials": credentials,
            }
            project.switch_on_pack(kind, pack_with(kind), connections={"default": connection})
        yield Run(project=project, server=server, result=project.run())
    server.close()


def found_in(content: bytes) -> list[str]:
    """The kinds of secrets that are in there, in any spelling."""
    return [kind for kind, secret in SECRETS.items() if any(f in content for f in forms(secret))]


def test_everything_went_wrong_as_planned(run: Run) -> None:
    """Every credential was sent and repeated; of each pack one table is synced, seven failed."""
    sent = str([(request.headers, request.query) for request in run.server.requests]).encode()
    assert found_in(sent) == list(SECRETS)
    lines = run.project.query("SELECT pack, status, count(*) FROM _sync.runs GROUP BY ALL")
    assert sorted(lines) == sorted(
        (kind, status, count)
        for kind in SECRETS
        for status, count in (("succeeded", 1), ("failed", len(TABLES) - 1))
    )


def test_no_file_has_a_secret(run: Run) -> None:
    """Runs, events, compute logs, the warehouse, byte by byte; the search finds the marker."""
    files = [file for file in run.project.folder.rglob("*") if file.is_file()]
    with_marker = {file.suffix for file in files if MARKER.encode() in file.read_bytes()}
    assert {".db", ".err", ".duckdb"} <= with_marker
    assert {
        str(file): found_in(file.read_bytes()) for file in files if found_in(file.read_bytes())
    } == {}


def test_no_value_of_the_warehouse_has_a_secret(run: Run) -> None:
    """DuckDB packs what it writes, so it is asked too: rows, ledger, cursors, history."""
    tables = run.project.query("SELECT schema_name, table_name FROM duckdb_tables()")
    text = str([run.project.query(f'FROM "{schema}"."{table}"') for schema, table in tables])
    assert "[secret]" in text
    assert found_in(text.encode()) == []


def test_nothing_of_the_run_has_a_secret(run: Run) -> None:
    """Its record, its events with all failures and their causes, its tags and metadata."""
    stored = run.project.instance.get_run_by_id(run.result.run_id)
    entries = run.project.instance.all_logs(run.result.run_id)
    text = dg.serialize_value(stored) + "".join(dg.serialize_value(entry) for entry in entries)  # type: ignore[arg-type]
    assert text.count("[secret]") > 4 * len(TABLES)
    assert found_in(text.encode()) == []


def test_a_cursor_with_a_credential_is_not_stored(run: Run) -> None:
    """Nor what would be left of it: the next sync is full, and the run says so (A4, C6)."""
    cursors = run.project.query("SELECT pack, cursor, no_cursor_reason FROM _sync.cursors")
    why = "its last full sync ended with a cursor that holds a credential"
    assert sorted(cursors) == [(kind, None, why) for kind in sorted(SECRETS)]
    assert "the cursor holds a credential of the connection" in run.project.logged(run.result)


def test_what_is_kept_of_a_failed_sync(run: Run) -> None:
    """Pages to go on from, for their owner only; the continuation has no credential (A4, D9).

    Only where requests get what was taken out of it.
    """
    spool = run.project.folder / ".dagster" / "spool"
    journals = [
        file for file in spool.rglob("journal.ndjson") if b"continuation" in file.read_bytes()
    ]
    kept = {file.relative_to(spool).parts[:2]: file for file in journals}
    assert {kind for kind, table in kept if table == "Stops"} == {"query"}
    for file in kept.values():
        assert file.parent.stat().st_mode & 0o077 == 0
    assert b"[secret]" in kept["query", "Stops"].read_bytes()
