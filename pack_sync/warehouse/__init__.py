"""From pages on disk to rows in DuckDB: spool, stage, transaction, ledger."""
