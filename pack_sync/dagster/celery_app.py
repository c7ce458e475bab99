"""What a Celery worker runs: dagster-celery's app, which keeps what it has taken from Redis.

    dagster-celery worker start -A pack_sync.dagster.celery_app -y celery.yaml

Redis does not notice that a worker is gone. An op that nobody has acknowledged for as long as
`visibility_timeout` is handed to another worker; were that long, the ops of lost workers would
wait, and were it short, every op that takes longer would be started a second time. So these workers
say again and again, as long as they live, that they are still at it.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUntypedBaseClass=false
import time
from typing import Any

from celery import bootsteps
from celery.worker.state import reserved_requests
from dagster_celery.app import app

_TIMES_BEFORE_IT_ENDS = 4


class KeepsWhatItHas(bootsteps.StartStopStep):
    """The part of a worker that renews what it holds; nothing where the broker is not Redis.

    RabbitMQ hands out what a worker had as soon as its connection is gone.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._renewing: Any = None

    def start(self, parent: Any) -> None:
        """Begin, with each connection to the broker."""
        channel = parent.task_consumer.channel
        if hasattr(channel, "unacked_index_key"):
            pause = channel.visibility_timeout / _TIMES_BEFORE_IT_ENDS
            self._renewing = parent.timer.call_repeatedly(pause, renew, (channel,))

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - as Celery calls it
        """End, with the connection."""
        if self._renewing is not None:
            self._renewing.cancel()
            self._renewing = None


def renew(channel: Any) -> None:
    """Say of all that this worker has taken, and not done, that it was taken now."""
    now = time.time()
    requests: list[Any] = [*reserved_requests]  # pyright: ignore[reportUnknownArgumentType]
    taken = {request.message.delivery_tag: now for request in requests}
    if taken:
        with channel.conn_or_acquire() as redis:
            redis.zadd(channel.unacked_index_key, taken, xx=True)  # not what is done meanwhile


app.steps["consumer"].add(KeepsWhatItHas)

__all__ = ["app"]
