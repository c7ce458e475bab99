"""One run of a table's sync, free of Dagster: mode, pages, commit, retries, crawling."""
