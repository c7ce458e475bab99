"""Packs as their authors write them: `pack.ts` with the SDK, bundled once (needs npm)."""

from pathlib import Path

import orjson
import pytest

from pack_sdk import (
    FetchResponse,
    PackDefinitionError,
    StatusCodeError,
    SyncState,
    UserVisibleError,
)
from pack_sdk.logger import SilentLogger
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.runtimes.typescript import bundle, node_modules
from pack_sync.runtimes.typescript.build import build_pack, check_manifest
from pack_sync.runtimes.typescript.bundle import PackNotBuiltError, load_built
from pack_sync.runtimes.typescript.javascript_errors import JavaScriptError
from pack_sync.runtimes.typescript.runtime import TypeScriptRuntime
from pack_sync.runtimes.typescript.type_check import type_errors
from tests.runtimes.typescript.packs import Answers
from tests.runtimes.typescript.sdk import with_sdk

PACK = """
import * as coda from "@codahq/packs-sdk";
import { createHash } from "crypto";
import { broken } from "./helper";

export const pack = coda.newPack();
pack.addNetworkDomain("example.com");
pack.setUserAuthentication({
  type: coda.AuthenticationType.HeaderBearerToken,
  getConnectionName: async () => "somebody",
});
pack.addSyncTable({
  name: "Tasks",
  description: "All tasks.",
  identityName: "Task",
  schema: coda.makeObjectSchema({
    properties: {
      task_id: { type: coda.ValueType.String, fromKey: "id" },
      done: { type: coda.ValueType.Boolean },
    },
    idProperty: "task_id",
    displayProperty: "task_id",
  }),
  formula: {
    name: "SyncTasks",
    description: "",
    parameters: [
      coda.makeParameter({
        type: coda.ParameterType.String, name: "team", description: "", autocomplete: ["a", "ab"],
        suggestedValue: "a",
      }),
      coda.makeParameter({
        type: coda.ParameterType.DateArray, name: "range", description: "", optional: true,
        suggestedValue: coda.PrecannedDateRange.Last30Days,
      }),
    ],
    validateParameters: async function (context, _, { team }) {
      return { isValid: team !== "none", message: "no such team", errors: [] };
    },
    execute: async function ([team, range], context) {
      const url = coda.withQueryParams("https://example.com/tasks", { team, page: undefined });
      let answer;
      try {
        answer = await context.fetcher.fetch({ method: "GET", url });
      } catch (error) {
        if (coda.StatusCodeError.isStatusCodeError(error) && error.statusCode === 403) {
          throw new coda.UserVisibleError("Not allowed.");
        }
        throw error;
      }
      if (team === "broken") broken(answer);
      const digest = createHash("md5").update(Buffer.from("x")).digest("hex");
      return { result: [{ id: digest, done: range === undefined }] };
    },
    onError: function (error) {
      if (error.message === "from the helper") throw new coda.UserVisibleError("better");
    },
  },
});
"""
HELPER = """
export function broken(answer: any): never {
  if (answer.body.startsWith("better")) throw new Error("from the helper");

  return answer.no.thing;
}
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own."""
    monkeypatch.setattr(bundle, "builds_folder", lambda: tmp_path / "builds")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the pack above."""
    folder = with_sdk(tmp_path / "tracker")
    (folder / "pack.ts").write_text(PACK)
    (folder / "helper.ts").write_text(HELPER)
    return folder


def quietly(line: str) -> None:
    """Progress is of no interest here."""


def use_npm(monkeypatch: pytest.MonkeyPatch, program: Path | None) -> None:
    """Let this be what is found as npm, and as node."""

    def which(_: str) -> str | None:
        return str(program) if program else None

    monkeypatch.setattr(node_modules.shutil, "which", which)


def open_built(folder: Path, fetcher: Answers) -> PackSession:
    """A session of the pack in the folder, built before."""
    built = build_pack(folder, quietly)
    runtime = TypeScriptRuntime(check_manifest(built.manifest, folder), built.bundle)
    environment = CallEnvironment(
        fetcher=fetcher, logger=SilentLogger(), endpoint=None, page_timeout_seconds=60
    )
    return runtime.open("Tasks", environment)


def test_a_pack_as_its_author_wrote_it(folder: Path) -> None:
    """Declarations, helpers of the SDK, modules of Node, imports of its own."""
    fetcher = Answers()
    session = open_built(folder, fetcher)
    try:
        page = session.execute(["x y", None], SyncState())
        assert orjson.loads(page.rows) == {"id": "9dd4e461268c8034f5c8564e155c67a6", "done": True}
        assert fetcher.requests[0].url == "https://example.com/tasks?team=x%20y"
        assert [choice.value for choice in session.autocomplete("team", "b", [None] * 2)] == ["ab"]
        answer = session.validate_parameters(["none", None], SyncState())
        assert answer["isValid"] is False
    finally:
        session.close()
    table = check_manifest(load_built(folder).manifest, folder).sync_tables["Tasks"]
    assert (table.id_property, table.schema.field_of("TaskId")) == ("TaskId", "id")
    assert [parameter.default for parameter in table.parameters] == ["a", "last_30_days"]


def test_errors_of_the_pack(folder: Path) -> None:
    """The SDK's own classes work, onError is called, and places are those of the sources."""
    fetcher = Answers()
    session = open_built(folder, fetcher)
    url = "https://example.com/tasks?team=broken"
    forbidden = FetchResponse(status=403, body="no")
    try:
        fetcher.answers[url] = StatusCodeError(forbidden, url=url)
        with pytest.raises(UserVisibleError, match=r"^Not allowed.$"):
            session.execute(["broken", None], SyncState())
        fetcher.answers[url] = FetchResponse(status=200, body="better")
        with pytest.raises(UserVisibleError, match=r"^better$"):
            session.execute(["broken", None], SyncState())
        fetcher.answers[url] = FetchResponse(status=200, body="text")
        with pytest.raises(JavaScriptError) as caught:
            session.execute(["broken", None], SyncState())
    finally:
        session.close()
    assert str(caught.value) == (
        "TypeError: Cannot read properties of undefined (reading 'thing') (broken helper.ts:5:20)"
    )
    assert "pack.ts:51:30" in caught.value.stack.splitlines()[1]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pack.ts", "const a = ;", r"tracker/pack.ts:1:11: Unexpected \";\""),
        ("helper.ts", "\n  export const broken = (", "tracker/helper.ts:2:2[0-9]: "),
        ("helper.ts", "import 'no-such-package';", 'helper.ts:1:8: Could not resolve "no-such-pac'),
        ("helper.ts", "export const other = 1;", 'pack.ts:4:10: No matching export in "helper.ts"'),
    ],
)
def test_what_cannot_be_bundled(folder: Path, file: str, text: str, message: str) -> None:
    """File, line and column of each error."""
    (folder / file).write_text(text)
    with pytest.raises(PackDefinitionError, match=message):
        build_pack(folder, quietly)


