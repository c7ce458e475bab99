"""Connecting an account: from what a pack declares to credentials for syncs (contract A5 to A9).

Comes in: a pack's authentication, what a person types, what the service answers. Goes out: an
account in the store that tokens are in (`pack_sync.state.accounts`). `packsync connect` is the
command; here is all of it that asks nobody and prints nothing.
"""
