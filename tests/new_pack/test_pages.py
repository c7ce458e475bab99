"""The code of a drafted pack: it pages as its endpoint does, and formatters leave it as it is."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pack_sdk.testing import Clock, execute_sync_table
from pack_sdk.testing.list_endpoint import (
    ChangeFilter,
    LastId,
    LinkHeader,
    ListEndpoint,
    NextToken,
    NextUrl,
    Offset,
    OnePage,
    PageNumber,
    Paging,
)
from pack_sync.new_pack.draft import AuthenticationDraft, Guess, PackDraft, ParameterDraft
from pack_sync.new_pack.files import empty_draft, files_of
from pack_sync.new_pack.pack_code import pack_code
from tests.new_pack.drafted import (
    HOST,
    draft_of,
    endpoint,
    ids_of,
    loaded,
    run_its_tests,
    synced_from_fake,
)

PAGINGS: list[Paging] = [
    LinkHeader(),
    NextUrl(("links", "next")),
    NextUrl(("@odata.nextLink",)),
    NextToken(("nextPageToken",), "pageToken"),
    NextToken(("meta", "paging", "next_cursor"), "page[cursor]"),
    NextToken(("cursor",), "cursor", ("has_more",)),
    PageNumber("page"),
    PageNumber("page[number]", 0),
    PageNumber("page", 1, ("meta", "total_pages")),
    PageNumber("page", 0, ("pages",)),
    PageNumber("page", 1, None, ("has_more",)),
    Offset("offset"),
    Offset("startIndex", ("totalResults",), 1),
    Offset("skip", ("paging", "information", "about", "the", "total"), 0),
    Offset("offset", None, 0, ("has_more",)),
    LastId("starting_after", ("has_more",)),
    LastId("after_id"),
    OnePage(),
]


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_all_pages_are_read(paging: Paging, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row of the fake comes once, over several pages, and the pack's own test passes."""
    draft = draft_of(endpoint(paging))
    service, synced = synced_from_fake(draft, draft.tables[0])
    assert synced.ids == ids_of(service)
    assert len(synced.pages) > 1 or paging == OnePage()
    assert run_its_tests(draft, monkeypatch) == 1


