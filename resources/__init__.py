"""What assets call: the pack and its runtimes, the fetcher, the spool, the warehouse."""
