"""Many workers, run for real: `python -m tests.scale`."""
