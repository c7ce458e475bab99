"""One sync of one table, and the syncs of a run side by side; free of Dagster and of SQL.

In comes a `SyncJob` (which table, run by which pack, with which values) and what the run asks
for; out comes a `SyncOutcome` (what was committed, warnings, failures) or a `SyncFailedError`.
`sync.run_sync` is the way of one table: `full_or_incremental` decides, `collect` and `page_loop`
call the pack, `resume` keeps pages for a later attempt, and the room `commit` does the rest.
`crawl` does so for every row of a parent table, `sync_tables` for all tables of a run.
"""
