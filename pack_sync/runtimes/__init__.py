"""Calling a pack's code: the interface, and the runtime for Python packs."""
