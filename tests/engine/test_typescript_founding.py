"""The examples of the document this project was founded on, as they stand (needs npm).

The document calls `doSync` without `await`, so here it answers from what was fetched before:
`validateParameters` runs first, in the same child. `getUpdates` is awaited, and fetches.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pack_sync.runtimes.loader import build_if_needed, load_pack
from pack_sync.runtimes.typescript import bundle
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.runtimes.typescript.sdk import with_sdk

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

BEGINNING = """
import * as coda from "@codahq/packs-sdk";
import { StatusCodeError } from "@codahq/packs-sdk";

export const pack = coda.newPack();
pack.addNetworkDomain("127.0.0.1");

const taskSchema = coda.makeObjectSchema({
  properties: {
    id: { type: coda.ValueType.String },
    name: { type: coda.ValueType.String },
  },
  idProperty: "id",
  displayProperty: "name",
});

let prefetched: any;
async function prefetch(context) {
  const since = context.sync.previousCompletion?.incrementalContinuation?.lastSynced ?? "";
  try {
    const url = `/tasks?modifiedSince=${encodeURIComponent(since)}`;
    prefetched = (await context.fetcher.fetch({ method: "GET", url })).body.tasks;
  } catch (error) {
    prefetched = error;
  }
  return { isValid: true, message: "", errors: [] };
}
function doSync(context, { pageToken = 0, modifiedSince = "" } = {}) {
  if (prefetched instanceof Error) throw prefetched;
  const more = prefetched.length > pageToken + 2;
  return {
    rows: prefetched.slice(pageToken, pageToken + 2),
    nextPageToken: more ? pageToken + 2 : undefined,
  };
}
async function getUpdates(context) {
  const after = context.sync.previousCompletion?.incrementalContinuation?.after ?? 0;
  return (await context.fetcher.fetch({ method: "GET", url: `/updates?after=${after}` })).body;
}
"""

TIMESTAMPS = """
pack.addSyncTable({
  name: "Tasks",
  identityName: "Task",
  schema: taskSchema,
  formula: {
    name: "SyncTasks",
    description: "",
    validateParameters: prefetch,
    parameters: [
      coda.makeParameter({
        type: coda.ParameterType.String,
        name: "status",
        description: "The status of the task.",
        optional: true,
        supportsIncrementalSync: false,
      })
    ],
    execute: async function (args, context) {
      let pageToken = context.continuation?.pageToken;
      // Get the last synced date, if available.
      let lastSynced =
        context.previousCompletion?.incrementalContinuation?.lastSynced;
      let page;
      if (pageToken) {
        // Continue current sync.
        page = doSync(context, {
          pageToken: pageToken,
        });
      } else if (lastSynced) {
        // Start incremental sync.
        page = doSync(context, {
          modifiedSince: lastSynced,
        });
      } else {
        // Start full sync.
        page = doSync(context);
      }
      let result = { result: page.rows };
      if (page.nextPageToken) {
        // More pages to fetch in this sync, so include a continuation.
        result.continuation = { pageToken: page.nextPageToken };
      } else {
        // All done with this sync, but store the current timestamp to use for the
        // next incremental sync.
        let now = new Date();
        result.completion = {
          incrementalContinuation: { lastSynced: now.toISOString() },
        };
      }
      return result;
    },
  },
});
"""

DELETED = """
pack.addSyncTable({
  name: "Updates",
  identityName: "Update",
  schema: taskSchema,
  formula: {
    name: "SyncUpdates",
    description: "",
    parameters: [],
    execute: async function (args, context) {
      let page = await deletions(context);
      return { ...page, completion: { incrementalContinuation: { after: 1 } } };
    },
  },
});
async function deletions(context) {
  let items = [];
  let deletedIds = [];
  let updates = await getUpdates(context);
  for (let update of updates) {
    if (update.action == 'deleted') {
      deletedIds.push(update.item.id);
    } else {
      // Created or updated.
      items.push(update.item);
    }
  }
  return {
    result: items,
    deletedItemIds: deletedIds,
  };
}
"""

EXPIRED = """
pack.addSyncTable({
  name: "Expiring",
  identityName: "ExpiringTask",
  schema: taskSchema,
  formula: {
    name: "SyncExpiring",
    description: "",
    validateParameters: prefetch,
    parameters: [],
    execute: async function (args, context) {
      let lastSynced =
        context.previousCompletion?.incrementalContinuation?.lastSynced;
      let page;
      try {
        page = doSync(context, {
          modifiedSince: lastSynced,
        });
      } catch (e) {
        if (StatusCodeError.isStatusCodeError(e) && e.statusCode === 410) {
          // The sync token expired, a full sync is needed.
          return {
            result: [],
            completion: {
              hasIncompleteResults: true,
            },
          };
        }
        throw e;
      }
      return {
        result: page.rows,
        completion: { incrementalContinuation: { lastSynced: "2025" } },
      };
    },
  },
});
"""


@dataclass
class Service:
    """Answers what the pack asks for; `expired` makes it forget every token."""

    tasks: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    updates: list[dict[str, object]] = field(default_factory=list[dict[str, object]])
    expired: bool = False
    asked: list[str] = field(default_factory=list[str])

    def answer(self, request: SeenRequest) -> Answer:
        """The tasks that were modified, or the updates."""
        since = request.query.get("modifiedSince", [""])[0]
        self.asked.append(f"{request.path} {since[:2]}".strip())
        if request.path == "/updates":
            return Answer(body=json.dumps(self.updates).encode())
        if since and self.expired:
            return Answer(status=410, body=b"{}")
        return Answer(body=json.dumps({"tasks": self.tasks}).encode())


@pytest.fixture
def service(
    project: DagsterProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Service]:
    """The service, and the pack switched on to sync from it."""
    monkeypatch.setattr(bundle, "builds_folder", lambda: tmp_path / "builds")
    folder = with_sdk(tmp_path / "founding")
    (folder / "pack.ts").write_text(BEGINNING + TIMESTAMPS + DELETED + EXPIRED)
    build_if_needed(str(folder), lambda _: None)
    service, server = Service(), HttpServer()
    server.answer = service.answer
    connection = {"endpoint": server.url, "allow_http_localhost": True}
    project.switch_on("founding", pack=str(folder), connections={"default": connection}, attempts=1)
    yield service
    server.close()


def names(project: DagsterProject, table: str) -> dict[str, str]:
    """What the table holds."""
    rows = project.query(f'SELECT "Id", "Name" FROM founding."{table}" ORDER BY 1')
    return {str(key): str(name) for key, name in rows}


def modes(project: DagsterProject, table: str) -> list[str]:
    """The modes of a table's syncs, in their order."""
    rows = project.query(
        f"SELECT mode FROM _sync.runs WHERE table_name = '{table}' ORDER BY finished_at"
    )
    return [str(mode) for (mode,) in rows]


