"""The database: where it is, opening it, taking turns at it, what its failures mean, backups.

`warehouse.Warehouse` opens the database for each read and write and closes it at once, since a file
that one process writes is shut to all others. `database` says what differs between a DuckDB file
(`duckdb_file`, `locked_files`) and a lake (`ducklake`, `catalogues`, `object_stores`,
`extensions`). `serving` has a file open for others, who go through it by `served_file`.
`duckdb_handles` keeps DuckDB instances for reuse, `duckdb_sharing` lets threads take turns,
`storage_errors` says in plain words what failed and what to do. No other room knows how a database
is opened.
"""
