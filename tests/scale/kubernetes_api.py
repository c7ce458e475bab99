"""A Kubernetes API on loopback whose pods are processes of this machine.

It knows of jobs, and of their pods' secrets, config maps and commands: what Dagster's launcher and
executor ask of a cluster. It schedules nothing, pulls no image, and limits no memory.
"""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.scale.cluster import Machine

Object = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """The pod of a job: what it was asked for, and where it runs."""

    job: Object
    process: subprocess.Popen[bytes]

    @property
    def spec(self) -> Object:
        """Its PodSpec, as it was sent."""
        return self.job["spec"]["template"]["spec"]

    @property
    def container(self) -> Object:
        """Its one container."""
        (container,) = self.spec["containers"]
        return container

    @property
    def label(self) -> str:
        """The op that it is for; empty if it is for a run."""
        return self.job["metadata"]["labels"].get("dagster/op", "")

    def status(self) -> Object:
        """The JobStatus: its process runs, has ended well, or has not."""
        code = self.process.poll()
        if code is None:
            return {"active": 1}
        return {"succeeded": 1} if code == 0 else {"failed": 1}

    def kill(self) -> None:
        """End it as when its node is lost; Kubernetes then has a failed job."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Kubernetes:
    """The API, with the secrets and config maps that are there; end it with `close`."""

    def __init__(
        self,
        machine: Callable[[str], Machine],
        secrets: Mapping[str, Mapping[str, str]],
        config_maps: Mapping[str, Mapping[str, str]],
    ) -> None:
        """`machine` makes one of that name with the image's files and variables."""
        self.pods: dict[str, Pod] = {}
        self._machine, self._secrets, self._config_maps = machine, secrets, config_maps
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def write_kubeconfig(self, path: Path) -> None:
        """A file by which clients find it."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        config: Object = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "loopback", "cluster": {"server": url}}],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [
                {"name": "loopback", "context": {"cluster": "loopback", "user": "nobody"}}
            ],
            "current-context": "loopback",
        }
        path.write_text(yaml.safe_dump(config))

    def close(self) -> None:
        """Stop answering, and end what runs."""
        self._server.shutdown()
        self._server.server_close()
        for pod in self.pods.values():
            pod.kill()

    def create(self, job: Object) -> Object:
        """Start the pod of a job. Raises `KeyError` for a secret that is not there."""
        with self._lock:
            name = job["metadata"]["name"]
            spec = job["spec"]["template"]["spec"]
            (container,) = spec["containers"]
            machine = self._machine(name)
            machine.environment = {**machine.environment, **self._environment(container)}
            self._mount(spec, container)
            self.pods[name] = Pod(job, machine.start(*container["args"]))
        return job

    def _environment(self, container: Object) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            if "secretRef" in source:
                found |= self._secrets[source["secretRef"]["name"]]
            else:
                found |= self._config_maps[source["configMapRef"]["name"]]
        for variable in container.get("env", []):
            if "valueFrom" in variable:
                key = variable["valueFrom"]["secretKeyRef"]
                found[variable["name"]] = self._secrets[key["name"]][key["key"]]
            else:
                found[variable["name"]] = variable.get("value", "")
        return found

    def _mount(self, spec: Object, container: Object) -> None:
        """The config maps that a pod has as files."""
        volumes = {volume["name"]: volume["configMap"]["name"] for volume in spec["volumes"]}
        for mount in container["volumeMounts"]:
            path = Path(mount["mountPath"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._config_maps[volumes[mount["name"]]][mount["subPath"]])

    def read(self, path: str) -> Object | None:
        """A job by its path, with its status; of the pods of one nothing more is known."""
        *_, kind, name = path.partition("?")[0].removesuffix("/status").split("/")
        if name == "pods":
            return {"kind": "PodList", "apiVersion": "v1", "items": []}
        if kind == "jobs" and name in self.pods:
            pod = self.pods[name]
            return {**pod.job, "status": pod.status()}
        return None

    def delete(self, path: str) -> Object | None:
        """End a job."""
        pod = self.pods.get(path.partition("?")[0].rpartition("/")[2])
        if pod is None:
            return None
        pod.kill()
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}


def _handler_of(cluster: Kubernetes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(cluster.read(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(cluster.create(json.loads(body)), 201)

        def do_DELETE(self) -> None:
            self._answer(cluster.delete(self.path))

        def _answer(self, found: Object | None, code: int = 200) -> None:
            body = json.dumps(found or {"kind": "Status", "status": "Failure"}).encode()
            self.send_response(404 if found is None else code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
