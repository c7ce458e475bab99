"""The wheel in an environment of its own: other people's projects can use it, and nothing else is.

Their projects have top-level `resources` and `packs` of their own, as many have.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACK = """
from pack_sdk import Pack, make_object_schema

pack = Pack()
ITEM = make_object_schema(
    properties={"id": {"type": "string"}, "n": {"type": "number"}},
    id_property="id", display_property="id",
)

@pack.add_sync_table(name="Items", identity_name="Item", schema=ITEM)
def sync_items(args, context):
    before = context.sync.previous_completion
    first = 3 if before else 0
    rows = [{"id": str(n), "n": n} for n in range(first, first + 3)]
    rows += [] if before else [{"n": 7}]
    return {"result": rows, "completion": {"incremental_continuation": {"at": first}}}
"""
DEFINITIONS = """
from pathlib import Path
import dagster as dg
import resources
from pack_sync import WarehouseResource

assert resources.MINE

@dg.definitions
def defs():
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(resources={"warehouse": WarehouseResource(path="data/acme.duckdb")}),
    )
"""
COMMANDS = [
    ["list"], ["list", "--accounts"], ["settings"], ["build"], ["preview", "tracker", "Items"],
    ["sync", "tracker", "--dry-run"], ["sync", "tracker"], ["sync", "tracker.Items"],
    ["sync", "tracker", "--full"], ["status"], ["audit"], ["rejects"], ["rejects", "tracker.Items"],
    ["rejects", "replay", "tracker.Items"], ["held"], ["cursor", "show", "tracker", "Items"],
    ["cursor", "history", "tracker", "Items"], ["query", "FROM tracker.Items"],
    ["backup", "copy.duckdb"], ["backfill", "tracker"], ["packs"], ["packs", "google_calendar"],
    ["copy", "google_calendar"], ["check", "google_calendar"], ["new", "blank"],
    ["warehouse", "copy", "data/acme.duckdb", "moved.duckdb"],
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An environment with nothing but the wheel, `dg` and pytest."""

    folder: Path

    @property
    def library(self) -> Path:
        """Where packages are installed."""
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run one of its programs in a project, as a user who has set nothing."""
        ours = ("DAGSTER_HOME", "PYTHONPATH", "PACK_SYNC_WAREHOUSE", "VIRTUAL_ENV")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        if (project / "src").is_dir():  # as if the project were installed, which `dg` asks for
            kept["PYTHONPATH"] = str(project / "src")
        return subprocess.run(  # noqa: S603 - the environment's own programs
            [str(self.folder / "bin" / words[0]), *words[1:]],
            cwd=project,
            env={**kept, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "160"},
            capture_output=True,
            text=True,
            check=False,
        )

    def succeeds(self, project: Path, *words: str) -> str:
        """Run it; returns what it printed."""
        done = self.run(project, *words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def uv() -> str:
    """The program that builds and installs."""
    found = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    assert Path(found).exists(), "`make test` fetches uv into .uv/"
    return found


@pytest.fixture(scope="module")
def installed(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, installed."""
    folder = tmp_path_factory.mktemp("wheel")
    return install(uv, ROOT, folder, "dagster-dg-cli", "pytest")


def install(uv: str, source: Path, folder: Path, *others: str) -> "Installed":
    """Build the wheel of a folder, and install it and others in a new environment."""
    environment = folder / "env"
    run_uv(uv, "build", "--wheel", "--out-dir", str(folder / "dist"), str(source))
    run_uv(uv, "venv", str(environment))
    (wheel,) = (folder / "dist").glob("*.whl")
    python = str(environment / "bin" / "python")
    run_uv(uv, "pip", "install", "--compile-bytecode", "--python", python, str(wheel), *others)
    return Installed(folder=environment)


def run_uv(uv: str, *words: str) -> None:
    """Run uv, which is quiet unless it fails."""
    subprocess.run([uv, "-q", *words], check=True)  # noqa: S603


