"""A project on disk whose commands run in processes of their own, as somebody types them."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.connect.authorization_server import CLIENT_ID, CLIENT_SECRET, AuthorizationServer
from tests.dagster.dagster_project import ROOT

PACK = """
from pack_sdk import Pack, make_object_schema

pack = Pack()
pack.set_authentication(
    type="OAuth2",
    authorization_url="{url}/authorize",
    token_url="{url}/token",
    revocation_url="{url}/revoke",
    scopes=["read", "write"],
    get_connection_name=lambda context: context.fetcher.fetch(url="/me").body["name"],
)
ITEM = make_object_schema(
    properties={{"id": {{"type": "string"}}}}, id_property="id", display_property="id"
)


@pack.add_sync_table(name="Items", identity_name="Item", schema=ITEM)
def sync_items(args, context):
    context.logger.info("looking for items")
    return {{"result": context.fetcher.fetch(url="/items").body["items"]}}
"""

DEFS = """
type: pack_sync.PackSyncComponent
attributes:
  pack: acme
  connections:
    default:
      endpoint: {url}
      allow_http_localhost: true
"""

DEFINITIONS = """
from pathlib import Path
import dagster as dg
from pack_sync import WarehouseResource

@dg.definitions
def defs():
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(resources={"warehouse": WarehouseResource(path="warehouse.duckdb")}),
    )
"""


@dataclass(frozen=True, kw_only=True)
class RealProject:
    """The project's folder, and what its processes find in their environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        """Start a program of our environment in the folder; its output is to be read."""
        return subprocess.Popen(  # noqa: S603 - a program of our own environment
            [str(Path(sys.executable).with_name(words[0])), *words[1:]],
            cwd=self.folder,
            env={**self.inherited(), **self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        """Run it: how it ended, and what it printed."""
        with self.start(*words, **environment) as process:
            output, _ = process.communicate(timeout=240)
            return process.returncode, output

    @property
    def credentials(self) -> Path:
        """The folder of accounts and tokens."""
        return self.folder / ".dagster" / "credentials"

    @property
    def accounts(self) -> list[Path]:
        """The files of accounts."""
        return sorted(self.credentials.glob("account-*.json"))

    @staticmethod
    def inherited() -> dict[str, str]:
        """What processes find beside: no variable of a credential."""
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "USER")
        ours = {name: os.environ[name] for name in kept if name in os.environ}
        return {**ours, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def real_project(folder: Path, service: AuthorizationServer, browser: str) -> RealProject:
    """Make one; `browser` is the program that opens pages."""
    files = {
        "pyproject.toml": '[tool.dg]\ndirectory_type = "project"\n'
        '[tool.dg.project]\nroot_module = "shop"\n',
        "shop/__init__.py": "",
        "shop/definitions.py": DEFINITIONS,
        "shop/defs/__init__.py": "",
        "shop/defs/acme/defs.yaml": DEFS.format(url=service.url),
        "packs/__init__.py": "",
        "packs/acme/__init__.py": "",
        "packs/acme/pack.py": PACK.format(url=service.url),
        "dagster.yaml": (ROOT / "dagster.yaml").read_text(),
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return RealProject(
        folder=folder,
        environment={
            "BROWSER": browser,
            "ACME_CLIENT_ID": CLIENT_ID,
            "ACME_CLIENT_SECRET": CLIENT_SECRET,
        },
    )
