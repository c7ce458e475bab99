# ruff: noqa: E501  (lines of a pack)
"""The helpers for incremental syncs that packs in TypeScript may have beside them."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer

from pack_sdk import Completion, FetchRequest, FetchResponse, StatusCodeError, SyncState
from pack_sdk.logger import SilentLogger
from pack_sync.cli.helpers import helpers
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.runtimes.typescript import bundle
from pack_sync.runtimes.typescript.build import build_pack
from pack_sync.runtimes.typescript.bundle import HELPERS
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.node_modules import tools_folder
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime
from pack_sync.runtimes.typescript.type_check import type_errors
from tests.runtimes.typescript.packs import Answers, Bench
from tests.runtimes.typescript.sdk import with_sdk

PACK = """
import * as coda from "@codahq/packs-sdk";
import {
  ChangeFeed, Keyset, RetryLater, SyncToken, TimeCursor, fullSyncWhenExpired, nextLink,
} from "./incremental";

export const pack = coda.newPack();
pack.addNetworkDomain("example.com");
const schema = coda.makeObjectSchema({
  properties: { id: { type: coda.ValueType.String }, ownerId: { type: coda.ValueType.String } },
  idProperty: "id",
  displayProperty: "id",
});

pack.addSyncTable({
  name: "Tasks", identityName: "Task", schema,
  formula: {
    name: "Tasks", description: "", parameters: [],
    execute: async function (_, context) {
      const changes = new TimeCursor(context);
      const url = String(changes.nextPage ?? "https://example.com/tasks?since=" + (changes.since?.toISOString() ?? ""));
      const response = await context.fetcher.fetch({ method: "GET", url });
      if (response.body.pause) throw new RetryLater(response.body.pause);
      return changes.page(response.body.rows as { id: string }[], response, {
        nextPage: nextLink(response, url), deletedIds: [7, "c", { ownerId: "7" }],
      });
    },
  },
});

pack.addSyncTable({
  name: "Events", identityName: "Event", schema,
  formula: {
    name: "Events", description: "", parameters: [],
    execute: fullSyncWhenExpired({ statuses: [410], afterDays: 28 }, async function (_: [], context: coda.SyncExecutionContext) {
      const sync = new SyncToken(context);
      const url = "https://example.com/events/" + (sync.token ?? "all") + "/" + (sync.nextPage ?? "");
      const { body } = await context.fetcher.fetch({ method: "GET", url });
      return sync.page(body.rows as { id: string }[], { nextPage: body.next, nextToken: body.token });
    }),
  },
});

pack.addSyncTable({
  name: "Files", identityName: "File", schema,
  formula: {
    name: "Files", description: "", parameters: [],
    execute: async function (_, context) {
      const feed = new ChangeFeed(context);
      const get = async (path: string) =>
        (await context.fetcher.fetch({ method: "GET", url: "https://example.com/" + path })).body;
      if (feed.position === undefined) {
        feed.start ??= (await get("start")).at;
        const body = await get("files/" + (feed.nextPage ?? ""));
        return feed.page(body.rows as { id: string }[], { nextPage: body.next });
      }
      const body = await get("changes/" + feed.position);
      return feed.page(body.rows as { id: string }[], {
        deletedIds: [{ ownerId: 7 }], nextPosition: body.at, more: body.more,
      });
    },
  },
});

type Note = { id: string; at: string };
pack.addSyncTable({
  name: "Notes", identityName: "Note", schema,
  formula: {
    name: "Notes", description: "", parameters: [],
    execute: async function (_, context) {
      const notes = new Keyset<Note>(context, {
        key: note => note.at, id: note => note.id, pageSize: 3,
      });
      const url = "https://example.com/notes/" + (notes.after ?? "");
      return notes.page((await context.fetcher.fetch({ method: "GET", url })).body);
    },
  },
});
"""
STRICT = '{"compilerOptions": {"target": "es2020", "module": "commonjs", "lib": ["es2020", "dom"],\
 "moduleResolution": "node", "strict": true, "noUncheckedIndexedAccess": true}, "files": ["pack.ts"]}'
BEGAN = datetime(2025, 3, 1, 12, tzinfo=UTC)
DATE = {"date": "Sat, 01 Mar 2025 11:59:00 GMT"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack with the helpers beside it."""
    monkeypatch.setattr(bundle, "builds_folder", lambda: tmp_path / "builds")
    folder = with_sdk(tmp_path / "tracker")
    (folder / "pack.ts").write_text(PACK)
    shutil.copy(HELPERS, folder)
    return folder


