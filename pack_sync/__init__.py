"""Pack Sync."""
