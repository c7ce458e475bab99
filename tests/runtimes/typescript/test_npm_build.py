"""Packs as their authors write them: `pack.ts` with the SDK, bundled once (needs npm)."""

from contextlib import closing
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
      const deletedRowIds = ["a", { done: true } as any];
      return { result: [{ id: digest, done: range === undefined }], deletedRowIds };
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
        assert page.deleted_row_ids == ["a", {"Done": True}]
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
    with pytest.raises(PackDefinitionError, match=r"cannot be loaded: TypeError: .* pack.ts:62:23"):
        build_pack(folder, quietly)


@pytest.mark.parametrize(
    ("imported", "code", "remedy"),
    [
        ('fs from "fs"', 'fs.readFileSync("a")', "cannot read or write files. Import the data"),
        ('* as fs from "node:fs"', 'fs.existsSync("a")', "cannot read or write files."),
        ('{ readFileSync } from "fs"', 'readFileSync("a")', "cannot read or write files."),
        ('{ promises as files } from "fs"', 'files.readFile("a")', "cannot read or write files."),
        ('{ readFile } from "fs/promises"', 'readFile("a")', "cannot read or write files."),
        ('{ execSync } from "child_process"', 'execSync("ls")', "reaches nothing but its fetcher"),
    ],
)
def test_modules_of_node_that_are_empty(
    folder: Path, imported: str, code: str, remedy: str
) -> None:
    """The error says what to do instead of reading files, and where."""
    (folder / "pack.ts").write_text(f"import {imported};\n{PACK}\n{code};\n")
    with pytest.raises(
        PackDefinitionError, match=rf"is not a function: a pack .*{remedy}.* pack.ts"
    ):
        build_pack(folder, quietly)


def test_data_that_is_imported(folder: Path) -> None:
    """It is in the bundle: that is what the error says to do."""
    (folder / "data.json").write_text('{"team": "a"}')
    (folder / "note.txt").write_text("b")
    imports = 'import data from "./data.json";\nimport note from "./note.txt";\n'
    check = 'if (data.team + note !== "ab") throw new Error("other data");'
    (folder / "pack.ts").write_text(f"{imports}{PACK}\n{check}\n")
    build_pack(folder, quietly)


def test_type_errors(folder: Path) -> None:
    """They are told with file, line and column, but keep no pack from being built."""
    (folder / "helper.ts").write_text(HELPER + "const n: number = 'x';\n")
    build_pack(folder, quietly)
    errors = type_errors(folder / "pack.ts", node_modules.tools_folder(quietly))
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


NPM = "--ignore-scripts --no-audit --no-fund --loglevel=error"
SDK = f"install --no-save --no-package-lock {NPM} @codahq/packs-sdk@1.17.5"
NAMED = '{"dependencies": {"@codahq/packs-sdk": "1.0.0"}, "x": 1}'
IN_DEV = '{"devDependencies": {"@codahq/packs-sdk": "1.0.0"}}'


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({}, [SDK]),
        ({"package.json": NAMED}, [f"install --no-save --no-package-lock {NPM} --omit=dev"]),
        ({"package.json": IN_DEV}, [f"install --no-save --no-package-lock {NPM}"]),
        ({"package.json": '{"dependencies": {"dayjs": "1.0.0"}}', "package-lock.json": "{}"},
         [f"ci {NPM} --omit=dev", SDK]),
        ({"package.json": NAMED, "yarn.lock": "# yarn lockfile v1"},
         ["--yes yarn@1.22.22 install --frozen-lockfile --ignore-scripts --production"]),
        ({"package.json": NAMED, "yarn.lock": "__metadata:\n  version: 8"},
         ["--yes @yarnpkg/cli-dist@4.18.1 install --immutable --mode=skip-build"]),
        ({"package.json": NAMED, "pnpm-lock.yaml": "lockfileVersion: '9.0'"},
         ["--yes pnpm@9 install --frozen-lockfile --ignore-scripts --prod"]),
        ({"package.json": NAMED, "pnpm-lock.yaml": "lockfileVersion: 5.4"},
         ["--yes pnpm@7 install --frozen-lockfile --ignore-scripts --prod"]),
    ],
)  # fmt: skip
def test_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], commands: list[str]
) -> None:
    """What is locked, or named, and the SDK in its tried version; by the program that locked it."""
    assert installed(tmp_path, tmp_path, monkeypatch, files) == commands


def installed(
    top: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> list[str]:
    """What npm or npx was asked for, for a pack in `folder` of a repository with these files."""
    (top / ".git").mkdir()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (top / name).write_text(text)
    npm = top / "npm"
    npm.write_text('#!/bin/sh\necho "$PWD: $@" >> "$0.log"\n')
    npm.chmod(0o755)
    use_npm(monkeypatch, npm)
    node_modules.install_node_modules(folder, quietly)
    asked = (top / "npm.log").read_text().splitlines()
    where = {line.partition(": ")[0] for line in asked}
    assert where <= {str(top), str(folder)}
    return [line.partition(": ")[2] for line in asked]


@pytest.mark.parametrize(
    ("folder", "files", "command"),
    [
        ("src", {"package.json": NAMED, "package-lock.json": "{}"}, f"ci {NPM} --omit=dev"),
        ("packs/a", {"package.json": '{"workspaces": ["packs/*"]}', "yarn.lock": ""},
         "--yes yarn@1.22.22 install --frozen-lockfile --ignore-scripts --production"),
        ("packs/a", {"package.json": "{}", "pnpm-lock.yaml": "lockfileVersion: '6.0'",
                     "pnpm-workspace.yaml": "packages: ['packs/**']"},
         "--yes pnpm@8 install --frozen-lockfile --ignore-scripts --prod"),
        ("packs/a", {"package.json": '{"dependencies": {"react": "18"}}'}, SDK),
    ],
)  # fmt: skip
def test_packages_that_are_declared_above(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    files: dict[str, str],
    command: str,
) -> None:
    """In a repository of packs or a workspace; not in a package.json that is for something else."""
    if "workspace" in str(files):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "package.json").write_text(NAMED)
    assert installed(tmp_path, tmp_path / folder, monkeypatch, files) == [command]


def test_a_package_json_that_is_broken(tmp_path: Path) -> None:
    """File and line are named."""
    (tmp_path / "package.json").write_text('{\n  "dependencies": {,}\n}')
    with pytest.raises(PackDefinitionError, match=r"package.json:2:\d+: this is no JSON"):
        node_modules.install_node_modules(tmp_path, quietly)


MINIMAL = """
import * as coda from "@codahq/packs-sdk";
export const pack = coda.newPack();
pack.addSyncTable({
  name: "Tasks", description: "", identityName: "Thing",
  schema: coda.makeObjectSchema({
    properties: { id: { type: coda.ValueType.String } }, idProperty: "id", displayProperty: "id",
  }),
  formula: { name: "SyncThings", description: "", parameters: [], execute: async () => {
    const text = Buffer.from("a").toString("base64");
    await new Promise((resolve) => setImmediate(resolve));
    return { result: [{ id: [__dirname, __filename, process.env.NODE_ENV, text,
      typeof global, typeof process.nextTick].join(" ") }] };
  } },
});
"""


@pytest.mark.parametrize(
    ("entry", "given"),
    [
        ("src/pack.ts", "."), ("main.ts", "."), ("index.ts", "."), ("src/index.ts", "."),
        ("other/things.ts", "other/things.ts"),
    ],
)  # fmt: skip
def test_where_a_pack_begins(tmp_path: Path, entry: str, given: str) -> None:
    """By the usual names, or by the path of the file; and what the original runtime gives it."""
    folder = with_sdk(tmp_path / "repository")
    (folder / entry).parent.mkdir(exist_ok=True)
    (folder / entry).write_text(MINIMAL)
    with closing(open_built(folder / given, Answers())) as session:
        page = session.execute([], SyncState())
    assert orjson.loads(page.rows)["id"] == "/ /bundle.js production YQ== object function"


def test_an_import_that_is_not_there(tmp_path: Path) -> None:
    """File, line and remedy."""
    folder = with_sdk(tmp_path / "pack")
    (folder / "pack.ts").write_text('import { x } from "left-out";\nconsole.log(x);' + MINIMAL)
    says = r'pack.ts:1:19: Could not resolve "left-out"[\s\S]*add it to the dependencies'
    with pytest.raises(PackDefinitionError, match=says):
        build_pack(folder, quietly)


def test_npm_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says is in the error."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no registry >&2; exit 1\n")
    npm.chmod(0o755)
    use_npm(monkeypatch, npm)
    with pytest.raises(PackDefinitionError, match=r"npm install .* failed: no registry"):
        node_modules.install_node_modules(tmp_path, quietly)
