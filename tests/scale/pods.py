"""The cluster as Dagster's Helm chart sets it up, with our values, where pods are processes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import yaml

from tests.scale import helm_values
from tests.scale.cluster import Cluster, Machine
from tests.scale.helm_values import Values
from tests.scale.kubernetes_api import Kubernetes

_LOOK_SECONDS = 2


class Pods(Cluster):
    """Everything of it, in a folder; tables may have tags of their own. End it with `close`."""

    def __init__(
        self, folder: Path, url: str, tables: int, small: list[str], op_tags: Mapping[str, Any]
    ) -> None:
        super().__init__(folder, url, tables, small, lost_after=0)
        self._values, self._op_tags = helm_values.values(), op_tags
        self._kubeconfig = folder / "kubeconfig"
        user = self._values["postgresql"]["postgresqlUsername"]
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {user} LOGIN SUPERUSER")  # type: ignore[arg-type]
        # What the code server and its runs have by the secret; Dagster's own pods have it not.
        ours = {
            key: value
            for key, value in self.environment.items()
            if not key.startswith(("DAGSTER", "CELERY"))
        }
        ours["SCALE_PODS"] = str(tables)
        home = folder / "dagster_home"
        self.environment = {
            "DAGSTER_HOME": str(home),
            "DAGSTER_PG_PASSWORD": "any",
            **helm_values.SHARED,
            "DAGSTER_CURRENT_IMAGE": helm_values.image(self._values),
            "DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT": json.dumps(
                helm_values.container_context(self._values)
            ),
            "PYTHONWARNINGS": "ignore",
            **ours,
        }
        deployment = helm_values.deployment(self._values)["name"]
        instance = yaml.safe_dump(self._instance())
        self.kubernetes = Kubernetes(
            self._pod,
            secrets={
                deployment: ours,
                helm_values.PASSWORD: {"postgresql-password": "any"},
            },
            config_maps={
                helm_values.INSTANCE: {"dagster.yaml": instance},
                helm_values.RUN_ENVIRONMENT: helm_values.SHARED,
                f"dagster-{deployment}-user-env": {},
            },
        )
        self.kubernetes.write_kubeconfig(self._kubeconfig)
        home.mkdir()
        (home / "dagster.yaml").write_text(instance)

    def close(self) -> None:
        """End all processes, pods first."""
        self.kubernetes.close()
        super().close()

    def _instance(self) -> Values:
        """As the chart makes it, but for addresses, and for how often Dagster looks after runs."""
        instance = helm_values.instance(self._values)
        for storage in ("schedule_storage", "run_storage", "event_log_storage"):
            database = instance[storage]["config"]["postgres_db"]
            database["hostname"] = "localhost"
            database["params"] = {"host": str(self.folder / "postgres")}
        instance["run_launcher"]["config"] |= {
            "load_incluster_config": False,
            "kubeconfig_file": str(self._kubeconfig),
        }
        instance["run_monitoring"]["poll_interval_seconds"] = _LOOK_SECONDS
        return instance

    def _configure(self, folder: Path) -> None:
        """Nothing: dagster.yaml is a config map."""

    def _project_on(self, name: str) -> Machine:
        machine = super()._project_on(name)
        machine.environment = {**machine.environment, **self.environment}
        return machine

    def _pod(self, name: str) -> Machine:
        """What the image has: the project and our library, and no variable of anybody's."""
        machine = super()._project_on(name)
        machine.environment = {"PYTHONPATH": machine.environment["PYTHONPATH"]}
        return machine

    def _definitions(self) -> dict[str, Any]:
        definitions = super()._definitions()
        for table, tags in self._op_tags.items():
            definitions["attributes"]["tables"].setdefault(table, {})["op_tags"] = tags
        return definitions
