"""What Dagster loads of this project: all that is below `defs/`, and the resources."""

from pathlib import Path

import dagster as dg

from pack_sync import load_packs
from resources import resources


@dg.definitions
def defs() -> dg.Definitions:
    """The assets of each pack that `defs/` switches on, their jobs and schedules."""
    return dg.Definitions.merge(
        load_packs(path_within_project=Path(__file__).parent),
        dg.Definitions(
            resources=resources(),
            # Tables of a pack run side by side in threads; a process per step would only
            # add seconds of imports.
            executor=dg.in_process_executor,
        ),
    )
