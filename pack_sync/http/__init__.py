"""Every HTTP request that a pack makes.

In comes a `FetchRequest` of a pack; out comes its answer, or an error that shows no secret. A
`SyncFetcher` belongs to one sync, a `Connection` to all syncs of an account: it has the credentials
(`auth`), the pooled sockets and the limits. `guarded_transport` decides by address, `allowed_hosts`
by name, which hosts may be reached; retries, redirects and sizes have a module each.
"""
