"""The sensors that tell somebody of what is wrong, and `NotifyComponent` for a whole project."""

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import cast

import dagster as dg

from pack_sync.dagster.notify_configuration import NotifyConfiguration, with_secrets
from pack_sync.dagster.pack_resource import PackResource
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.dagster.watching import Look, broken_packs_of, last_ended_run, packs_of
from pack_sync.notify.changes import Seen
from pack_sync.notify.delivery import Envelope, Memory, tell
from pack_sync.project import ConfigurationError, current_project
from pack_sync.warehouse.storage_errors import StorageError

EVERY_SECONDS = 60
LOOK_AT_LEAST_EVERY_SECONDS = 600.0
"""What no run changes is seen that soon: a table that gets stale, a held sync that is approved."""

_LOCK_WAIT_SECONDS = 5.0  # Dagster gives an evaluation 60 s


def build_notify_sensor(
    name: str, configured: NotifyConfiguration, *, where: str, pack: str | None = None
) -> dg.SensorDefinition:
    """A sensor that is on by default, about one pack or all; `where` is named in errors."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        memory = Memory.read(context.cursor)
        ended = last_ended_run(context.instance)
        age = time.time() - memory.looked_at
        due = ended != memory.runs_until or memory.is_waiting
        if not due and 0 <= age < LOOK_AT_LEAST_EVERY_SECONDS:
            return dg.SkipReason("no run has ended since the last look")
        warehouse = cast("WarehouseResource", getattr(context.resources, WAREHOUSE))
        try:
            notifiers = with_secrets(configured.to, where)
            seen = look(context, warehouse, pack, memory.keys)
        except (ConfigurationError, StorageError) as error:
            context.log.warning(f"nobody can be told: {error}")
            return dg.SkipReason(f"nobody can be told: {error}")
        lines: list[str] = []
        envelope = envelope_of(configured)
        told = tell(notifiers, seen, memory.told, envelope, lines.append)
        for line in lines:
            context.log.info(line)
        after = Memory(told, looked_at=time.time(), runs_until=ended)
        reason = "; ".join(lines) or "there is nothing new to tell"
        return dg.SensorResult(skip_reason=reason, cursor=after.as_text())

    return dg.SensorDefinition(
        name=name,
        evaluation_fn=evaluate,
        minimum_interval_seconds=EVERY_SECONDS,
        required_resource_keys={WAREHOUSE},
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Tells somebody what is wrong with {pack or 'any pack'}, and when it is over.",
    )


def look(
    context: dg.SensorEvaluationContext,
    warehouse: WarehouseResource,
    pack: str | None,
    told: frozenset[str],
) -> Seen:
    """What is wrong now. Raises `StorageError` where the warehouse cannot be read soon."""
    repository = context.repository_def
    if repository is None:
        raise ConfigurationError("the sensor was evaluated without its code location")
    return look_at(repository, context.instance, warehouse, pack, told)


def look_at(
    repository: dg.RepositoryDefinition,
    instance: dg.DagsterInstance,
    warehouse: WarehouseResource,
    pack: str | None = None,
    told: frozenset[str] = frozenset(),
) -> Seen:
    """What is wrong now with the packs of a code location, or one of them."""
    impatient = warehouse.model_copy(
        update={"lock_wait_seconds": min(warehouse.lock_wait_seconds, _LOCK_WAIT_SECONDS)}
    )
    resources = repository.get_top_level_resources()
    with ExitStack() as stack:
        opened: list[tuple[PackTables, PackResource]] = []
        for definition in packs_of(repository, pack):
            key = definition.resource_key
            built = stack.enter_context(dg.build_resources({key: resources[key]}))
            opened.append((definition, getattr(built, key)))
        now = datetime.now(UTC)
        look = Look(instance=instance, warehouse=impatient.open(), now=now, told=told)
        return look.at(opened, broken_packs_of(repository, pack))


def envelope_of(configured: NotifyConfiguration) -> Envelope:
    """What is the same in all messages that are sent now."""
    return Envelope(
        project=current_project().root.name,
        at=datetime.now(UTC),
        webserver_url=configured.webserver_url,
    )


class NotifyComponent(NotifyConfiguration, dg.Component):
    """The sensor `notify`: somebody is told of what goes wrong in any pack of the project."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The sensor."""
        where = str(context.path / "defs.yaml" if context.path.is_dir() else context.path)
        return dg.Definitions(sensors=[build_notify_sensor("notify", self, where=where)])
