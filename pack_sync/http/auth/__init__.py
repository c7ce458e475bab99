"""Credentials: put on requests where a pack cannot see them.

`kinds` is the table of the kinds of authentication; each is a class in a file of its own that says
what it puts on a request, which values are secret and how access tokens are obtained, if it needs
any. Comes in: what the pack declares (`pack_sdk.authentication`) and the connection's credentials.
Goes out: the request that is sent. Tokens that OAuth2 obtains are kept in `pack_sync.state`.
"""
