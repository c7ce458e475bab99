"""`packsync record`: real syncs, kept as recordings that tests replay without a network."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer

from pack_sdk.testing.recordings import read_recordings
from pack_sdk.wording import counted
from pack_sync.cli.context import (
    choose_pack,
    choose_sync,
    choose_table,
    warehouse_resource,
)
from pack_sync.cli.preview_child import child_to_preview
from pack_sync.cli.terminal import console, errors, fail, plain_errors
from pack_sync.dagster.component import PackSyncComponent
from pack_sync.dagster.pack_tables import PackTables
from pack_sync.dagster.sync_jobs import OpenPack, sync_job_of
from pack_sync.dagster.warehouse_resource import WAREHOUSE, WarehouseResource
from pack_sync.engine.attempt import AttemptFailedError
from pack_sync.engine.sync_job import SyncJob
from pack_sync.engine.sync_tables import TableRuns
from pack_sync.project import current_project
from pack_sync.record.errors import NotRecordedError
from pack_sync.record.files import write_test
from pack_sync.record.making import Recorded, RecordingOptions, make_recordings
from pack_sync.record.replay import replay
from pack_sync.record.stand_ins import StandIns, key_of
from pack_sync.runtimes.loader import pack_folder, typescript_folder


def record(
    pack: Annotated[str, typer.Argument(help="The pack.")],
    table: Annotated[str | None, typer.Argument(help="One of its tables; all without it.")] = None,
    sync: Annotated[
        str | None, typer.Option(help="Which of the table's syncs, or of its children.")
    ] = None,
    rows: Annotated[
        int, typer.Option(min=0, help="How many rows to keep of each list in an answer; 0: all.")
    ] = 5,
    pages: Annotated[
        int, typer.Option(min=1, help="Stop after so many pages; there is no cursor then.")
    ] = 20,
    full: Annotated[
        bool, typer.Option("--full", help="Do not go on from the recording before.")
    ] = False,
    anonymize: Annotated[
        bool, typer.Option("--anonymize", help="Put stand-ins in place of personal data.")
    ] = False,
    keep: Annotated[
        str, typer.Option(help="Properties that --anonymize leaves, separated by commas.")
    ] = "",
    into: Annotated[
        Path | None, typer.Option(help="The folder; tests/recordings in the pack's, without it.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="Record nothing: replay what is recorded.")
    ] = False,
) -> None:
    """Make real syncs and keep what the service answered, for tests without a network.

    The first recording of a table is a full sync. A further one, some hours or days later, goes on
    from its cursor. The warehouse stays as it is. Secrets are replaced; each recording is
    replayed before it is written.
    """
    with plain_errors(), _chosen(pack, table, sync) as chosen:
        folder = into or _folder_of(chosen.component)
        if replay:
            _replay(chosen, folder)
            return
        stand_ins = None
        if anonymize:
            stand_ins = StandIns(key_of(current_project().state_folder / "recording.key"))
        options = RecordingOptions(
            rows=rows or None,
            full=full,
            stand_ins=stand_ins,
            keep=[name.strip() for name in keep.split(",") if name.strip()],
        )
        failed = 0
        for name in chosen.tables:
            job = replace(chosen.job(name), page_limit=pages)
            failed += not _record(job, folder, options, chosen.scratch)
        if failed:
            fail(f"{counted(failed, 'table was', 'tables were')} not recorded")
        _tell_how_to_test(chosen.component, folder)


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The tables that are asked for, and how to come to a sync of each."""

    component: PackSyncComponent
    definition: PackTables
    tables: Sequence[str]
    sync: str | None
    pack: OpenPack
    warehouse: WarehouseResource
    scratch: Path

    def job(self, table: str) -> SyncJob:
        """The sync of a table; of a crawled one, that of a child."""
        root, slash, _ = (self.sync or "").partition("/")
        return child_to_preview(
            self._job(table, root or None),
            self.warehouse.open(),
            self.scratch,
            self.sync if slash else None,
            lambda source: self._job(source.parent_table, source.parent_sync),
        )

    def _job(self, table: str, sync: str | None) -> SyncJob:
        key = choose_sync(self.definition, table, sync)
        runs = TableRuns(max_parallel=1)
        return sync_job_of(self.definition, key, self.pack, self.warehouse, runs, None)


@contextmanager
def _chosen(pack: str, table: str | None, sync: str | None) -> Generator[_Chosen]:
    component, definition = choose_pack(pack)
    if sync is not None and table is None:
        fail("--sync is of one table: name it as well")
    tables = [choose_table(definition, table)] if table else list(definition.configured_tables)
    resources = {definition.resource_key: component.resource(), WAREHOUSE: warehouse_resource()}
    with dg.build_resources(resources) as built, tempfile.TemporaryDirectory() as scratch:
        yield _Chosen(
            component=component,
            definition=definition,
            tables=tables,
            sync=sync,
            pack=getattr(built, definition.resource_key),
            warehouse=built.warehouse,
            scratch=Path(scratch),
        )


def _folder_of(component: PackSyncComponent) -> Path:
    folder = pack_folder(component.pack)
    if folder is None:
        fail(f"the pack {component.shown_name} has no folder: name one with --into")
    return folder / "tests" / "recordings"


def _record(job: SyncJob, folder: Path, options: RecordingOptions, scratch: Path) -> bool:
    """Record one table, and tell of it; whether that succeeded."""
    redact = job.connection.redactor.redact

    def tell(why: str) -> None:
        errors.print(redact(why), markup=False, highlight=False, soft_wrap=True)

    try:
        for made in make_recordings(job, folder, options, scratch, tell):
            console.print(_told(made), markup=False, highlight=False, soft_wrap=True)
    except (NotRecordedError, ValueError, OSError) as error:
        tell(f"{job.key}: {error}")
        return False
    except AttemptFailedError as failure:
        tell(f"{job.key}: {failure.reason}; nothing of it was kept")
        return False
    return True


def _told(made: Recorded) -> str:
    recording, expected = made.recording, made.recording.expected
    found = [
        counted(expected.pages, "page", "pages"),
        counted(len(expected.ids), "row", "rows"),
        *([f"{len(expected.deleted_ids):,} deleted"] if expected.deleted_ids else []),
        counted(len(recording.exchanges), "request", "requests"),
    ]
    lines = [
        f"{recording.table}: {recording.mode} sync, {', '.join(found)}, "
        f"{made.bytes_written / 1000:,.1f} kB: {_shown(made.path)}"
    ]
    lines += [f"  {note}" for note in made.notes]
    if not expected.ended:
        lines.append(f"  stopped after {expected.pages} pages; --pages asks for more")
    elif recording.next_cursor is None and not expected.has_incomplete_results:
        lines.append("  the next recording will be a full sync: there is no cursor to go on from")
    return "\n".join(lines)


def _replay(chosen: _Chosen, folder: Path) -> None:
    """Replay the recordings of the chosen tables; exits with 1 where one differs."""
    by_name = {chosen.definition.table_of(name).name: name for name in chosen.tables}
    found = read_recordings(folder) if folder.is_dir() else []
    recordings = [each for each in found if each.table in by_name]
    if not recordings:
        fail(f"nothing is recorded in {_shown(folder)}")
    different = 0
    for recording in recordings:
        job = chosen.job(by_name[recording.table])
        difference = replay(job, recording).difference(recording)
        different += bool(difference)
        text = f"{recording}: {difference or 'as recorded'}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if different:
        fail(f"{different} of {counted(len(recordings), 'recording', 'recordings')} differ")


def _tell_how_to_test(component: PackSyncComponent, folder: Path) -> None:
    """How the recordings are replayed; the test of a pack in `packs/` is written if it has none."""
    name = component.pack
    if typescript_folder(name) is not None:
        how = f"packsync record {component.shown_name} --replay"
    elif folder != _folder_of(component) or "/" in name or "." in name:
        how = "in a test of the pack, test_recordings = recording_tests(pack, PLACE)"
    else:
        if (file := write_test(folder, f"packs.{name}.pack")) is not None:
            console.print(f"wrote {_shown(file)}", markup=False, highlight=False, soft_wrap=True)
        how = f"pytest {_shown(folder.parent)}"
    errors.print(f"To replay: {how}", style="dim", markup=False, highlight=False, soft_wrap=True)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