def test_an_error_while_the_pack_loads(folder: Path) -> None:
    """The place is that of the source."""
    (folder / "pack.ts").write_text(PACK + "\n(pack as any).nothing.x;\n")
    with pytest.raises(PackDefinitionError, match=r"cannot be loaded: TypeError: .* pack.ts:61:23"):
        build_pack(folder, quietly)


def test_type_errors(folder: Path) -> None:
    """They are told with file, line and column, but keep no pack from being built."""
    (folder / "helper.ts").write_text(HELPER + "const n: number = 'x';\n")
    build_pack(folder, quietly)
    errors = type_errors(folder / "pack.ts")
    assert (
        "helper.ts:7:7: error TS2322: Type 'string' is not assignable to type 'number'." in errors
    )


def test_what_asks_for_a_new_build(folder: Path) -> None:
    """Any source, also one outside of the folder; node_modules are not looked into."""
    outside = folder.parent / "shared.ts"
    outside.write_text("export const shared = 1;")
    with (folder / "helper.ts").open("a") as helper:
        helper.write('export { shared } from "../shared";')
    with (folder / "pack.ts").open("a") as pack:
        pack.write('import { shared } from "./helper"; console.log(shared);')
    build_pack(folder, quietly)
    load_built(folder)
    outside.write_text("export const shared = 2;")
    with pytest.raises(PackNotBuiltError):
        load_built(folder)
    build_pack(folder, quietly)
    (folder / "helper.ts").write_text(HELPER)
    with pytest.raises(PackNotBuiltError):
        load_built(folder)


def test_without_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what it is for, and how to do without."""
    (tmp_path / "pack.ts").write_text(PACK)
    use_npm(monkeypatch, None)
    with pytest.raises(PackDefinitionError, match=r"npm is not installed, .* compiled bundle.js"):
        build_pack(tmp_path, quietly)


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({}, ["install --no-save --no-package-lock @codahq/packs-sdk@1.17.5"]),
        ({"package.json": '{"dependencies": {"@codahq/packs-sdk": "1.0.0"}, "x": 1}'},
         ["install --no-save --no-package-lock"]),
        ({"package.json": '{"devDependencies": {"dayjs": "1.0.0"}}', "package-lock.json": "{}"},
         ["ci", "install --no-save --no-package-lock @codahq/packs-sdk@1.17.5"]),
    ],
)  # fmt: skip
def test_what_npm_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], commands: list[str]
) -> None:
    """What is locked, or named, and the SDK in its tried version; no file but node_modules."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\necho "$@" >> "$0.log"\n')
    npm.chmod(0o755)
    use_npm(monkeypatch, npm)
    node_modules.install_node_modules(tmp_path, quietly)
    asked = (tmp_path / "npm.log").read_text().splitlines()
    options = f" --ignore-scripts --no-audit --no-fund --loglevel=error --prefix {tmp_path}"
    assert asked == [command + options for command in commands]


def test_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is in the error."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no registry >&2; exit 1\n")
    npm.chmod(0o755)
    use_npm(monkeypatch, npm)
    with pytest.raises(PackDefinitionError, match="npm install failed: no registry"):
        node_modules.install_node_modules(tmp_path, quietly)
