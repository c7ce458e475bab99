"""Syncs that are killed at every step that writes, and what must hold afterwards.

`make crash`, or `python -m tests.crash --points 400 --seed 7`, runs hundreds of kills;
`test_crash.py` runs some of them, and shows that planted defects are noticed.
"""
