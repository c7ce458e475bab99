"""Packs in JavaScript, as compiled from TypeScript, are checked as those in Python are."""

import re
from pathlib import Path

import pytest

from pack_sync.check.running import Report, check_pack
from pack_sync.project import use_project
from pack_sync.runtimes.loader import build_if_needed
from tests.check.packs import TASKS_FAKE, changed

pytest.importorskip("deno", reason="packs in TypeScript need the extra `typescript`")

PACK = """'use strict';
exports.pack = {
    networkDomains: ["api.example.com"],
    syncTables: [{
        name: "Tasks", identityName: "Task",
        schema: {
            type: "object", idProperty: "id", displayProperty: "title",
            properties: {
                id: {type: "string"},
                title: {type: "string"},
                points: {type: "number"},
                owner: {type: "string", fromKey: "ownerName"},
                modified: {type: "string", codaType: "datetime", fromKey: "modifiedAt"},
            },
        },
        getter: {
            name: "Tasks", parameters: [],
            async execute(args, context) {
                const previous = context.sync.previousCompletion;
                let url = "https://api.example.com/tasks?limit=10";
                if (context.sync.continuation) url += "&cursor=" + context.sync.continuation.cursor;
                if (previous) url += "&since=" + previous.incrementalContinuation.since;
                const { body } = await context.fetcher.fetch({ method: "GET", url });
                const page = {
                    result: body.tasks.filter((task) => !task.deleted),
                    deletedRowIds: body.tasks.filter((task) => task.deleted).map((task) => task.id),
                };
                if (body.next) {
                    page.continuation = { cursor: body.next };
                } else {
                    const since = new Date(context.sync.startedAt - 60_000).toISOString();
                    page.completion = { incrementalContinuation: { since } };
                }
                return page;
            },
        },
    }],
};
"""
FETCH = 'const { body } = await context.fetcher.fetch({ method: "GET", url });'
DELETED = "deletedRowIds: body.tasks.filter((task) => task.deleted).map((task) => task.id),"
SINCE = "context.sync.startedAt - 60_000"
SWALLOWED = """let body;
                try {
                    body = (await context.fetcher.fetch({ method: "GET", url })).body;
                } catch (error) {
                    return { result: [] };
                }"""


def check(folder: Path, *changes: tuple[str, str]) -> Report:
    """Check the pack with these changes."""
    use_project(folder)
    pack = folder / "packs" / "tasks"
    (pack / "tests").mkdir(parents=True)
    (pack / "bundle.js").write_text(changed(PACK, changes))
    (pack / "tests" / "fake.py").write_text(TASKS_FAKE)
    build_if_needed("tasks", lambda _: None)
    return check_pack("tasks")


def test_a_clean_pack_is_not_accused(tmp_path: Path) -> None:
    """By no rule."""
    assert [*map(str, check(tmp_path).findings)] == []


@pytest.mark.parametrize(
    ("code", "at", "old", "new"),
    [
        ("cursor-from-the-end", "incrementalContinuation", SINCE, "Date.now() - 1000"),
        ("cursor-from-the-end", "incrementalContinuation", f"new Date({SINCE})", "new Date()"),
        ("no-overlap", "incrementalContinuation", SINCE, "+context.sync.startedAt"),
        ("deletions-forgotten", "result:", DELETED, ""),
        ("paging-forgotten", "page.continuation =", "if (body.next)", "if (body.nextPage)"),
        ("column-always-null", "owner:", '"ownerName"', '"owner_nam"'),
        ("row-rejected", "title:", 'title: {type: "string"}', 'title: {type: "number"}'),
        ("errors-swallowed", "catch", FETCH, SWALLOWED),
        ("undeclared-domain", ".fetch(", '["api.example.com"]', '["example.org"]'),
        ("id-not-unique", "idProperty", 'idProperty: "id"', 'idProperty: "title"'),
    ],
)
def test_a_planted_fault_is_found(code: str, at: str, old: str, new: str, tmp_path: Path) -> None:
    """By its rule, at its line."""
    more: list[tuple[str, str]] = []
    if code == "id-not-unique":
        more = [(FETCH, FETCH + " for (const task of body.tasks) task.title = task.id[3];")]
    findings = check(tmp_path, (old, new), *more).findings
    found = [finding for finding in findings if finding.code == code]
    assert found, [*map(str, findings)]
    line = Path(found[0].place.file).read_text().splitlines()[found[0].place.line - 1]
    assert re.search(re.escape(at), line), line


def test_state_in_the_module_is_found(tmp_path: Path) -> None:
    """What the next page needs is not in its continuation."""
    report = check(
        tmp_path,
        ("exports.pack = {", "let last = '';\nexports.pack = {"),
        ("context.sync.continuation.cursor", "last"),
        ("page.continuation =", "last = body.next; page.continuation ="),
    )
    assert [finding.code for finding in report.findings] == ["page-needs-memory"]
