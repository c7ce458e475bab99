"""`packsync new`: a pack, begun from what is known of an API."""

from pathlib import Path
from typing import Annotated

import dagster as dg
import typer

from pack_sdk.testing.list_endpoint import ListEndpoint
from pack_sdk.testing.recordings import read_recordings
from pack_sdk.wording import counted
from pack_sync.cli.context import open_project
from pack_sync.cli.new_from_url import UrlOptions, draft_from_service
from pack_sync.cli.terminal import console, fail, plain_errors
from pack_sync.dagster.scaffolder import defs_yaml
from pack_sync.http.allowed_hosts import LOCAL_HOSTS
from pack_sync.new_pack.draft import CannotDraftError, PackDraft, TableDraft
from pack_sync.new_pack.files import empty_draft, files_of
from pack_sync.new_pack.from_recordings import draft_from_recordings
from pack_sync.new_pack.from_specification import chosen, draft_of, lists_of
from pack_sync.new_pack.naming import is_pack_name
from pack_sync.new_pack.paging_names import in_words
from pack_sync.new_pack.specification import Specification
from pack_sync.project import Project
from pack_sync.runtimes.loader import load_pack

_SHOWN = 40


def new(
    name: Annotated[str, typer.Argument(help="The pack's name; its folder is packs/NAME.")],
    from_url: Annotated[
        str | None,
        typer.Option("--from-url", help="The URL of a list, of which some pages are fetched."),
    ] = None,
    from_openapi: Annotated[
        Path | None,
        typer.Option("--from-openapi", help="A file of OpenAPI 3 or Swagger 2, JSON or YAML."),
    ] = None,
    from_recording: Annotated[
        Path | None,
        typer.Option("--from-recording", help="A folder of recordings by `packsync record`."),
    ] = None,
    operation: Annotated[
        str | None,
        typer.Option(help="With --from-openapi: the operation id or path of the list."),
    ] = None,
    all_lists: Annotated[
        bool, typer.Option("--all", help="With --from-openapi: a table for each list.")
    ] = False,
    table: Annotated[
        str | None, typer.Option(help="With --from-url: the table's name, if not from the URL.")
    ] = None,
    auth: Annotated[
        str | None,
        typer.Option(
            help="With --from-url: bearer, basic, header:NAME, query:NAME or none. If unset, what "
            "the service asks for."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that are there already.")
    ] = False,
) -> None:
    """Begin a pack: from the URL of a list, a specification or recordings, or empty.

    Paging, id, types, dates, cursor and authentication are guessed. Each guess has its evidence in
    a comment of pack.py, and a QUESTION where you should find out more. The credentials for
    --from-url are read from variables such as NAME_TOKEN, or typed.
    """
    with plain_errors():
        if not is_pack_name(name):
            fail(
                f"{name!r} cannot be a pack's name; use a small letter, then small letters, digits "
                "or _, and no keyword of Python"
            )
        if sum(map(bool, (from_url, from_openapi, from_recording))) > 1:
            fail("take one of --from-url, --from-openapi and --from-recording")
        if (operation or all_lists) and not from_openapi:
            fail("--operation and --all go with --from-openapi")
        project = open_project()
        _refuse_existing(project, name, overwrite=overwrite)
        try:
            if from_openapi:
                draft = _from_openapi(name, from_openapi, operation, all_lists=all_lists)
            elif from_recording:
                draft = _from_recording(name, from_recording)
            elif from_url:
                options = UrlOptions(url=from_url, auth=auth, table=table)
                draft = draft_from_service(name, options)
            else:
                draft = empty_draft(name)
        except CannotDraftError as error:
            fail(str(error))
        _write(project, draft)
        _tell(draft)


def _from_openapi(name: str, file: Path, operation: str | None, *, all_lists: bool) -> PackDraft:
    """The draft of one list, or of all; without a choice they are shown, and the command ends."""
    specification = Specification.read(file)
    lists = lists_of(specification)
    for other, why in specification.other_files.missing.items():
        console.print(f"Not followed: {other}: {why}.", markup=False, soft_wrap=True)
    if operation:
        lists = chosen(lists, operation)
    elif len(lists) > 1 and not all_lists:
        for each in lists:
            console.print(str(each.operation), markup=False, highlight=False, soft_wrap=True)
        console.print(
            f"{counted(len(lists), 'list', 'lists')}. Take one with --operation PATH, or --all.",
            markup=False,
        )
        raise typer.Exit(2)
    return draft_of(name, specification, lists)


def _from_recording(name: str, folder: Path) -> PackDraft:
    if not folder.exists():
        fail(f"there is no {folder}")
    try:
        recordings = read_recordings(folder)
    except ValueError as error:
        fail(str(error))
    return draft_from_recordings(name, recordings)


def _defs_file(project: Project, name: str) -> Path:
    return dg.ComponentTree.for_project(project.root).defs_module_path / name / "defs.yaml"


def _refuse_existing(project: Project, name: str, *, overwrite: bool) -> None:
    folder = project.packs_folder / name
    files = [folder / file for file in files_of(empty_draft(name), sdk_beside=False)]
    there = [file for file in (*files, _defs_file(project, name)) if file.exists()]
    if there and not overwrite:
        shown = ", ".join(str(file.relative_to(project.root)) for file in there)
        fail(f"there already: {shown}. Choose another name, or --overwrite them")


def _write(project: Project, draft: PackDraft) -> None:
    """Write the pack, then its `defs.yaml`, which depends on what the pack declares."""
    sdk_beside = (project.root / "pack_sdk").is_dir()
    for file, text in files_of(draft, sdk_beside=sdk_beside).items():
        _write_file(project, project.packs_folder / draft.name / file, text)
    local = bool(LOCAL_HOSTS.intersection(draft.domains))
    text = defs_yaml(draft.name, load_pack(draft.name), allow_http_localhost=local)
    _write_file(project, _defs_file(project, draft.name), text)


def _write_file(project: Project, path: Path, text: str) -> None:
    what = "replaced" if path.exists() else "wrote"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    console.print(f"{what} {path.relative_to(project.root)}", markup=False, highlight=False)


def _tell(draft: PackDraft) -> None:
    console.print()
    for table in draft.tables[:_SHOWN]:
        console.print(_described(table), markup=False, highlight=False, soft_wrap=True)
    if len(draft.tables) > _SHOWN:
        console.print(f"and {len(draft.tables) - _SHOWN:,} more tables")
    place = f"packs/{draft.name}/pack.py"
    if draft.questions:
        asked = counted(draft.questions, "question", "questions")
        console.print(f"{asked} for you: grep -n QUESTION {place}", markup=False, soft_wrap=True)
    first = draft.tables[0]
    console.print("Next:")
    steps = [
        f"packsync preview {draft.name} {first.name}",
        f"packsync record {draft.name}",
        f"packsync check {draft.name}",
        f"python -m pytest packs/{draft.name}",
    ]
    if any(each.parent is None for table in draft.tables for each in table.parameters):
        steps.insert(0, f"fill in the parameters in the defs.yaml of {draft.name}")
    if draft.authentication.arguments:
        steps.insert(0, f"packsync connect {draft.name}")
    for step in steps:
        console.print(f"  {step}", markup=False, highlight=False)


def _described(table: TableDraft) -> str:
    """A table in a line: how it is paged, by what evidence, and what its rows are."""
    endpoint: ListEndpoint = table.endpoint
    paging = table.guess("paging").evidence or in_words(endpoint.paging)
    properties = len(endpoint.row_schema.get("properties") or {})
    found = [paging, f"id: {'.'.join(endpoint.id_key or ())}"]
    if endpoint.changes:
        found.append(f"asks for changes with {endpoint.changes.parameter}")
    rows = table.guess("rows").evidence
    found.append(f"{counted(properties, 'property', 'properties')}{f' in {rows}' if rows else ''}")
    return f"{table.name}: {'; '.join(found)}"
