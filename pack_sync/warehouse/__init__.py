"""The database: where it is, opening it, taking turns at it, what its failures mean, backups.

`duckdb_file.Warehouse` opens the file for each read and write and closes it at once, since a file
that one process writes is shut to all others. `duckdb_handles` keeps DuckDB instances for reuse,
`duckdb_sharing` lets threads take turns, `storage_errors` says in plain words what failed and what
to do. No other room knows how a database is opened.
"""
