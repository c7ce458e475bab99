"""Recordings of real syncs, for tests of packs: made here, read and replayed by `pack_sdk.testing`.

In comes a sync job. Its answers are kept as the pack got them; secrets are taken out of them, rows
left out, personal data replaced, and what is left is replayed before it is written: a file of a
recording is one with which the pack does what it did.
"""
