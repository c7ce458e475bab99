"""`packsync serve`: the warehouse's file for readers that never wait."""

import os
import secrets
import signal
import threading
from typing import Annotated

import dagster as dg
import typer

from pack_sync.cli.context import warehouse_resource
from pack_sync.cli.terminal import console, plain_errors
from pack_sync.dagster.warehouse_resource import WAREHOUSE
from pack_sync.warehouse.served_file import LOOPBACK
from pack_sync.warehouse.serving import ReadersAddress, serve_warehouse

TOKEN = "PACK_SYNC_SERVE_TOKEN"  # noqa: S105  a variable's name
"""The environment variable with the token that readers show."""


def serve(
    host: Annotated[
        str, typer.Option(help="The address of this machine at which readers reach it.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 9494,
) -> None:
    """Have the warehouse's file open, for readers and syncs at once, until it is stopped."""
    with plain_errors():
        with dg.build_resources({WAREHOUSE: warehouse_resource()}) as resources:
            resource = resources.warehouse
            warehouse = resource.open()
        given = os.environ.get(TOKEN)
        readers = ReadersAddress(host, port, given or secrets.token_urlsafe(24))
        stop = threading.Event()

        def end(_number: int, _frame: object) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        with serve_warehouse(warehouse, readers, stages=resource.spool):
            _say(f"{warehouse.path} is served at {readers}")
            if given is None:
                _say(f"readers' token, until it is stopped: {readers.token}  ({TOKEN} sets one)")
            stop.wait()
            _say("stopping when the syncs that write are done")


def _say(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True, markup=False)
