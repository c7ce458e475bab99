"""Packs written in Python: their functions are called in a thread of the sync's own.

In comes a call of one function; out comes what it returned, and for `execute` a page whose rows
are lines of JSON. A call that takes too long is given up, while the thread may go on. Errors of
the pack's code are raised as they are, with a note of the place in it where they came up.
"""
