"""Makes docs/packs/: a page for each ready pack, from the pack itself and what was measured of it.

`python -m tests.packs.pages` writes them; `make fidelity` measures first.
"""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

from pack_sdk.authentication import Authentication
from pack_sdk.pack import Pack
from pack_sdk.sync_table import SyncTable
from pack_sync.packs.fidelity import TableFidelity, blind_spots, measured
from pack_sync.runtimes.loader import load_pack, ready_packs
from pack_sync.stage.column_types import columns_of

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "packs"


def index() -> str:
    """The page that lists the ready packs."""
    lines = [
        "# Ready packs\n",
        "They come with Pack Sync: `pack: NAME` in a `defs.yaml` switches one on, unless the "
        "project has a pack of its own with that name in `packs/`. `packsync packs` lists both, "
        "and `packsync copy NAME` makes a copy in `packs/` that you can change.\n",
        "How faithful each is was measured: see the figures on its page. The services were made-up "
        "ones, checked against the services' own clients; the packs have not been run against the "
        "real services.\n",
        "| pack | tables |",
        "|---|---|",
    ]
    lines += [
        f"| [{name}]({name}.md) | {', '.join(load_pack(name).sync_tables)} |"
        for name in ready_packs()
    ]
    return "\n".join([*lines, "", _MADE])


_MADE = "For developers: this page is made by `python -m tests.packs.pages`.\n"


def page(name: str) -> str:
    """The page of one pack."""
    pack, module = load_pack(name), importlib.import_module(f"pack_sync.packs.{name}.pack")
    figures = measured(name)
    lines = [f"# {name}\n", f"{inspect.cleandoc(module.__doc__ or '')}\n", *_connecting(name, pack)]
    lines += _tables(pack)
    for key, table in pack.sync_tables.items():
        lines += _table(key, table)
    lines += _blind_spots(blind_spots(name))
    lines += _figures(name, figures.tables if figures else {})
    return "\n".join([*lines, _MADE])


def _connecting(name: str, pack: Pack) -> Iterator[str]:
    authentication = pack.authentication
    yield "## Switch it on\n"
    yield f"```sh\ndg scaffold defs pack_sync.PackSyncComponent {name} --pack {name}"
    yield f"packsync connect {name}\npacksync sync {name}\n```\n"
    yield f"{_kind(authentication)}\n"
    if authentication.scopes:
        scopes = "\n".join(f"- `{scope}`" for scope in authentication.scopes)
        yield f"Scopes that it asks for:\n\n{scopes}\n"
    if pack.rate:
        rates = ", ".join(f"`{rate}`" for rate in pack.rate)
        yield f"Requests of one account: {rates}, unless the connection's `rate` says otherwise.\n"


def _kind(authentication: Authentication) -> str:
    keys = ", ".join(f"`{key}`" for key in authentication.credential_keys)
    where = f" See {authentication.instructions_url}." if authentication.instructions_url else ""
    return f"Authentication: {authentication.type.value}, with {keys}.{where}"


def _tables(pack: Pack) -> Iterator[str]:
    yield "## Tables\n"
    yield "| table | what it holds |\n|---|---|"
    for key, table in pack.sync_tables.items():
        yield f"| [{key}](#{key.lower()}) | {table.description} |"
    yield ""


def _table(key: str, table: SyncTable) -> Iterator[str]:
    yield f"### {key}\n"
    crawled = [each for each in table.parameters if each.crawl_parent_table]
    if crawled:
        yield f"Synced once for each row of {crawled[0].crawl_parent_table}.\n"
    given = [each for each in table.parameters if each not in crawled]
    if given:
        yield "| parameter | |\n|---|---|"
        yield from [f"| `{each.name}` | {each.description} |" for each in given]
        yield ""
    if table.dynamic and not table.schema.properties:
        yield "Its columns are those that the service names when it is synced.\n"
        return
    yield "| column | type | |\n|---|---|---|"
    for column in columns_of(table.schema):
        described = (table.schema.properties or {}).get(column.name)
        kind = column.sql_type.partition("(")[0] if "STRUCT" in column.sql_type else column.sql_type
        yield f"| `{column.name}` | {kind} | {described.description if described else ''} |"
    yield ""
    if table.dynamic:
        yield "Further columns are those that the service names when it is synced.\n"


def _blind_spots(spots: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    yield "## What the service does not tell\n"
    told = [f"- **{table}**: {text}" for table, each in spots.items() for text in each.values()]
    yield "\n".join(told) if told else "Nothing that these tables need."
    yield ""


def _figures(name: str, tables: Mapping[str, TableFidelity]) -> Iterator[str]:
    yield "## How faithful it is\n"
    yield (
        "Rows of a made-up service are inserted, changed, deleted and brought back, also while "
        "pages are fetched; requests fail, tokens expire, syncs break off. After every few steps "
        "the tables are compared with the truth. Counted are rows that were missed, stale, or not "
        "deleted, beyond what the section above names. "
        f"`python -m tests.packs.fidelity {name}` measures it.\n"
    )
    yield "| table | steps | syncs | missed | stale | undeleted |\n|---|---|---|---|---|---|"
    for key, each in tables.items():
        found = (each.steps, each.syncs, each.missed, each.stale, each.undeleted)
        yield f"| {key} | {' | '.join(f'{number:,}' for number in found)} |"
    yield ""


def write() -> None:
    """Write all pages."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "README.md").write_text(index())
    for name in ready_packs():
        (FOLDER / f"{name}.md").write_text(page(name))


if __name__ == "__main__":
    write()
