"""The commands of `examples/kubernetes/Dockerfile`, in a plain environment instead of an image."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scale.cluster import ROOT

pytest.importorskip("dagster_k8s")
pytestmark = pytest.mark.slow

DOCKERFILE = ROOT / "examples" / "kubernetes" / "Dockerfile"
DIST = "/tmp/dist"  # noqa: S108 - in an image
OF_AN_IMAGE = ("FROM", "USER", "WORKDIR", "ARG", "COPY")
"""What is done otherwise here: one folder stands for /app, and there is one user."""


def instructions(text: str) -> list[tuple[str, str]]:
    """Each instruction of a Dockerfile and what follows it, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parts = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
    return [(keyword, " ".join(rest.split())) for keyword, rest in parts]


def test_its_commands_install_a_project_that_loads(tmp_path: Path) -> None:
    """The image has the versions of the chart, and Dagster loads the project's definitions there.

    Needs a package index, as building an image does.
    """
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    image, app = tmp_path / "image", tmp_path / "app"
    run([uv, "-q", "build", "--wheel", "--out-dir", str(tmp_path / "dist"), str(ROOT)])
    run([uv, "-q", "venv", "--seed", "--python", sys.executable, str(image)])
    arguments: dict[str, str] = {}
    for keyword, rest in instructions(DOCKERFILE.read_text()):
        if keyword == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif keyword == "RUN" and rest.startswith("useradd"):
            assert "--uid 1000" in rest, "the values say runAsUser: 1000"
        elif keyword == "RUN":
            if not app.exists() and DIST not in rest:
                # What the context has: a project that `packsync init` made, and the wheel in dist/.
                run([str(image / "bin" / "packsync"), "init", "app"], cwd=tmp_path)
            command = rest.replace(DIST, str(tmp_path / "dist"))
            path = f"{image / 'bin'}:{os.environ['PATH']}"
            environment = {**os.environ, **arguments, "PATH": path, "PYTHONPATH": ""}
            cwd = app if app.exists() else tmp_path
            run(["sh", "-ec", command], cwd=cwd, env=environment)
        else:
            assert keyword in OF_AN_IMAGE, f"{keyword} {rest} is not tried"
    loads = (
        "import dagster as dg, dagster_k8s, dagster_postgres, duckdb_extension_ducklake; "
        "from sync_assets.definitions import defs; "
        "print(dg.__version__, len(list(defs().resolve_all_asset_specs())))"
    )
    told = run([str(image / "bin" / "python"), "-c", loads], cwd=app)
    assert re.fullmatch(rf"{re.escape(arguments['DAGSTER'])} [1-9]\d*", told.strip())


def test_what_is_left_out_of_the_image() -> None:
    """No state, no secrets and no data of the machine that builds it."""
    left_out = set((DOCKERFILE.parent / ".dockerignore").read_text().split())
    assert {".dagster", ".env", ".git", "*.duckdb*"} <= left_out


def run(command: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run it; returns what it printed. If it does not end well, the test fails with its words."""
    done = subprocess.run(  # noqa: S603 - commands of our own
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout
