"""One sync in a process of its own: `python -m tests.engine.sync_in_process FOLDER`.

Prints its error, or its mode and the cursor that it began with.
"""

import sys
from pathlib import Path

from pack_sync.engine.sync_failures import SyncFailedError
from tests.engine.sync_harness import Engine, Scripted, last_page

if __name__ == "__main__":
    engine = Engine(folder=Path(sys.argv[1]), execute=Scripted(last_page("t2", b="2")))
    try:
        record = engine.sync().record
        sys.stdout.write(f"{record.mode} from {record.cursor_before}")
    except SyncFailedError as failure:
        sys.stdout.write(str(failure))
