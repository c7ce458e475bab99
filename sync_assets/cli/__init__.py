"""`packsync`: the command line beside Dagster's."""

import typer

from sync_assets.cli.audit import audit
from sync_assets.cli.backfilling import backfill
from sync_assets.cli.backup import backup
from sync_assets.cli.building import build
from sync_assets.cli.cursor import cursor
from sync_assets.cli.discover import discover
from sync_assets.cli.held import held
from sync_assets.cli.listing import list_packs
from sync_assets.cli.preview import preview
from sync_assets.cli.query import query
from sync_assets.cli.rejects import rejects
from sync_assets.cli.status import status
from sync_assets.cli.syncing import sync

app = typer.Typer(
    help="Look at packs, try them out, and sync their tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("list")(list_packs)
app.command("build")(build)
app.command("discover")(discover)
app.command("preview")(preview)
app.command("sync")(sync)
app.command("backfill")(backfill)
app.command("status")(status)
app.command("audit")(audit)
app.command("query")(query)
app.add_typer(held, name="held")
app.command("backup")(backup)
app.add_typer(rejects, name="rejects")
app.add_typer(cursor, name="cursor")
