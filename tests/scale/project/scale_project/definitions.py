"""A project whose tables are synced by workers on many machines."""

import os
from functools import cache
from pathlib import Path

import dagster as dg
import yaml

from pack_sync import WarehouseResource, load_packs


def executor() -> dg.ExecutorDefinition:
    """Celery with the file that the workers have too, or a pod for each op."""
    if os.environ.get("SCALE_PODS"):
        from dagster_k8s import k8s_job_executor

        return k8s_job_executor.configured({"max_concurrent": int(os.environ["SCALE_PODS"])})
    from dagster_celery import celery_executor

    settings = yaml.safe_load(Path(os.environ["CELERY_YAML"]).read_text())
    return celery_executor.configured(settings["execution"]["config"])


@dg.definitions
@cache  # a Celery worker asks for them twice with each op, and has them for as long as it lives
def defs() -> dg.Definitions:
    """The pack, the lake and the executor."""
    return dg.Definitions.merge(
        load_packs(path_within_project=Path(__file__).parent),
        dg.Definitions(
            resources={
                "warehouse": WarehouseResource(
                    path=dg.EnvVar("SCALE_WAREHOUSE"), data_path="s3://scale/lake"
                )
            },
            executor=executor(),
        ),
    )
