"""Pages on disk: what a sync has fetched and not committed yet.

In come pages from the room `runtimes`; out come files of JSON lines, which the room `stage` types.
The journal beside them tells which pages are whole and where to go on, so that a sync that was
killed is resumed and not begun anew; `folders` gives each sync a folder, which only one process may
use, and `recovery` finds what an earlier one left.
"""
