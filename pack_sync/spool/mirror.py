"""Pages of a running sync where all workers of a lake find them, should this one die (contract D9).

The spool stays what it is. A thread reads what has come into its journal, and uploads the pages,
many to an object; each object has the journal's lines of its pages, so no line says more than is
there. A mirror has a folder of its own, and earlier ones go once it has all their pages.
"""

import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from pack_sync.spool.folders import JOURNAL, PAUSED, mark_paused, new_folder
from pack_sync.spool.journal import line_of
from pack_sync.spool.spool import Spool
from pack_sync.state.shared_files import SharedFiles
from pack_sync.warehouse.identifiers import folder_name
from pack_sync.warehouse.storage_errors import LakeFilesError

WAIT_SECONDS = 0.5
"""How long a page waits for others to be uploaded with."""

PAGES_FOLDER = "spools"
"""Where pages are among the shared files."""

_PAGES = ".pages"
_OBJECT_BYTES = 8 * 1024 * 1024

Log = Callable[[str], object]


class Mirror:
    """Uploads the pages of a spool while it is written; `earlier` are files of earlier mirrors.

    `within` is for how long after the last page a sync may go on with them.
    """

    def __init__(
        self,
        files: SharedFiles,
        place: str,
        spool: Spool,
        earlier: Sequence[str],
        within: timedelta,
        warn: Log,
    ) -> None:
        self._files = files
        minutes = within // timedelta(minutes=1) + 1
        self._folder = f"{place}/{spool.folder.name}.{uuid.uuid4().hex}.{minutes}"
        self._spool = spool.folder
        self._earlier = list(earlier)
        self._taken_up = spool.page_count
        self._warn = warn
        self._told = False
        self._written: list[str] = []
        self._end, self._pages = 0, 0
        self._header = b""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mirror of a spool", daemon=True)
        self._thread.start()

    def keep(self, paused_until: datetime | None = None) -> None:
        """Upload what is left, for whoever goes on. The spool must still be there.

        `paused_until` is when the service takes requests again, where that is what ended the sync.
        """
        self._stop()
        self._upload(any_page=True)
        if paused_until is not None and self._written:
            mark = f"{self._folder}/{PAUSED}-{int(paused_until.timestamp())}"
            try:
                self._files.put(mark, b"")
            except LakeFilesError as error:
                self._warn_once(error)

    def discard(self) -> None:
        """Remove all that was uploaded of this sync, now and earlier."""
        self._stop()
        try:
            self._files.remove([*self._written, *self._earlier])
        except LakeFilesError as error:
            self._warn(f"uploaded pages could not be removed, and a later sync does: {error}")

    def _stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(WAIT_SECONDS):
            # A sync of one page is over before this is worth while.
            self._upload(any_page=self._pages > 0)

    def _upload(self, *, any_page: bool) -> None:
        try:
            with closing(self._batches(any_page=any_page)) as batches:
                for lines, rows in batches:
                    first, last = self._pages + 1, self._pages + len(lines)
                    name = f"{self._folder}/{first:010}-{last:010}{_PAGES}"
                    self._files.put(name, b"".join([self._header, *lines, b"\n", *rows]))
                    self._written.append(name)
                    self._end += sum(map(len, lines))
                    self._pages = last
            if self._earlier and self._pages >= max(self._taken_up, 1):
                self._files.remove(self._earlier)
                self._earlier.clear()
        except (LakeFilesError, OSError) as error:
            self._warn_once(error)

    def _warn_once(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            self._warn(f"pages cannot be uploaded for other workers to go on from: {error}")

    def _goes_on(self, last: bytes) -> bool:
        """Whether pages will follow this line of the journal."""
        shared = self._header == line_of(None)  # by syncs of which others may have pages to come
        return shared or orjson.loads(last)["continuation"] is not None

    def _batches(self, *, any_page: bool) -> Generator[tuple[list[bytes], list[bytes]]]:
        """Lines of the journal that are not uploaded yet, with the rows of their pages."""
        with (self._spool / JOURNAL).open("rb") as journal:
            self._header = journal.readline()
            self._end = max(self._end, len(self._header))
            journal.seek(self._end)
            whole = [line for line in journal.read().splitlines(True) if line.endswith(b"\n")]
        if not whole or not (any_page or self._goes_on(whole[-1])):
            return
        lines, rows, size = list[bytes](), list[bytes](), 0
        for line in whole:
            page = orjson.loads(line)
            with (self._spool / page["file"]).open("rb") as file:
                file.seek(page["offset"])
                rows.append(file.read(page["length"]))
            lines.append(line)
            size += page["length"]
            if size >= _OBJECT_BYTES:
                yield lines, rows
                lines, rows, size = [], [], 0
        if lines:
            yield lines, rows


def place_of(*names: str) -> str:
    """Where the pages of a sync are among the shared files, by its pack, table and name."""
    return "/".join([PAGES_FOLDER, *map(folder_name, names)])


def longest_use(folder: str) -> timedelta:
    """For how long after its last page a mirror with this folder may be of use."""
    minutes = folder.rpartition("/")[2].split(".")[2:]
    return timedelta(minutes=int(*minutes)) if minutes else timedelta(0)


def fetch_mirrored(files: SharedFiles, place: str, parent: Path, log: Log) -> Sequence[str]:
    """Fetch the pages that another worker has left of a sync, if they are more than are here.

    They become a folder below `parent`, as if they had been left here. Returns the names of all
    files that were found. Call it while the sync's lease is held.
    """
    try:
        found = files.names(place)
        mirrors: dict[str, list[str]] = {}
        for name in found:
            mirrors.setdefault(name.rpartition("/")[0], []).append(name)
        here = {each.parent.name: _lines(each) for each in parent.glob(f"spool-*/{JOURNAL}")}
        others = {
            folder: names
            for folder, names in mirrors.items()
            if folder.rpartition("/")[2].partition(".")[0] not in here
        }
        best = max(others.values(), key=_last_page, default=list[str]())
        if _last_page(best) > max(here.values(), default=0):
            _fetch(files, best, parent)
    except (LakeFilesError, OSError, ValueError) as error:
        log(f"pages that another worker may have left could not be fetched: {error}")
        return []
    return found


def _fetch(files: SharedFiles, names: Sequence[str], parent: Path) -> None:
    folder = new_folder(parent)
    try:
        for number, name in enumerate(_objects(names)):
            journal, _, rows = files.get(name).partition(b"\n\n")
            header, *lines = journal.splitlines()
            with (folder.path / JOURNAL).open("ab") as file:
                kept = lines if number else [header, *lines]
                offset = 0
                for line in lines:
                    page = orjson.loads(line)
                    with (folder.path / page["file"]).open("ab") as into:
                        into.write(rows[offset : offset + page["length"]])
                    offset += page["length"]
                file.writelines(line + b"\n" for line in kept)
        if until := pause_of(names):
            mark_paused(folder.path, until)
    except BaseException:
        folder.remove()
        raise
    folder.leave()


def pause_of(names: Iterable[str]) -> datetime | None:
    """Until when the service wanted no requests, by the names of a mirror's files."""
    times = [name.rpartition("-")[2] for name in names if f"/{PAUSED}-" in name]
    return datetime.fromtimestamp(max(map(int, times)), UTC) if times else None


def _objects(names: Iterable[str]) -> list[str]:
    """Those of a mirror's files that have pages, in order."""
    return sorted(name for name in names if name.endswith(_PAGES))


def _last_page(names: Iterable[str]) -> int:
    objects = _objects(names)
    return int(objects[-1].rpartition("-")[2].removesuffix(_PAGES)) if objects else 0


def _lines(journal: Path) -> int:
    """How many pages a journal has at most."""
    return journal.read_bytes().count(b"\n") - 1
