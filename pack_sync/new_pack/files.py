"""The files of a drafted pack, by their paths in its folder."""

from collections.abc import Mapping

from pack_sdk.testing.list_endpoint import ListEndpoint, NextToken
from pack_sync.new_pack.draft import Guess, PackDraft, TableDraft
from pack_sync.new_pack.fake_code import fake_code
from pack_sync.new_pack.pack_code import pack_code
from pack_sync.new_pack.tests_code import tests_code

_AGENTS = """\
# {name}: a pack of Pack Sync

`pack.py` declares the tables: for each a schema, and a function that returns one page of rows. It
was begun by `packsync new`, so parts of it are guesses. Each has its evidence in a comment, and a
`QUESTION` where that is thin.

Close the loop, and go round again after each change:

1. Answer the questions: `grep -n QUESTION packs/{name}/pack.py`. Read the service's documentation,
   or ask the service. Then remove the comment.
2. `packsync preview {name} {table}` fetches some rows and shows them as they would be stored.
   Look at the types, at what is rejected, and at columns that are always NULL.
3. `packsync check {name}` tries to break the pack, without a network, against the made-up service
   of `tests/fake.py`: each finding has a rule, a place in `pack.py`, and what to do. `--json` is
   for programs. What you learn of the real service belongs into the fake as well.
4. `packsync record {name} {table}` keeps a real sync, without secrets, in
   `packs/{name}/tests/recordings`.
5. `python -m pytest packs/{name}` runs the tests, and replays what was recorded.

Rules that matter most:

- A page is `{{"result": rows, "continuation": …}}`; without a continuation it is the last one.
- A full sync returns every row; what it does not return is deleted. Raise an error when that is
  not possible, and never return fewer rows instead.
- `TimeCursor`, `SyncToken` and others of `pack_sdk` make syncs incremental, and know what is easily
  got wrong: a cursor is from before the sync began, with some overlap.
- Credentials are never in this folder: the fetcher puts them on requests, and
  `packsync connect {name}` asks for them.
- Requests go to the declared domains alone.
"""


def files_of(draft: PackDraft, *, sdk_beside: bool) -> Mapping[str, str]:
    """The texts of the files; `sdk_beside` says that `pack_sdk` is in the project's own folder."""
    agents = _AGENTS.format(name=draft.name, table=draft.tables[0].name)
    return {
        "__init__.py": f'"""The pack {draft.name}."""\n',
        "pack.py": pack_code(draft),
        "tests/__init__.py": f'"""Tests of the pack {draft.name}."""\n',
        "tests/fake.py": fake_code(draft),
        "tests/test_pack.py": tests_code(draft, sdk_beside=sdk_beside),
        "AGENTS.md": agents,
    }


def empty_draft(name: str) -> PackDraft:
    """A pack of an imaginary service, for an author to fill in."""
    schema = {
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "updated_at": {"type": "string", "format": "date-time"},
        }
    }
    endpoint = ListEndpoint(
        url="https://api.example.com/items",
        rows=("items",),
        row_schema=schema,
        id_key=("id",),
        updated_key=("updated_at",),
        paging=NextToken(("next_page",), "page"),
    )
    table = TableDraft(
        name="Items",
        identity="Item",
        endpoint=endpoint,
        guesses={
            "id": Guess(question="which property tells rows apart?"),
            "display": Guess(evidence="name"),
            "paging": Guess(question="how is the next page asked for?"),
        },
    )
    return PackDraft(
        name=name,
        source="an imaginary service",
        domains=["api.example.com"],
        tables=[table],
        domain_guess=Guess(question="which host has the service's API?"),
    )
