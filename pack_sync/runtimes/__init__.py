"""Calling a pack's code, whatever language it is written in.

In come a pack's name, and for each sync the arguments and the state of `execute` (`SyncState`).
Out come pages of rows as lines of JSON (`spool.page.Page`), schemas, choices and names, all of
them checked. `loader` finds packs; `session` asks them; `python` and `typescript` call their
functions, in a thread and in a child process, each for as long as a page may take at most.
"""
