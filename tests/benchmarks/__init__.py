"""Tests of the benchmarks: that they run, and that they find what they look for."""
