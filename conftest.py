"""For all tests, before any module of ours is imported."""

import os

# A terminal's width, if one is set, would be that of every table that a test prints; rich reads it
# when a console is made, and the tests set their own.
os.environ.pop("COLUMNS", None)

pytest_plugins = ["pytester"]  # pytest's own, for tests of what authors of packs run with pytest
