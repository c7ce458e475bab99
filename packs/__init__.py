"""The packs of this project: one folder a pack, each with a `pack.py`."""
