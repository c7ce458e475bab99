"""Tests of `pack_sdk.incremental`: packs against a service that changes while it is read."""
