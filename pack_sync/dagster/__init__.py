"""What Dagster shows and runs: packs as assets, with checks, schedules, jobs and resources.

In come a `defs.yaml` (`component`) or a call of `build_pack_assets`; out come Dagster definitions.
`sync_op` is what a run does: it hands its tables to the room `engine`, and reports each result as
a materialization with its metadata and checks. Private parts of Dagster are in `internals` alone.
"""
