"""Dagster's UI in a real browser: what a person clicks, and what comes of it.

Needs Chromium (Debian's package `chromium`) and playwright; skipped where one is missing. With
`PACK_SYNC_SCREENSHOTS` naming a folder it leaves pictures of the pages there, as docs/images has.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.dagster.dagster_project import ProjectCopy, copy_project
from tests.project.test_dev import free_port, running_dev, wait_until_up

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 180.0
SIZE = {"width": 1400, "height": 900}

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium; on Debian: apt install chromium"
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A copy of the project whose demo fills Tasks by three syncs."""
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    file = copy.folder / "sync_assets" / "defs" / "demo" / "defs.yaml"
    definition = yaml.safe_load(file.read_text())
    names = {"one": "PROJ-1", "two": "PROJ-2", "three": "PROJ-3"}
    syncs = {name: {"parameters": {"project": project}} for name, project in names.items()}
    tables = {"Projects": {}, "Events": {}, "Tasks": {"syncs": syncs}}
    definition["attributes"]["tables"] = tables
    file.write_text(yaml.safe_dump(definition))
    return copy


@pytest.fixture(scope="module")
def url(copy: ProjectCopy) -> Generator[str]:
    """Where the UI is, with the daemon and the demo API behind it."""
    port, demo_port = free_port(), free_port()
    options = ("--port", str(port), "--demo-port", str(demo_port), "--every", "3600")
    with running_dev(copy, *options) as process:
        wait_until_up(process, port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def page(url: str) -> Generator[Any]:
    """A page of a headless browser."""
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE, base_url=url)
        page.set_default_timeout(PATIENCE * 1000)
        yield page
        browser.close()


def ledger(copy: ProjectCopy) -> list[tuple[str, str, str, str]]:
    """Table, sync, mode and reason of all that succeeded."""
    file = copy.folder / "warehouse.duckdb"
    if not file.exists():
        return []
    try:
        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(
                "SELECT table_name, sync, mode, mode_reason FROM _sync.runs "
                "WHERE status = 'succeeded' ORDER BY finished_at"
            ).fetchall()  # pyright: ignore[reportReturnType]
    except (duckdb.IOException, duckdb.CatalogException):  # it is being written, or empty yet
        return []


def wait_for(what: Callable[[], bool], text: str) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, text
        time.sleep(0.5)


def keep_picture(page: Any, name: str, height: int = SIZE["height"]) -> None:
    """A picture for the docs, if asked for."""
    if folder := os.environ.get("PACK_SYNC_SCREENSHOTS"):
        page.set_viewport_size({**SIZE, "height": height})
        page.wait_for_timeout(8_000)  # charts move, graphs load
        page.screenshot(path=Path(folder, f"{name}.png"))
        page.set_viewport_size(SIZE)


def materialize(page: Any, table: str, **options: Any) -> None:
    """Click on the button of an asset's page."""
    page.goto(f"/assets/demo/{table}")
    page.get_by_role("button", name="Materialize").first.click(**options)


def test_the_asset_graph_shows_packs_and_lineage(page: Any) -> None:
    """Each pack is a group, with the reports below it."""
    page.goto("/asset-groups")
    page.get_by_text("demo", exact=True).first.wait_for()
    page.get_by_text("reports", exact=True).first.wait_for()
    page.goto("/locations/pack_sync/asset-groups/demo/lineage")
    page.get_by_text("Projects", exact=True).first.wait_for()


def test_schedules_show_on(page: Any) -> None:
    """All three of the demo, as its defs.yaml says."""
    page.goto("/automation")
    page.get_by_text("demo_without_cursor").wait_for()
    switches = page.locator("input[type=checkbox][role=switch], input[type=checkbox]:checked")
    page.wait_for_timeout(1_000)
    assert switches.count() >= 3
    keep_picture(page, "automation")


def test_materialize_ends_green(page: Any, copy: ProjectCopy) -> None:
    """One click on Materialize; the run's page says that it succeeded."""
    materialize(page, "Events")
    page.get_by_text("View", exact=True).first.click()
    page.wait_for_url(re.compile(r"/runs/"))
    page.get_by_text("Success").first.wait_for()
    page.get_by_text("RUN_SUCCESS").first.wait_for()  # the log goes on without a reload
    assert ("Events", "default", "full", "it has never been synced") in ledger(copy)
    keep_picture(page, "run")
    page.goto("/assets/demo/Events?view=events")
    page.get_by_text("sync/mode_reason").first.wait_for()
    keep_picture(page, "materialization", height=1500)


def test_the_launchpad_takes_a_mode(page: Any, copy: ProjectCopy) -> None:
    """Shift-click opens the launchpad; `mode: full` forces a full sync."""
    materialize(page, "Events", modifiers=["Shift"])
    page.get_by_text("Launchpad (configure assets)").wait_for()
    page.locator(".CodeMirror").first.wait_for()
    config = "ops: {sync_demo: {config: {mode: full}}}"
    page.evaluate("text => document.querySelector('.CodeMirror').CodeMirror.setValue(text)", config)
    page.get_by_role("dialog").get_by_role("button", name="Materialize").click()
    wanted = ("Events", "default", "full", "the run's config says mode: full")
    wait_for(lambda: wanted in ledger(copy), "no full sync")


def test_the_backfill_dialog_over_two_syncs_forces_two_full_syncs(
    page: Any, copy: ProjectCopy
) -> None:
    """Two partitions chosen, one run, both full because they belong to the backfill."""
    materialize(page, "Tasks")
    page.get_by_text("Select a partition or create one").click()
    for name in ("one", "two"):
        page.locator(f"[data-tooltip='{name}']").click()
    page.get_by_text("2 partitions").first.wait_for()
    page.keyboard.press("Escape")
    keep_picture(page, "backfill")
    page.get_by_role("button", name="Launch backfill").click()

    def done() -> bool:
        lines = [line for line in ledger(copy) if line[0] == "Tasks"]
        return {(sync, mode) for _, sync, mode, reason in lines if "backfill" in reason} == {
            ("one", "full"),
            ("two", "full"),
        }

    wait_for(done, "the backfill has not synced both")
    page.goto("/locations/pack_sync/asset-groups/demo/lineage")
    page.get_by_text("Projects", exact=True).first.wait_for()
    keep_picture(page, "lineage")
