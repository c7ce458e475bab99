"""What Dagster shows: assets, schedules, checks, and the command line beside them."""
