"""Tests of the pack `hubspot`."""
