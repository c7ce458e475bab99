"""A small part of `make scale`, in the environment of its own: `make test-scale`."""

from pathlib import Path

import pytest

from tests.scale.service import Service

pytest.importorskip("dagster_celery")
pytestmark = pytest.mark.slow


def test_a_worker_is_killed(folder: Path) -> None:
    """Its ops are taken over by the other worker; every row is there, and no page fetched twice."""
    from tests.scale.__main__ import running
    from tests.scale.trial import kill_a_worker

    service = Service(tables=6, rows=40, page=10, pause=0.5)
    with running(folder, service, lost_after=8) as cluster:
        killed = kill_a_worker(cluster, service)
    assert killed.problems == []
    assert killed.report.status == "SUCCESS"
    assert killed.report.succeeded == 6