@pytest.fixture(params=["flat", "src"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A Dagster project of somebody's own, with a pack in packs/ and a `resources` of their own."""
    code = tmp_path if request.param == "flat" else tmp_path / "src"
    files = {
        code / "acme" / "__init__.py": "",
        code / "acme" / "definitions.py": DEFINITIONS,
        code / "acme" / "defs" / "__init__.py": "",
        code / "resources" / "__init__.py": "MINE = True",
        tmp_path / "packs" / "tracker" / "pack.py": PACK,
        tmp_path / "pyproject.toml": '[project]\nname = "acme"\nversion = "1"\n'
        '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "acme"\n',
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_somebodys_own_project(installed: Installed, project: Path) -> None:
    """Its pack is scaffolded, checked, listed, synced; every command works; no file is astray."""
    before = sorted(installed.library.glob("pack_s*/**/*"))
    scaffold = ["scaffold", "defs", "pack_sync.PackSyncComponent", "tracker", "--pack", "tracker"]
    installed.succeeds(project, "dg", *scaffold)
    assert "pack_sync.PackSyncComponent" in installed.succeeds(project, "dg", "list", "components")
    installed.succeeds(project, "dg", "check", "yaml")
    installed.succeeds(project, "dg", "check", "defs")
    assert "tracker/Items" in installed.succeeds(project, "dg", "list", "defs")
    for words in COMMANDS:
        installed.succeeds(project, "packsync", *words)
    assert "1 rejected" in installed.succeeds(project, "packsync", "rejects")
    assert (project / "data" / "acme.duckdb").is_file()
    assert (project / ".dagster").is_dir()
    assert sorted(installed.library.glob("pack_s*/**/*")) == before


def test_every_command_is_tried(installed: Installed, tmp_path: Path) -> None:
    """The list above has all that `--help` has, but for those that are tried elsewhere."""
    text = installed.succeeds(tmp_path, "packsync", "--help")
    listed = {
        line.split()[1] for line in text.splitlines() if line.startswith("│ ") and line[2] != " "
    }
    tried = {words[0] for words in COMMANDS} | {
        "init",
        "connect",
        "discover",
        "helpers",
        "notify",
        "record",
        "serve",
        "warehouse",
    }
    assert {name for name in listed if not name.startswith("-")} == tried


def test_helpers_are_written_beside_a_pack_in_typescript(
    installed: Installed, project: Path
) -> None:
    """The wheel has them."""
    entry = project / "packs" / "tides" / "pack.ts"
    entry.parent.mkdir()
    entry.touch()
    installed.succeeds(project, "packsync", "helpers", "tides")
    assert "TimeCursor" in entry.with_name("incremental.ts").read_text()


def test_init_makes_a_project_that_works(installed: Installed, tmp_path: Path) -> None:
    """It is synced, tested and checked with the commands that `init` names."""
    assert "packsync sync planets" in installed.succeeds(tmp_path, "packsync", "init", "acme")
    made = tmp_path / "acme"
    assert "Planets" in installed.succeeds(made, "packsync", "sync", "planets")
    assert "Earth" in installed.succeeds(made, "packsync", "query", "FROM planets.Planets")
    assert "1 passed" in installed.succeeds(made, "pytest")
    installed.succeeds(made, "dg", "check", "defs")
    installed.succeeds(made, "dagster", "definitions", "validate")
    again = installed.run(tmp_path, "packsync", "init", "acme")
    assert again.returncode == 1
    assert "is there already and not empty" in again.stderr


@pytest.mark.parametrize("words", [["status"], ["sync", "x"], ["query", "SELECT 1"], ["list"]])
def test_outside_of_a_project_it_says_so(
    installed: Installed, tmp_path: Path, words: list[str]
) -> None:
    """One sentence that says what a project is and how to make one."""
    done = installed.run(tmp_path, "packsync", *words)
    assert done.returncode == 1
    assert "is not in a Dagster project" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_optional_is_not_there(installed: Installed, tmp_path: Path) -> None:
    """Neither pandas nor a web server is needed; who asks for a frame is told what to install."""
    code = (
        "import importlib.util as u, pathlib\n"
        "for name in ('pandas', 'starlette', 'uvicorn', 'dagster_webserver', 'deno', 'botocore'):\n"
        "    assert u.find_spec(name) is None, name\n"
        "from pack_sync import Warehouse\n"
        "try:\n"
        "    Warehouse.at(pathlib.Path('x.duckdb')).frame('a', 'b')\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    assert "pack-sync[pandas]" in installed.succeeds(tmp_path, "python", "-c", code)


def test_the_sdk_installs_alone(uv: str, tmp_path: Path) -> None:
    """Who only writes packs needs neither Dagster nor DuckDB; the pack's test runs as it is."""
    alone = install(uv, ROOT / "pack_sdk", tmp_path / "sdk", "pytest")
    made = tmp_path / "project"
    shutil.copytree(ROOT / "pack_sync" / "cli" / "project_template", made)
    (made / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    assert "1 passed" in alone.succeeds(made, "pytest", "packs")
    packages = {each.name.partition("-")[0] for each in alone.library.glob("*.dist-info")}
    assert packages & {"dagster", "duckdb", "httpx", "pack_sync"} == set()
    assert "pack_sdk" in packages
