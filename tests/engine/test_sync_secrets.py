"""No secret leaves a sync: not by the log, the ledger, an error, or what led to it."""

import json
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import Authentication, AuthenticationType, StatusCodeError
from pack_sync.engine.full_or_incremental import ModeRequest
from pack_sync.engine.sync_failures import SyncFailedError
from pack_sync.engine.sync_tables import LogLine, TableFailed, TableRuns
from tests.engine.sync_harness import Engine, Scripted, last_page, local_connection
from tests.http_server import Answer, HttpServer, SeenRequest

TOKEN = "tok-8c1f/39+aa"
BEARER = Authentication(type=AuthenticationType.HEADER_BEARER_TOKEN)


@dataclass(frozen=True)
class FrozenError(Exception):
    """An exception whose attributes cannot be set, as packs may have them."""

    detail: str


@pytest.fixture
def server() -> Iterator[HttpServer]:
    """An API that repeats the credentials it was sent: with 500, or with 200 at /echo."""
    running = HttpServer()

    def echo(request: SeenRequest) -> Answer:
        status = 200 if request.path == "/echo" else 500
        body = json.dumps({"error": f"cannot use {request.headers.get('authorization')}"})
        return Answer(status=status, body=body.encode())

    running.answer = echo
    yield running
    running.close()


def engine_of(folder: Path, server: HttpServer, *steps: Any) -> Engine:
    """An engine with a bearer token for that server."""
    return Engine(
        folder=folder,
        execute=Scripted(*steps),
        authentication=BEARER,
        connection=local_connection(endpoint=server.url, credentials={"token": TOKEN}),
    )


def fetch_items(_: Any, context: Any) -> None:
    """A step that gets the error."""
    context.fetcher.fetch(url="/items")


def echoed(context: Any) -> str:
    """The token, which the pack has found out."""
    text = context.fetcher.fetch(url="/echo").body["error"]
    assert TOKEN in text
    return text


def assert_no_secret(engine: Engine, server: HttpServer, text: str) -> None:
    """The token went to the server, and is in none of our texts, which have its stand-in."""
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    for where in (text, engine.log_text, engine.everything_stored()):
        assert TOKEN not in where
        assert "[secret]" in where


def failed(engine: Engine) -> str:
    """Sync, which fails, and return the whole chain of errors as text."""
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    return "".join(traceback.format_exception(failure.value))


def test_a_token_in_an_error_of_the_api_is_redacted(tmp_path: Path, server: HttpServer) -> None:
    """An API that repeats the token in its error does not spread it (contract A4)."""
    engine = engine_of(tmp_path, server, fetch_items, fetch_items)
    engine.configure(attempts=2)
    text = failed(engine)
    assert "StatusCodeError" in text
    assert_no_secret(engine, server, text)


def test_the_error_in_the_chain_has_no_secret_in_its_attributes(
    tmp_path: Path, server: HttpServer
) -> None:
    """The body that a `StatusCodeError` holds is redacted as well (contract A4)."""
    engine = engine_of(tmp_path, server, fetch_items)
    with pytest.raises(SyncFailedError) as failure:
        engine.sync()
    cause = failure.value.__cause__
    assert isinstance(cause, StatusCodeError)
    assert cause.body == cause.response.body == {"error": "cannot use Bearer [secret]"}


def test_the_next_attempt_is_told_without_the_secret(tmp_path: Path, server: HttpServer) -> None:
    """The pack never holds its credentials, not by previousAttemptError either (A2, A4)."""
    execute = Scripted(fetch_items, last_page("t1"))
    engine = engine_of(tmp_path, server)
    engine.execute = execute
    engine.configure(attempts=2)
    engine.sync()
    told = execute.contexts[1].previous_attempt_error
    assert told is not None
    assert "[secret]" in told.message
    assert TOKEN not in told.message


@pytest.mark.parametrize("kind", [ValueError, KeyError, OSError, FrozenError])
def test_a_secret_in_an_error_of_the_pack_is_redacted(
    tmp_path: Path, server: HttpServer, kind: type[Exception]
) -> None:
    """A pack that got hold of the token and raises it does not spread it (contract A4)."""

    def step(_: Any, context: Any) -> None:
        context.logger.info(echoed(context))
        raise kind(echoed(context))

    engine = engine_of(tmp_path, server, step)
    text = failed(engine)
    assert kind.__name__ in text
    assert_no_secret(engine, server, text)
    assert engine.ledger()[0]["error_message"].startswith(kind.__name__)


def test_a_secret_in_what_led_to_an_error_is_redacted(tmp_path: Path, server: HttpServer) -> None:
    """Causes, contexts, notes and what `onError` raises are redacted too (A4, C22)."""

    def step(_: Any, context: Any) -> None:
        text = echoed(context)
        try:
            raise LookupError(text)
        except LookupError as error:
            raise ValueError("no rows") from error

    def worse(context: Any, error: Exception) -> None:
        error.add_note(echoed(context))
        raise RuntimeError(echoed(context))

    engine = engine_of(tmp_path, server, step)
    engine.on_error = worse
    text = failed(engine)
    assert all(name in text for name in ("LookupError", "ValueError", "RuntimeError"))
    engine.log.append(("info", "[secret]"))  # nothing of this one is logged
    assert_no_secret(engine, server, text)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_secret_that_a_pack_logs_is_redacted(
    tmp_path: Path, server: HttpServer, level: str
) -> None:
    """Lines of `context.logger` name the table and have no secret (contract A4)."""

    def step(_: Any, context: Any) -> Any:
        getattr(context.logger, level)(echoed(context))
        return last_page("t1")

    engine = engine_of(tmp_path, server, step)
    engine.sync()
    assert (level, "acme.Items: cannot use Bearer [secret]") in engine.log
    assert TOKEN not in engine.log_text


def test_the_message_about_rejected_parameters_is_redacted(
    tmp_path: Path, server: HttpServer
) -> None:
    """What `validateParameters` found out of the API has no secret either (A4, C21)."""

    def validate(context: Any, _: Any) -> Any:
        return {"isValid": False, "message": echoed(context)}

    engine = engine_of(tmp_path, server)
    engine.validate_parameters = validate
    text = failed(engine)
    assert "cannot use Bearer [secret]" in text
    assert TOKEN not in text + engine.everything_stored()


def test_a_failed_table_of_a_run_shows_no_secret(tmp_path: Path, server: HttpServer) -> None:
    """Message and traceback of `TableFailed` and the lines of the log are redacted (A4)."""
    engine = engine_of(tmp_path, server, fetch_items)
    runs = TableRuns(max_parallel=1)
    with engine.prepared() as sync:
        mine = replace(sync, log=runs.log, cancelled=runs.cancelled)
        events = list(runs.run([mine], engine.warehouse, ModeRequest()))
    failure = events[-1]
    assert isinstance(failure, TableFailed)
    for text in (failure.message, failure.details):
        assert "[secret]" in text
    assert any(isinstance(event, LogLine) for event in events)
    assert all(TOKEN not in str(event) for event in events)
