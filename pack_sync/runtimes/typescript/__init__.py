"""Packs written in TypeScript: bundled once, then run in Deno, one child process for each sync.

In come a pack's folder (`build` makes a `bundle` and its `manifest`) and calls of its functions.
Out come pages and answers, and errors with the pack's own file and line. The child (`child/`) has
no permissions: `deno` starts it, `process` exchanges `messages` with it over its pipes, and each
request that it makes is sent by Python (`child_requests`).
"""
