"""What Dagster's Helm chart makes of `examples/kubernetes/values.yaml`, as its templates say.

Written after the templates of version 1.13, for there is no Helm here: the instance's dagster.yaml,
and what a code server tells of its image, secrets and resources to the runs that it launches.
"""

from typing import Any

import yaml

from tests.scale.cluster import ROOT

EXAMPLE = ROOT / "examples" / "kubernetes"
NAMESPACE = "data"
INSTANCE = "dagster-instance"
PASSWORD = "dagster-postgresql-secret"
RUN_ENVIRONMENT = "dagster-pipeline-env"
SHARED = {
    "DAGSTER_K8S_INSTANCE_CONFIG_MAP": INSTANCE,
    "DAGSTER_K8S_PG_PASSWORD_SECRET": PASSWORD,
    "DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP": RUN_ENVIRONMENT,
}
"""What all of the chart's pods have in their environment."""

Values = dict[str, Any]


def values() -> Values:
    """The file."""
    return yaml.safe_load((EXAMPLE / "values.yaml").read_text())


def deployment(given: Values) -> Values:
    """The one code server."""
    (only,) = given["dagster-user-deployments"]["deployments"]
    return only


def image(given: Values) -> str:
    """Repository and tag of the code server's image."""
    named = deployment(given)["image"]
    return f"{named['repository']}:{named['tag']}"


def launcher(given: Values) -> Values:
    """What the run launcher is configured with."""
    said = given["runLauncher"]["config"]["k8sRunLauncher"]
    run = said["runK8sConfig"]
    return {
        "load_incluster_config": said["loadInclusterConfig"],
        "job_namespace": NAMESPACE,
        "image_pull_policy": said["imagePullPolicy"],
        "service_account_name": "dagster",
        "dagster_home": {"env": "DAGSTER_HOME"},
        "instance_config_map": {"env": "DAGSTER_K8S_INSTANCE_CONFIG_MAP"},
        "postgres_password_secret": {"env": "DAGSTER_K8S_PG_PASSWORD_SECRET"},
        "env_config_maps": [{"env": "DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP"}],
        "run_k8s_config": {
            "container_config": run["containerConfig"],
            "pod_spec_config": run["podSpecConfig"],
            "job_spec_config": run["jobSpecConfig"],
        },
    }


def instance(given: Values) -> Values:
    """The instance's dagster.yaml."""
    said = given["postgresql"]
    config = {
        "postgres_db": {
            "username": said["postgresqlUsername"],
            "password": {"env": "DAGSTER_PG_PASSWORD"},
            "hostname": said["postgresqlHost"],
            "db_name": said["postgresqlDatabase"],
            "port": said["service"]["port"],
            "params": {},
            "scheme": said["postgresqlScheme"],
        }
    }
    storages = {
        "schedule_storage": ("dagster_postgres.schedule_storage", "PostgresScheduleStorage"),
        "run_storage": ("dagster_postgres.run_storage", "PostgresRunStorage"),
        "event_log_storage": ("dagster_postgres.event_log", "PostgresEventLogStorage"),
    }
    return {
        **{
            key: {"module": module, "class": name, "config": config}
            for key, (module, name) in storages.items()
        },
        "scheduler": {"module": "dagster.core.scheduler", "class": "DagsterDaemonScheduler"},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
        },
        "compute_logs": {
            "module": "dagster.core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        "run_launcher": {
            "module": "dagster_k8s",
            "class": given["runLauncher"]["type"],
            "config": launcher(given),
        },
        "telemetry": {"enabled": given["telemetry"]["enabled"]},
        **given["additionalInstanceConfig"],
    }


def container_context(given: Values) -> Values:
    """What runs take over of the code server."""
    said = deployment(given)
    return {
        "k8s": {
            "image_pull_policy": said["image"]["pullPolicy"],
            "env_config_maps": [f"dagster-{said['name']}-user-env"],
            "env_secrets": [secret["name"] for secret in said["envSecrets"]],
            "namespace": NAMESPACE,
            "service_account_name": "dagster-user-deployments",
            "run_k8s_config": {"pod_spec_config": {"automount_service_account_token": True}},
        }
    }