def test_a_timestamp_as_cursor(project: DagsterProject, service: Service) -> None:
    """A full sync of three pages, then only what was modified (contract C4, C6, C7, C16)."""
    service.tasks = [{"id": str(number), "name": "old"} for number in range(5)]
    assert project.run("incremental", "founding.Tasks").success
    assert names(project, "Tasks") == dict.fromkeys("01234", "old")
    service.tasks = [{"id": "3", "name": "new"}, {"id": "5", "name": "new"}]
    assert project.run("incremental", "founding.Tasks").success
    assert names(project, "Tasks") == dict.fromkeys("0124", "old") | dict.fromkeys("35", "new")
    assert modes(project, "Tasks") == ["full", "incremental"]
    assert service.asked == ["/tasks", "/tasks 20"]


def test_an_incompatible_parameter(service: Service) -> None:
    """It is hidden (contract C19)."""
    assert service.asked == []
    pack = load_pack(str(bundle.builds_folder().parent / "founding"))
    assert [p.hidden for p in pack.sync_tables["Tasks"].parameters] == [True]


def test_deleted_records(project: DagsterProject, service: Service) -> None:
    """`deletedItemIds` delete rows (contract C9)."""
    service.updates = [{"action": "saved", "item": {"id": i, "name": "a"}} for i in "123"]
    assert project.run("incremental", "founding.Updates").success
    service.updates = [
        {"action": "deleted", "item": {"id": "2"}},
        {"action": "saved", "item": {"id": "3", "name": "b"}},
    ]
    assert project.run("incremental", "founding.Updates").success
    assert names(project, "Updates") == {"1": "a", "3": "b"}


def test_an_expired_token(project: DagsterProject, service: Service) -> None:
    """A full sync follows in the same run (contract C8), and the SDK knows the error (F3)."""
    service.tasks = [{"id": "1", "name": "a"}]
    assert project.run("incremental", "founding.Expiring").success
    service.tasks, service.expired = [{"id": "2", "name": "b"}], True
    assert project.run("incremental", "founding.Expiring").success
    assert names(project, "Expiring") == {"2": "b"}
    assert service.asked == ["/tasks", "/tasks 20", "/tasks"]
    assert modes(project, "Expiring")[-1] == "full"
