"""`LakeUpkeepComponent`: a job and a schedule that keep a lake in order."""

from datetime import timedelta

import dagster as dg

from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.ledger.lake_upkeep import tend_lake
from pack_sync.settings import LakeUpkeepSettings

JOB = "lake_upkeep"


class LakeUpkeepComponent(LakeUpkeepSettings, dg.Component, dg.Model, dg.Resolvable):
    """The job `lake_upkeep` with its schedule: compacts the files of the warehouse, a lake."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The job and its schedule; the op takes turns with syncs, which may go on."""
        del context

        @dg.op(name=f"{JOB}_op", required_resource_keys={WAREHOUSE})
        def tend(context: dg.OpExecutionContext) -> None:
            """Compact the lake's files, and remove old and orphaned ones."""
            done = tend_lake(
                context.resources.warehouse.open(), keep=timedelta(days=self.keep_days)
            )
            context.add_output_metadata(vars(done))

        @dg.job(  # pyright: ignore[reportUnknownMemberType]
            name=JOB, executor_def=dg.in_process_executor
        )
        def lake_upkeep() -> None:
            """Compacts the files of the lake, and removes old and orphaned ones."""
            tend()

        status = dg.DefaultScheduleStatus
        schedule = dg.ScheduleDefinition(
            job=lake_upkeep,
            cron_schedule=self.cron,
            execution_timezone=self.time_zone,
            default_status=status.RUNNING if self.enabled else status.STOPPED,
        )
        return dg.Definitions(jobs=[lake_upkeep], schedules=[schedule])