@pytest.mark.parametrize("paging", [LinkHeader(), PageNumber("page"), Offset("offset")], ids=repr)
def test_rows_may_be_the_body_itself(paging: Paging, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without an object around it."""
    draft = draft_of(endpoint(paging, rows=(), size_parameter="limit", page_size=7))
    service, synced = synced_from_fake(draft, draft.tables[0])
    assert synced.ids == ids_of(service)
    assert "limit=7" in service.requests[0].url
    assert run_its_tests(draft, monkeypatch) == 1


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_an_increment_brings_what_changed(paging: Paging) -> None:
    """With a parameter for changes, the second sync asks for little and misses nothing."""
    changes = ChangeFilter("updated_since", "iso")
    found = endpoint(paging, changes=changes, updated_key=("updated_at",))
    draft = draft_of(found)
    service, full = synced_from_fake(draft, draft.tables[0])
    assert full.completion is not None
    service.world.advance(hours=24)
    changes_made = service.world.step("update", "update")
    clock = Clock(service.world.clock.now)
    synced = execute_sync_table(
        loaded(draft),
        "Tasks",
        fetcher=service,
        clock=clock,
        previous_completion=full.completion,
    )
    assert set(synced.ids) == {change.item.id for change in changes_made}


@pytest.mark.parametrize("paging", PAGINGS, ids=repr)
def test_an_increment_brings_what_was_deleted(paging: Paging) -> None:
    """Where rows say that they are deleted, they are not kept as rows."""
    found = endpoint(paging, changes=ChangeFilter("since", "iso"), deleted_key=("gone",))
    draft = draft_of(found)
    service, full = synced_from_fake(draft, draft.tables[0])
    service.world.advance(hours=24)
    deleted = [change.item.id for change in service.world.step("delete", "delete")]
    clock = Clock(service.world.clock.now)
    synced = execute_sync_table(
        loaded(draft), "Tasks", fetcher=service, clock=clock, previous_completion=full.completion
    )
    assert synced.ids == []
    assert sorted(synced.deleted_row_ids) == sorted(deleted)


def test_google_leaves_out_lists_that_are_empty() -> None:
    """There, and only there, an answer without the list is one without rows."""
    url = "https://tasks.googleapis.com/tasks"
    found = endpoint(NextToken(("nextPageToken",), "pageToken"), url=url)
    assert 'response.body.get("tasks") or []' in pack_code(draft_of(found))
    assert 'response.body["tasks"]' in pack_code(draft_of(replace(found, url=f"{HOST}/tasks")))


def _awkward() -> PackDraft:
    """Names that are no identifiers, keywords, or another in each case; URLs that are long."""
    parameters = [
        ParameterDraft(name="class", variable="class_value", place="path"),
        ParameterDraft(name="quote", variable="quote_value", place="path"),
        ParameterDraft(name="number", variable="number_value", place="query", numeric=True),
    ]
    row: dict[str, Any] = {
        "properties": {
            "id": {"type": "integer"},
            "ID": {"type": "string"},
            "from": {"type": "string"},
            "a b \"c\" 'd'": {"type": "string"},
            "": {"type": "string"},
            "größe": {"type": "object", "properties": {"Cm": {"type": "number"}}},
            "sizes": {"type": "array", "items": {"type": "object", "properties": {}}},
            "x" * 90: {"type": "string"},
            "many": {
                "type": "object",
                "properties": {f"field_{at}": {"type": "string"} for at in range(30)},
            },
        }
    }
    url = f"{HOST}/a/very/long/path/that/does/not/fit/on/a/line/{{class_value}}/of/{{quote_value}}"
    long = ListEndpoint(
        url=f"{url}/and/even/then/some/more/so/that/it/is/long/in/every/case/things",
        rows=("response", "data", "things"),
        row_schema=row,
        id_key=("id",),
        paging=Offset("offset", ("response", "statistics", "numberOfAllOfTheThings"), 1),
        query={"include": "everything,and,more,than,that", "sort": "created"},
        changes=ChangeFilter("changed_after", "seconds"),
    )
    draft = draft_of(long)
    table = replace(
        draft.tables[0],
        name="AnExceedinglyLongNameOfATableThatNobodyWants",
        parameters=parameters,
        guesses={"id": Guess(evidence="id, by its name", question="is it? " * 30)},
    )
    return replace(draft, tables=[table])


def _all_kinds() -> dict[str, PackDraft]:
    """Packs that have everything that is ever written, by their names."""
    plain = draft_of(*(endpoint(paging) for paging in PAGINGS))
    changes = ChangeFilter("updated_since", "date")
    incremental = draft_of(*(endpoint(paging, changes=changes) for paging in PAGINGS))
    deleted = draft_of(
        *(endpoint(paging, changes=changes, deleted_key=("gone",)) for paging in PAGINGS)
    )
    authentication = AuthenticationDraft(
        arguments={"type": "QueryParamToken", "param_name": "key"}, guess=Guess(question="which?")
    )
    own_host = draft_of(endpoint(LinkHeader()), needs_endpoint=True)
    drafts = {
        "plain": plain,
        "incremental": incremental,
        "deleted": deleted,
        "awkward": _awkward(),
        "own_host": replace(own_host, authentication=authentication),
        "empty": empty_draft("empty"),
    }
    return {name: replace(draft, name=name) for name, draft in drafts.items()}


def test_awkward_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keywords, names that the code uses itself, and names that differ by case alone."""
    draft = _awkward()
    service, synced = synced_from_fake(draft, draft.tables[0])
    assert synced.ids == ids_of(service)
    schema = synced.table.schema
    assert schema is not None
    assert schema.properties["ID_2"].from_key == "ID"
    assert run_its_tests(draft, monkeypatch) == 1


def test_an_account_may_have_a_host_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then URLs are paths below the connection's endpoint."""
    draft = _all_kinds()["own_host"]
    assert "requires_endpoint_url=True" in pack_code(draft)
    service, synced = synced_from_fake(draft, draft.tables[0])
    assert synced.ids == ids_of(service)
    assert run_its_tests(draft, monkeypatch) == 1


@pytest.mark.parametrize("width", [88, 100])
def test_formatters_and_linters_have_nothing_to_say(width: int, tmp_path: Path) -> None:
    """`ruff format`, `ruff check` with its own rules, whatever a project's width."""
    _write(tmp_path)
    (tmp_path / "ruff.toml").write_text(
        f'line-length = {width}\nsrc = ["."]\n[lint]\n'
        'extend-select = ["I", "D1", "ANN", "UP", "B"]\nignore = ["ANN401", "E501"]\n'
    )
    _run(tmp_path, "ruff", "format", "--diff", ".")
    _run(tmp_path, "ruff", "check", ".")


@pytest.mark.slow
def test_pyright_finds_nothing_in_strict_mode(tmp_path: Path) -> None:
    """All kinds of packs at once, since it takes seconds to start."""
    _write(tmp_path)
    root = str(Path(__file__).resolve().parents[2])
    settings = {"typeCheckingMode": "strict", "include": ["packs"], "extraPaths": [root, "."]}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    _run(tmp_path, "pyright", "--pythonpath", sys.executable, "-p", str(tmp_path))


def _run(folder: Path, *command: str) -> None:
    """Run a module of Python; it is to find nothing."""
    done = subprocess.run(  # noqa: S603 - our own tools
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _write(folder: Path) -> None:
    (folder / "packs").mkdir()
    (folder / "packs" / "__init__.py").write_text('"""Packs."""\n')
    for name, draft in _all_kinds().items():
        for file, text in files_of(draft, sdk_beside=False).items():
            path = folder / "packs" / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
