"""Benchmarks: the engine next to the least work that could bring the same rows."""