@contextmanager
def opened(folder: Path, table: str, fetcher: Answers) -> Generator[PackSession]:
    """A child with the pack."""
    built = build_pack(folder, lambda _: None)
    runtime = TypeScriptRuntime(read_manifest(built.manifest), built.bundle)
    session = runtime.open(
        table,
        CallEnvironment(
            fetcher=fetcher, logger=SilentLogger(), endpoint=None, page_timeout_seconds=60
        ),
    )
    try:
        yield session
    finally:
        session.close()


def state(cursor: Any = None, continuation: Any = None) -> SyncState:
    """The state of a page."""
    previous = Completion(incremental_continuation=cursor) if cursor else None
    return SyncState(continuation=continuation, previous_completion=previous, started_at=BEGAN)


def answer(body: Any, **headers: str) -> FetchResponse:
    """An answer with that body."""
    return FetchResponse(status=200, headers=headers, body=body)


def test_the_types_are_strict(folder: Path) -> None:
    """The compiler finds nothing wrong with a pack that uses all of them."""
    (folder / "tsconfig.json").write_text(STRICT)
    build_pack(folder, lambda _: None)
    assert type_errors(folder / "pack.ts", tools_folder(lambda _: None)) == []


def test_a_time_cursor(folder: Path) -> None:
    """The cursor is the service's time on the first page; increments go back by the overlap."""
    first, second = "https://example.com/tasks?since=", "https://example.com/tasks?page=2"
    since = "https://example.com/tasks?since=2025-03-01T11:54:00.000Z"
    fetcher = Answers(
        {
            first: answer({"rows": [{"id": "a"}]}, **DATE, link='</tasks?page=2>; rel="next"'),
            second: answer({"rows": [{"id": "b"}]}, date="Sat, 01 Mar 2025 13:00:00 GMT"),
            since: answer({"rows": []}, **DATE),
        }
    )
    with opened(folder, "Tasks", fetcher) as session:
        page = session.execute([], state())
        assert page.continuation["page"] == second
        assert page.deleted_row_ids == [7, "c", {"OwnerId": "7"}]
        last = session.execute([], state(continuation=page.continuation))
        assert last.completion is not None
        cursor = last.completion.incremental_continuation
        assert cursor == {"since": "2025-03-01T11:59:00.000Z"}
        session.execute([], state(cursor))
    assert [request.url for request in fetcher.requests] == [first, second, since]


def test_a_pause_that_the_pack_asks_for(folder: Path) -> None:
    """The connection pauses, and the page is begun again (contract F5)."""
    url = "https://example.com/tasks?since="

    class Paused(Answers):
        """A service that answers after a pause."""

        def pause(self, seconds: float, what: str, _earlier: Any = ()) -> float:
            """And then it has rows."""
            self.answers[url] = answer({"rows": [{"id": "a"}]})
            return super().pause(seconds, what)

    fetcher = Paused({url: answer({"pause": 2.5})})
    with opened(folder, "Tasks", fetcher) as session:
        assert orjson.loads(session.execute([], state()).rows) == {"id": "a"}
    assert [seconds for seconds, _ in fetcher.pauses] == [2.5]
    assert "threw RetryLater (the service wants no requests for 2.5 s)" in fetcher.pauses[0][1]


def test_an_error_of_that_name_without_a_time(bench: Bench) -> None:
    """It is an error like others."""
    with pytest.raises(JavaScriptError, match="RetryLater: soon"):
        bench.execute('const e = new Error("soon"); e.name = "RetryLater"; throw e;')


def test_a_sync_token(folder: Path) -> None:
    """It ends by a status, or by its age; in a full sync an error stays what it is."""
    gone = StatusCodeError(FetchResponse(status=410, body=""), url="https://example.com/events")
    fetcher = Answers(
        {
            "https://example.com/events/all/": answer({"rows": [], "next": "p2"}),
            "https://example.com/events/all/p2": answer({"rows": [], "token": "t"}),
            "https://example.com/events/t/": gone,
        }
    )
    with opened(folder, "Events", fetcher) as session:
        page = session.execute([], state())
        last = session.execute([], state(continuation=page.continuation))
        assert last.completion is not None
        cursor = last.completion.incremental_continuation
        assert cursor == {"token": "t", "at": "2025-03-01T12:00:00.000Z"}
        expired = session.execute([], state(cursor))
        old = session.execute([], state({"token": "kept", "at": "2025-01-31T12:00:00.000Z"}))
        for each in (expired, old):
            assert each.completion is not None
            assert each.completion.has_incomplete_results
        fetcher.answers["https://example.com/events/all/"] = gone
        with pytest.raises(StatusCodeError):
            session.execute([], state())


