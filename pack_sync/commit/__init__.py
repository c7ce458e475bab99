"""One transaction in the warehouse: the rows of a sync, its deletions, its cursor, its ledger line.

In come an attached stage and a `CommitRequest`; out comes a `CommitResult`, or an error and nothing
is changed. `finding_changes`, with `row_comparison`, and `row_changes` find and make the changes of
`target_table`; `delete_guard` may hold them back, for `held_syncs` and `approval`;
`full_sync_audit` compares what increments had missed; `rejects_replay` applies rows that were
rejected once. What commands show is read here as well.
"""
