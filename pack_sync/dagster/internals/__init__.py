"""All that touches private parts of Dagster, which may change with any of its versions.

What goes in and out are Dagster's public objects. Each private part, and what happens without it:

- `sqlite_storage`, the storages' classes, their methods and tables (all there from Dagster 1.13.13
  on): Dagster's own SQLite storage.
- `run_launcher`, what a launcher says of a run's health: Dagster's default launcher; only the ticks
  of a pack's schedules notice a run whose process is gone.
- `dead_runs`, the process number in a run's events: a run that a launcher started counts as running
  until run monitoring's `max_runtime_seconds` are over.
- `pool_slots`, how a run claims the slot of a pool: Dagster's own way, which asks without a pause,
  hears no signal, and leaves the slots of dead runs to run monitoring.
- `new_backfill`, the record of a backfill: `packsync backfill` says how to ask for one in the UI.
- `asset_outputs`, the step that an asset is made by, and the key that keeps Dagster from recording
  an event: the assets of a step are worked out anew for each, and the event is recorded again.
- `component_schemas`, what the UI's editor shows: the schemas are made for each command too.
"""