def cursors(session: PackSession, cursor: Any = None) -> tuple[list[Any], Any]:
    """A whole sync: the ids that its pages have, and the cursor that it leaves."""
    ids, continuation = list[Any](), None
    while True:
        page = session.execute([], state(cursor, continuation))
        ids += [orjson.loads(line)["id"] for line in page.rows.splitlines()]
        continuation = page.continuation
        if continuation is None:
            assert page.completion is not None
            return ids, page.completion.incremental_continuation


def test_a_feed_of_changes(folder: Path) -> None:
    """Where it stands is asked before the list is read; 0 is a position."""
    fetcher = Answers(
        {
            "https://example.com/start": answer({"at": 0}),
            "https://example.com/files/": answer({"rows": [{"id": "a"}], "next": "p2"}),
            "https://example.com/files/p2": answer({"rows": [{"id": "b"}]}),
            "https://example.com/changes/0": answer({"rows": [{"id": "c"}], "at": 1, "more": True}),
            "https://example.com/changes/1": answer({"rows": [], "at": 2, "more": False}),
        }
    )
    with opened(folder, "Files", fetcher) as session:
        ids, cursor = cursors(session)
        assert (ids, cursor) == (["a", "b"], {"position": 0, "at": "2025-03-01T12:00:00.000Z"})
        assert fetcher.requests[0].url.endswith("/start")
        assert len(fetcher.requests) == 3
        assert session.execute([], state(cursor)).deleted_row_ids == [{"OwnerId": 7}]
        assert cursors(session, cursor)[0] == ["c"]
        fetcher.answers["https://example.com/start"] = answer({})
        with pytest.raises(JavaScriptError, match="give a nextPosition, or set start"):
            session.execute([], state())


class Notes(Answers):
    """A service that has notes by their time, three on a page, from a time on."""

    def __init__(self, *notes: dict[str, str]) -> None:
        super().__init__()
        self.notes = list(notes)

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """The notes from the time that the address ends with."""
        del invocation_token
        after = request.url.rpartition("/")[2]
        self.requests.append(request)
        found = sorted((n for n in self.notes if n["at"] >= after), key=lambda note: note["at"])
        return answer(found[:3])


def note(name: str, minute: int) -> dict[str, str]:
    """A note of a minute."""
    return {"id": name, "at": f"2025-03-01T10:{minute:02}:00.000Z"}


def test_a_key_that_grows(folder: Path) -> None:
    """Rows of one key stay together; the next sync looks back by the overlap."""
    fetcher = Notes(note("a", 1), note("b", 2), note("c", 2), note("d", 3))
    with opened(folder, "Notes", fetcher) as session:
        ids, cursor = cursors(session)
        assert list(dict.fromkeys(ids)) == ["a", "b", "c", "d"]
        assert cursor == {"key": note("d", 3)["at"]}
        fetcher.notes.append(note("e", 9))
        fetcher.requests.clear()
        ids, cursor = cursors(session, cursor)
        assert fetcher.requests[0].url.endswith("/2025-03-01T09:58:00.000Z")
        assert set(ids) == {"a", "b", "c", "d", "e"}
        fetcher.notes = [note("late", 59)]
        fetcher.notes[0]["at"] = "2030-01-01T00:00:00Z"
        assert cursors(session)[1] == {"key": "2025-03-01T12:00:00.000Z"}
        fetcher.notes = []
        assert cursors(session) == ([], {})
        assert cursors(session, {})[0] == []


def test_rows_that_cannot_be_paged_by_their_key(folder: Path) -> None:
    """Unsorted ones, and more of one key than a page has, are errors."""
    fetcher = Notes(note("a", 1), note("b", 1), note("c", 1))
    crowded = r"3 rows or more have the same key, 2025-03-01"
    with opened(folder, "Notes", fetcher) as session, pytest.raises(JavaScriptError, match=crowded):
        cursors(session)
    rows = [{"id": "a", "at": "2025-03-02"}, {"id": "b", "at": "2025-03-02T00:30:00+01:00"}]
    unsorted = Answers({"https://example.com/notes/": answer(rows)})
    says = r"2025-03-02T00:30:00\+01:00 comes after 2025-03-02"
    with opened(folder, "Notes", unsorted) as session, pytest.raises(JavaScriptError, match=says):
        cursors(session)


def test_they_are_written_beside_the_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, and not over a file that was changed."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "packs" / "tracker" / "src"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.dg]\ndirectory_type = "project"\n')
    (folder / "pack.ts").write_text(PACK)
    helpers("tracker")
    helpers("tracker")
    assert (folder / "incremental.ts").read_bytes() == HELPERS.read_bytes()
    assert "packs/tracker/src/incremental.ts" in capsys.readouterr().out
    (folder / "incremental.ts").write_text("// mine")
    with pytest.raises(typer.Exit):
        helpers("tracker")
