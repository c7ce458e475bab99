"""How many requests Airbyte's source of a service makes for the changes that a ready pack syncs.

    uv venv /tmp/airbyte-stripe && uv pip install --python /tmp/airbyte-stripe airbyte-source-stripe
    python -m benchmarks.airbyte_requests /tmp/airbyte-stripe/bin/python

Both read the same fake of Stripe, over HTTP the one and without it the other: all rows, then the
same changes. The source is the one that Airbyte publishes, with its state handed on as it gave it;
requests to Stripe's address are sent to the fake.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from benchmarks.findings import markdown_table
from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService
from pack_sync.check.pack_clock import in_utc, pack_clock
from tests.packs.fidelity import Trial

STREAMS = {
    "Customers": "customers",
    "Products": "products",
    "Prices": "prices",
    "Subscriptions": "subscriptions",
    "Invoices": "invoices",
    "InvoiceItems": "invoice_items",
    "Charges": "charges",
    "Refunds": "refunds",
    "Payouts": "payouts",
    "BalanceTransactions": "balance_transactions",
    "Disputes": "disputes",
    "Events": "events",
}
"""The stream of Airbyte's source for each table of the pack."""

_CONFIG = {
    "client_secret": "sk_test_1",
    "account_id": "acct_1",
    "num_workers": 2,
}
_LAUNCH = """
import os, requests.adapters
send = requests.adapters.HTTPAdapter.send
def to_the_fake(self, request, **options):
    request.headers["X-Asked"] = request.url
    request.url = os.environ["FAKE_URL"]
    return send(self, request, **options)
requests.adapters.HTTPAdapter.send = to_the_fake
from source_stripe.run import run
run()
"""
_SECONDS = 300.0


@contextmanager
def served(service: FakeService) -> Generator[str]:
    """The fake behind HTTP; its URL. The header `X-Asked` has the address that was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = service.respond(FetchRequest(url=self.headers["X-Asked"]))
            body = orjson.dumps(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class AirbyteSource:
    """One stream of the source, with its state between two reads."""

    def __init__(self, python: Path, url: str, folder: Path, stream: str, start: datetime) -> None:
        self._command = [str(python), "-W", "ignore", "-c", _LAUNCH]
        self._environment = os.environ | {"FAKE_URL": url, "PYTHONPATH": ""}
        self._folder, self._stream = folder, stream
        self._state: list[Any] = []
        (folder / "config.json").write_bytes(
            orjson.dumps({**_CONFIG, "start_date": f"{start:%Y-%m-%dT00:00:00Z}"})
        )
        modes = ["full_refresh", "incremental"]
        described: dict[str, Any] = {
            "name": stream,
            "json_schema": {},
            "supported_sync_modes": modes,
        }
        chosen: dict[str, Any] = {
            "stream": described,
            "sync_mode": "incremental",
            "destination_sync_mode": "append_dedup",
        }
        (folder / "catalog.json").write_bytes(orjson.dumps({"streams": [chosen]}))

    def read(self) -> int:
        """Read what changed since the last read, all rows at first; how many rows came."""
        (self._folder / "state.json").write_bytes(orjson.dumps(self._state))
        names = ("catalog", "state") if self._state else ("catalog",)
        said = self._said(*names)
        self._state = [message["state"] for message in said.get("STATE", [])][-1:]
        return len(said.get("RECORD", []))

    def _said(self, *names: str) -> dict[str, list[Any]]:
        """The messages of a read by their type. Raises `RuntimeError` if it fails."""
        options = [
            word
            for name in ("config", *names)
            for word in (f"--{name}", str(self._folder / f"{name}.json"))
        ]
        done = subprocess.run(
            [*self._command, "read", *options],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"{self._stream}: {done.stdout[-600:]!r} {done.stderr[-300:]!r}")
        said = dict[str, list[Any]]()
        for line in done.stdout.splitlines():
            if line.startswith(b"{"):
                message = orjson.loads(line)
                said.setdefault(message["type"], []).append(message)
        return said


def compare(python: Path, table: str, changes: int) -> Sequence[str]:
    """A line of the table: the requests of both for all rows, and for the changes."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name, in_utc(), pack_clock(now) as clock:
        trial = Trial("stripe", 1, Path(name), clock)
        world = trial.service.world
        start = world.clock.now - timedelta(days=1)
        before = (now - timedelta(days=1) - world.clock.now) // timedelta(minutes=1)
        trial.advance(minutes=before)
        trial.tables = {table: trial.tables[table]}
        with served(trial.service) as url:
            theirs = AirbyteSource(python, url, Path(name), STREAMS[table], start)
            counts = list[int]()
            for steps in (0, changes):
                for _ in range(steps):
                    trial.step()
                for read in (trial.sync, theirs.read):
                    asked = len(trial.service.requests)
                    rows = read()
                    counts.append(len(trial.service.requests) - asked)
                    if rows == 0:
                        raise RuntimeError(f"Airbyte's source found no row of {table}")
    return [table, *map(str, counts), f"{counts[2] / counts[3]:.2f}"]


def main(
    python: Annotated[Path, typer.Argument(help="Of an environment with airbyte-source-stripe.")],
    tables: Annotated[list[str] | None, typer.Option("--table", help="May be repeated.")] = None,
    changes: Annotated[int, typer.Option(help="Of each kind of object.", min=1)] = 8,
) -> None:
    """Print the requests of each table, of ours and of Airbyte's source."""
    headings = ["table", "all, ours", "all, Airbyte"]
    headings += ["changes, ours", "changes, Airbyte", "ours / Airbyte"]
    rows = [compare(python.absolute(), table, changes) for table in tables or STREAMS]
    print(markdown_table(headings, rows))


if __name__ == "__main__":
    typer.run(main)
