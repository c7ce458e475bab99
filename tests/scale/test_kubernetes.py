"""The files of `examples/kubernetes`: as far as they can be tried without a cluster."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scale.cluster import wait_for
from tests.scale.service import Service

pytest.importorskip("dagster_k8s")
pytestmark = pytest.mark.slow

TABLES = 6
LARGE = "T004"


def op_tags() -> dict[str, Any]:
    """Those of the example's one large table."""
    from tests.scale.helm_values import EXAMPLE

    example = yaml.safe_load((EXAMPLE / "defs.yaml").read_text())
    return example["attributes"]["tables"]["Events"]["op_tags"]


@pytest.fixture
def service() -> Generator[Service]:
    """Tables whose pages take a while."""
    service = Service(tables=TABLES, rows=40, page=10, pause=0.5)
    yield service
    service.close()


@pytest.fixture
def cluster(folder: Path, service: Service) -> Generator[Any]:
    """Dagster as the chart sets it up; two tables are of a pool with one slot."""
    from tests.scale.pods import Pods

    cluster = Pods(folder, service.url, TABLES, ["T000", "T001"], {LARGE: op_tags()})
    try:
        cluster.start_store()
        cluster.start_dagster()
        yield cluster
    finally:
        cluster.close()


def test_a_pod_for_each_table_one_of_which_is_lost(cluster: Any, service: Service) -> None:
    """Each table has a pod with the resources and secrets that it needs; a lost one comes again."""
    from tests.scale import helm_values
    from tests.scale.runs import finished, launch
    from tests.scale.trial import problems_of

    lost = f"sync_fake_{LARGE}"
    run_id = launch(cluster, "fake_full_refresh")
    wait_for("the first page of a table", lambda: is_begun(cluster, run_id, service))
    (first,) = pods_of(cluster, lost)
    first.kill()
    report = finished(cluster, run_id, 600)
    assert problems_of(cluster, service, report) == []
    assert report.succeeded == TABLES
    again = pods_of(cluster, lost)
    assert len(again) == 2
    for pod in again:
        assert pod.container["resources"] == {
            "requests": {"cpu": "1", "memory": "2Gi"},
            "limits": {"memory": "4Gi"},
        }
        assert pod.spec["nodeSelector"] == {"pool": "large"}
    (other,), (run,) = pods_of(cluster, "sync_fake_T005"), pods_of(cluster, "")
    given = helm_values.values()
    default = helm_values.launcher(given)["run_k8s_config"]["container_config"]["resources"]
    for pod in (other, run):
        assert pod.container["resources"] == default
        assert pod.container["image"] == helm_values.image(given)
        assert pod.spec["securityContext"] == {"runAsNonRoot": True, "runAsUser": 1000}
    twice = sum(service.fetched.values()) - len(service.fetched)
    assert twice <= 1, "more than the page on its way was fetched again"


def test_the_pod_of_the_run_is_lost(cluster: Any, service: Service) -> None:
    """The run goes on in another pod; the pods of its tables go on by themselves meanwhile."""
    from tests.scale.runs import finished, launch
    from tests.scale.trial import problems_of

    run_id = launch(cluster, "fake_full_refresh")
    wait_for("the first page of a table", lambda: is_begun(cluster, run_id, service))
    (run,) = pods_of(cluster, "")
    run.kill()
    report = finished(cluster, run_id, 600)
    assert problems_of(cluster, service, report) == []
    assert report.succeeded == TABLES
    assert len(pods_of(cluster, "")) == 2
    assert len(pods_of(cluster, f"sync_fake_{LARGE}")) == 1
    assert sum(service.fetched.values()) == len(service.fetched), "a page was fetched twice"


def is_begun(cluster: Any, run_id: str, service: Service) -> bool:
    """Whether the first page of the large table was answered. Raises if the run is at its end."""
    from tests.scale.runs import status

    assert status(cluster, run_id) in ("QUEUED", "STARTING", "STARTED")
    return service.fetched[LARGE, -1, 1] > 0


def pods_of(cluster: Any, label: str) -> list[Any]:
    """The pods for an op; of runs without a label."""
    return [pod for pod in [*cluster.kubernetes.pods.values()] if pod.label == label]
