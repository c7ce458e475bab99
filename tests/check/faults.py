# ruff: noqa: E501  (lines of packs, and what stands in their place)
"""The faults that are planted in the small packs: at least two for each rule."""

from tests.check.packs import Planted

SERVED_APART = [
    ('                deleted_key=("deleted",),\n', ""),
    ("    return ListService(", "    service = ListService("),
    (
        "        seed=seed,\n    )\n",
        """        seed=seed,
    )
    tasks = service.lists[0].collection

    @service.route("GET", "https://api.example.com/deleted")
    def deleted(request):
        since = datetime.fromisoformat(request.query["since"].replace(" ", "+"))
        gone = [task for task in tasks.updated_since(since, deleted=True) if task.deleted]
        page = page_after(gone, int(request.query.get("after") or 0), 10)
        service.note_page(request, page)
        return {"ids": [task.id for task in page.items], "more": page.more}

    return service
""",
    ),
    ("ListService, NextToken", "ListService, NextToken, page_after"),
    ("from pack_sdk.testing", "from datetime import datetime\n\nfrom pack_sdk.testing"),
]
"""The service of tasks, with its deleted rows in a list of their own, of ten on a page."""

NO_DELETIONS = [
    ('        "deletedRowIds": [row["id"] for row in rows if row["deleted"]],\n', ""),
    (' if not row["deleted"]]', "]"),
]
"""The pack of tasks, which takes all rows that it is given."""

SEPARATE_DELETIONS = [
    *NO_DELETIONS,
    (
        "    return page\n",
        """        if previous:
            url = "https://api.example.com/deleted?" + urlencode({"since": query["since"]})
            page["deletedRowIds"] = context.fetcher.fetch(url=url).body["ids"]
    return page
""",
    ),
]
"""The pack of tasks for that: it reads the first page of them and no other."""

FILLED_BY_AN_UPDATE = [
    ("    return ListService(", "    service = ListService("),
    (
        "        seed=seed,\n    )\n",
        """        seed=seed,
    )
    tasks = service.lists[0].collection
    at_first = tasks.items()

    @service.route("GET", "https://api.example.com/tasks")
    def list_tasks(request):
        answer = service.answer_without_route(request)
        for row in answer.body.get("tasks", ()):
            if tasks.get(row["id"]) in at_first:
                row["points"] = None
        return answer

    return service
""",
    ),
]
"""The service of tasks, whose rows have no points before somebody has changed them."""

NOTHING_DELETED = """
    step = service.world.step
    service.world.step = lambda *kinds: step(*(kind for kind in kinds if kind != "delete"))
    return service
"""
"""The end of `make_fake` of a service whose rows nobody deletes."""

FAULTS = [
    Planted(
        code="undeclared-domain",
        base="tasks",
        changes=[('add_network_domain("api.example.com")', 'add_network_domain("example.org")')],
        at=".fetch(",
    ),
    Planted(
        code="undeclared-domain",
        base="events",
        changes=[('"calendar.example.com")', '"calendar.example.com.evil.test")')],
        at=".fetch(",
    ),
    Planted(
        code="endless-paging",
        base="tasks",
        changes=[
            ('if response.body["next"]:', "if rows:"),
            ('{"cursor": response.body["next"]}', '{"cursor": response.body["next"] or ""}'),
        ],
        at="continuation",
    ),
    Planted(
        code="endless-paging",
        base="pages",
        changes=[("if len(rows) == 20:", "if True:")],
        at="continuation",
    ),
    Planted(
        code="endless-paging",
        base="events",
        changes=[('{"page": body["nextPageToken"]}', '{"page": token or body["nextPageToken"]}')],
        at="continuation",
    ),
    Planted(
        code="sync-fails",
        base="pages",
        changes=[('rows = body["data"]', 'rows = body["contacts"]')],
        at='rows = body["contacts"]',
    ),
    Planted(
        code="sync-fails",
        base="events",
        changes=[('body["nextSyncToken"]', 'body["syncToken"]')],
        at='body["syncToken"]',
    ),
    Planted(
        code="no-rows",
        base="tasks",
        changes=[('rows = response.body["tasks"]', 'rows = response.body.get("task", [])')],
        at="result",
    ),
    Planted(
        code="no-rows",
        base="pages",
        changes=[('rows = body["data"]', 'rows = body.get("items") or []')],
        at="result",
    ),
    Planted(
        code="cursor-stands-still",
        base="events",
        changes=[
            (
                '{"token": body["nextSyncToken"]}',
                'previous.incremental_continuation if previous else {"token": body["nextSyncToken"]}',
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="cursor-stands-still",
        base="tasks",
        changes=[
            (
                '{"since": since.isoformat()}',
                'previous.incremental_continuation if previous else {"since": since.isoformat()}',
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="continuation-counts-as-none",
        base="pages",
        changes=[
            (
                '(context.sync.continuation or {"page": 1})["page"]',
                "(context.sync.continuation or 0) + 1",
            ),
            ('page["continuation"] = {"page": number + 1}', 'page["continuation"] = number - 1'),
        ],
        at="continuation",
    ),
    Planted(
        code="continuation-counts-as-none",
        base="tasks",
        changes=[
            (
                'page["continuation"] = {"cursor": response.body["next"]}',
                'page["continuation"] = response.body["next"][:0]',
            ),
        ],
        at="continuation",
    ),
    Planted(
        code="paging-forgotten",
        base="tasks",
        changes=[('if response.body["next"]:', 'if response.body.get("nextPage"):')],
        at="continuation",
    ),
    Planted(
        code="paging-forgotten",
        base="pages",
        changes=[("if len(rows) == 20:", "if len(rows) > 20:")],
        at="continuation",
    ),
    Planted(
        code="paging-forgotten",
        base="events",
        changes=[
            ('body.get("nextPageToken"):', 'body.get("next_page_token"):'),
            ('body["nextSyncToken"]', 'body.get("nextSyncToken", "none")'),
        ],
        at="continuation",
    ),
    Planted(
        code="rows-left-out",
        base="tasks",
        changes=[
            (
                '    rows = response.body["tasks"]',
                '    rows = response.body["tasks"]\n    rows = rows[:-1] if response.body["next"] else rows',
            )
        ],
        at="continuation",
    ),
    Planted(
        code="rows-left-out",
        base="pages",
        changes=[
            ("per_page=20", "per_page=5"),
            ("if len(rows) == 20:", "if len(rows) == 5:"),
            ("number + 1", "number + 2"),
        ],
        at="continuation",
    ),
    Planted(
        code="rows-left-out",
        base="tasks",
        changes=[
            (
                '    rows = response.body["tasks"]',
                '    rows = response.body["tasks"]\n    rows = rows if response.body["next"] or previous else []',
            )
        ],
        at="result",
    ),
    Planted(
        code="rows-lost-between-pages",
        base="tasks",
        changes=[
            ('if response.body["next"]:', "if len(rows) == 10:"),
            ('{"cursor": response.body["next"]}', '{"cursor": int(query.get("cursor", 0)) + 10}'),
        ],
        fake_changes=[
            ('paging=NextToken(("next",), "cursor")', 'paging=Offset("cursor")'),
            ("NextToken", "Offset"),
            ("    return ListService(", "    service = ListService("),
            (
                "        seed=seed,\n    )",
                "        seed=seed,\n    )\n    service.shifting_pages = False\n    return service",
            ),
        ],
        at="continuation",
    ),
    Planted(
        code="rows-doubled",
        base="pages",
        changes=[("contacts?page={number}", "contacts?page={max(number - 1, 1)}")],
        at="continuation",
    ),
    Planted(
        code="sync-needs-memory",
        base="tasks",
        changes=[
            (
                '"result": [row for row in rows if not row["deleted"]]',
                '"result": [row for row in rows if not row["deleted"] and seen.setdefault(row["id"], row) is row]',
            ),
        ],
        at="seen",
    ),
    Planted(
        code="sync-needs-memory",
        base="pages",
        changes=[
            ("pack = Pack()", "pack = Pack()\nknown = set()"),
            (
                'rows = body["data"]',
                'rows = [row for row in body["data"] if row["id"] not in known]\n    known.update(row["id"] for row in rows)',
            ),
            ("if len(rows) == 20:", 'if len(body["data"]) == 20:'),
        ],
        at="known.update",
    ),
    Planted(
        code="page-needs-memory",
        base="tasks",
        changes=[
            (
                'query["cursor"] = context.sync.continuation["cursor"]',
                'query["cursor"] = seen["next"]',
            ),
            (
                'page["continuation"] = {"cursor": response.body["next"]}',
                'seen["next"] = response.body["next"]\n        page["continuation"] = {"cursor": response.body["next"][-9:]}',
            ),
        ],
        at="seen",
    ),
    Planted(
        code="page-needs-memory",
        base="pages",
        changes=[
            ("pack = Pack()", "pack = Pack()\nplace = {}"),
            ('page = {"result": rows}', 'place["page"] = number + 1\n    page = {"result": rows}'),
            (
                '(context.sync.continuation or {"page": 1})["page"]',
                'place.get("page", 1) if context.sync.continuation else 1',
            ),
        ],
        at="place",
    ),
    Planted(
        code="replayed-page-differs",
        base="tasks",
        changes=[
            (
                '    rows = response.body["tasks"]',
                '    rows = response.body["tasks"]\n    key = (context.sync.started_at, query.get("cursor"))\n    if seen.get("last") == key:\n        rows = rows[1:]\n    seen["last"] = key',
            ),
        ],
        at="seen",
    ),
    Planted(
        code="replayed-page-differs",
        base="pages",
        changes=[
            ("pack = Pack()", "pack = Pack()\nlast = []"),
            (
                'rows = body["data"]',
                'rows = body["data"]\n    if last[-1:] == [(context.sync.started_at, number)]:\n        raise ValueError("again")\n    last.append((context.sync.started_at, number))',
            ),
        ],
        at="last",
    ),
    Planted(
        code="increment-fails",
        base="tasks",
        changes=[
            (
                'previous.incremental_continuation["since"]',
                'previous.incremental_continuation["from"]',
            )
        ],
        at='incremental_continuation["from"]',
    ),
    Planted(
        code="increment-fails",
        base="events",
        changes=[
            (
                "rows = [event for event in",
                'rows = [{**event, "title": event["title"].strip()} for event in',
            ),
            ('if not event.get("cancelled")]', 'if previous or not event.get("cancelled")]'),
            (
                'gone = [event["id"] for event in body["items"] if event.get("cancelled")]',
                'gone = [body["gone"] for _ in body["items"] if previous]',
            ),
        ],
        at='body["gone"]',
    ),
    Planted(
        code="local-time-as-utc",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "datetime.now() - timedelta(minutes=1)",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="local-time-as-utc",
        base="tasks",
        changes=[("since.isoformat()", 'since.astimezone().strftime("%Y-%m-%dT%H:%M:%S")')],
        at="incrementalContinuation",
    ),
    Planted(
        code="increment-fails",
        base="tasks",
        changes=[
            (
                '[row["id"] for row in rows if row["deleted"]]',
                '[row["key"] for row in rows if row["deleted"]]',
            )
        ],
        at='row["key"]',
    ),
    Planted(
        code="increment-paging-forgotten",
        base="tasks",
        changes=[('if response.body["next"]:', 'if response.body["next"] and not previous:')],
        at="continuation",
    ),
    Planted(
        code="increment-paging-forgotten",
        base="events",
        changes=[
            ('if body.get("nextPageToken"):', 'if body.get("nextPageToken") and not previous:'),
            (
                'body["nextSyncToken"]',
                'body.get("nextSyncToken") or previous.incremental_continuation["token"]',
            ),
        ],
        at="continuation",
    ),
    Planted(
        code="increment-paging-forgotten",
        base="tasks",
        changes=SEPARATE_DELETIONS,
        fake_changes=SERVED_APART,
        at="continuation",
    ),
    Planted(
        code="increment-paging-forgotten",
        base="events",
        changes=[
            ('if body.get("nextPageToken"):', 'if body.get("nextPageToken") and not previous:'),
            (
                'body["nextSyncToken"]',
                'body.get("nextSyncToken") or previous.incremental_continuation["token"]',
            ),
        ],
        fake_changes=[("count=23", "count=300"), ("10)", "120)"), ("10, key", "120, key")],
        at="continuation",
    ),
    Planted(
        code="local-time-as-utc",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "datetime.now() - timedelta(minutes=1)",
            )
        ],
        fake_changes=FILLED_BY_AN_UPDATE,
        at="incrementalContinuation",
    ),
    Planted(
        code="increment-reads-all",
        base="tasks",
        changes=[('query["since"]', 'query["changed_from"]')],
        fake_changes=[
            ("    return ListService(", "    service = ListService("),
            ("        seed=seed,\n    )\n", f"        seed=seed,\n    )\n{NOTHING_DELETED}"),
        ],
        at=".fetch(",
    ),
    Planted(
        code="increment-reads-all",
        base="events",
        changes=[
            (
                '"syncToken=" + previous.incremental_continuation["token"]',
                '"token=" + previous.incremental_continuation["token"]',
            )
        ],
        fake_changes=[("    return service\n", NOTHING_DELETED)],
        at=".fetch(",
    ),
    Planted(
        code="partial-rows",
        base="tasks",
        changes=[
            (
                '"result": [row for row in rows if not row["deleted"]]',
                '"result": [\n            {key: row[key] for key in (("id", "title", "modifiedAt") if previous else row)}\n            for row in rows if not row["deleted"]\n        ]',
            )
        ],
        at="result",
    ),
    Planted(
        code="partial-rows",
        base="events",
        changes=[
            (
                'if not event.get("cancelled")]',
                'if not event.get("cancelled")]\n    if previous:\n        rows = [{"id": row["id"], "title": row["title"]} for row in rows]',
            )
        ],
        at="result",
    ),
    Planted(
        code="rows-leave-the-filter",
        base="tasks",
        changes=[
            (
                '"result": [row for row in rows if not row["deleted"]]',
                '"result": [row for row in rows if not row["deleted"] and row["status"] == "open"]',
            )
        ],
        at=".fetch(",
    ),
    Planted(
        code="rows-leave-the-filter",
        base="events",
        changes=[
            (
                'if not event.get("cancelled")]',
                'if not event.get("cancelled") and len(event["title"]) < 10]',
            )
        ],
        fake_changes=[
            ('f"Event {random.randint(1000, 99999)}"', 'f"Event {random.randint(900, 1100)}"')
        ],
        at=".fetch(",
    ),
    Planted(
        code="increment-paging-forgotten",
        base="tasks",
        changes=[
            ('query["since"]', 'query["limit"] = 1\n        query["since"]'),
            ('if response.body["next"]:', 'if response.body["next"] and not previous:'),
        ],
        at="continuation",
    ),
    Planted(
        code="changes-missed",
        base="tasks",
        changes=[
            (
                "        since = context.sync.started_at - timedelta(minutes=1)\n",
                "        since = context.sync.started_at - timedelta(minutes=1)\n"
                "        if not rows:\n            since += timedelta(hours=4)\n",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="changes-missed",
        base="tasks",
        changes=[
            (
                '[row["id"] for row in rows if row["deleted"]]',
                '[row["id"] for row in rows if row["deleted"] or previous and row["status"] == "done"]',
            ),
            (
                'if not row["deleted"]]',
                'if not row["deleted"] and not (previous and row["status"] == "done")]',
            ),
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="changes-missed",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "context.sync.started_at + timedelta(days=1)",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="changes-missed",
        base="events",
        changes=[
            (
                'rows = [event for event in body["items"]',
                'rows = [] if previous else [event for event in body["items"]',
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="cursor-from-the-end",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "datetime.now(UTC) - timedelta(minutes=5)",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="cursor-from-the-end",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "datetime.now(UTC) - timedelta(seconds=1)",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="cursor-from-the-end",
        base="tasks",
        changes=[
            (
                "since = context.sync.started_at - timedelta(minutes=1)",
                'since = datetime.fromisoformat(max((row["modifiedAt"] for row in rows), default=context.sync.started_at.isoformat()))',
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="tie-lost",
        base="tasks",
        changes=[
            (
                "context.sync.started_at - timedelta(minutes=1)",
                "context.sync.started_at + timedelta(seconds=1)",
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="tie-lost",
        base="tasks",
        changes=[
            ("timedelta(minutes=1)", "timedelta(0)"),
            (
                '{"since": since.isoformat()}',
                '{"since": (since + timedelta(milliseconds=1)).isoformat()}',
            ),
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="no-overlap",
        base="tasks",
        changes=[("timedelta(minutes=1)", "timedelta(0)")],
        at="incrementalContinuation",
    ),
    Planted(
        code="no-overlap",
        base="tasks",
        changes=[
            ("        since = context.sync.started_at - timedelta(minutes=1)\n", ""),
            ("since.isoformat()", "context.sync.started_at.isoformat()"),
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="deleted-id-differs",
        base="events",
        changes=[('gone = [event["id"] for', 'gone = [event["id"].lower() for')],
        at="deletedRowIds",
    ),
    Planted(
        code="deleted-id-differs",
        base="tasks",
        changes=[('"deletedRowIds": [row["id"] for', '"deletedRowIds": ["tasks/" + row["id"] for')],
        at="deletedRowIds",
    ),
    Planted(
        code="deleted-id-differs",
        base="events",
        changes=[('gone = [event["id"] for', 'gone = [event["version"] for')],
        fake_changes=[('"cancelled": True}', '"cancelled": True, "version": item.version}')],
        at="deletedRowIds",
    ),
    Planted(
        code="deleted-id-differs",
        base="tasks",
        changes=[('"deletedRowIds": [row["id"] for', '"deletedRowIds": [{"title": row["id"]} for')],
        at="deletedRowIds",
    ),
    Planted(
        code="deletions-missed",
        base="tasks",
        changes=SEPARATE_DELETIONS,
        fake_changes=[*SERVED_APART, ("        service.note_page(request, page)\n", "")],
        at="deletedRowIds",
    ),
    Planted(
        code="deletions-missed",
        base="tasks",
        changes=[
            *SEPARATE_DELETIONS,
            (
                'urlencode({"since": query["since"]})',
                'urlencode({"since": query["since"], "after": 2})',
            ),
        ],
        fake_changes=[
            *SERVED_APART,
            ("        service.note_page(request, page)\n", ""),
            (
                'int(request.query.get("after") or 0), 10)',
                'int(request.query.get("after") or 0), 100)',
            ),
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="deletions-forgotten",
        base="tasks",
        changes=[('        "deletedRowIds": [row["id"] for row in rows if row["deleted"]],\n', "")],
        at="result",
    ),
    Planted(
        code="deletions-forgotten",
        base="events",
        changes=[
            (
                'gone = [event["id"] for event in body["items"] if event.get("cancelled")]',
                'gone = [event["id"] for event in body["items"] if event.get("deleted")]',
            )
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="deletions-forgotten",
        base="tasks",
        changes=[
            ('[row for row in rows if not row["deleted"]]', "rows"),
            ('[row["id"] for row in rows if row["deleted"]]', "[]"),
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="undeleted-missed",
        base="tasks",
        changes=[
            *SEPARATE_DELETIONS,
            (
                '.body["ids"]\n',
                '.body["ids"]\n            page["result"] = [\n                row for row in page["result"] if row["id"] not in page["deletedRowIds"]\n            ]\n',
            ),
        ],
        fake_changes=[
            *SERVED_APART,
            (
                "[task for task in tasks.updated_since(since, deleted=True) if task.deleted]",
                '[\n            each.item\n            for each in tasks.log\n            if each.kind == "delete" and each.item.updated_at >= since\n        ]',
            ),
            ("        service.note_page(request, page)\n", ""),
            (", 10)", ", 100)"),
        ],
        at="result",
    ),
    Planted(
        code="undeleted-missed",
        base="events",
        changes=[
            (
                "    rows = [event for",
                "    buried = previous.incremental_continuation['gone'] if previous else []\n    rows = [event for",
            ),
            (
                'if not event.get("cancelled")]',
                'if not event.get("cancelled") and event["id"] not in buried]',
            ),
            (
                '{"token": body["nextSyncToken"]}',
                '{"token": body["nextSyncToken"], "gone": buried + gone}',
            ),
        ],
        at="result",
    ),
    Planted(
        code="undeleted-missed",
        base="tasks",
        changes=[
            (
                '    rows = response.body["tasks"]',
                '    buried = previous.incremental_continuation["gone"] if previous else []\n    rows = [row for row in response.body["tasks"] if row["id"] not in buried]',
            ),
            (
                '{"since": since.isoformat()}',
                '{"since": since.isoformat(), "gone": buried + page["deletedRowIds"]}',
            ),
        ],
        at="result",
    ),
    Planted(
        code="expired-cursor",
        base="events",
        changes=[("error.status_code == 410", "error.status_code == 401")],
        at="except",
    ),
    Planted(
        code="expired-cursor",
        base="events",
        changes=[
            (
                "if previous and error.status_code == 410",
                "if previous and not token and error.status_code == 410",
            )
        ],
        fake_changes=[
            ("{**fields,", "{**fields,"),
            (
                'page_after(changed, place.get("after"), 10,',
                'page_after(changed, place.get("after"), 2,',
            ),
        ],
        at="except",
    ),
    Planted(
        code="expired-cursor",
        base="events",
        changes=[
            (
                'return {"completion": {"hasIncompleteResults": True}}',
                'return {"completion": {"incrementalContinuation": {"token": ""}}}',
            )
        ],
        at="except",
    ),
    Planted(
        code="errors-swallowed",
        base="tasks",
        changes=[
            *SEPARATE_DELETIONS,
            (
                '            page["deletedRowIds"] = context',
                '            with contextlib.suppress(Exception):\n                page["deletedRowIds"] = context',
            ),
            ("from datetime import UTC", "import contextlib\nfrom datetime import UTC"),
        ],
        fake_changes=[
            *SERVED_APART,
            ("        service.note_page(request, page)\n", ""),
            (", 10)", ", 100)"),
        ],
        at="contextlib.suppress",
    ),
    Planted(
        code="errors-swallowed",
        base="tasks",
        changes=[
            (
                '    response = context.fetcher.fetch(url="https://api.example.com/tasks?" + urlencode(query))',
                '    try:\n        response = context.fetcher.fetch(url="https://api.example.com/tasks?" + urlencode(query))\n    except Exception:\n        return {"result": []}',
            )
        ],
        at="except",
    ),
    Planted(
        code="errors-swallowed",
        base="events",
        changes=[
            (
                "        if previous and error.status_code == 410:",
                "        if error.status_code == 403:\n            return {}\n        if previous and error.status_code == 410:",
            )
        ],
        at="except",
    ),
    Planted(
        code="errors-swallowed",
        base="events",
        changes=[("        raise\n", '        return {"completion": previous}\n')],
        at="except",
    ),
    Planted(
        code="errors-swallowed",
        base="pages",
        changes=[
            (
                "    body = context.fetcher.fetch(url=url).body",
                "    try:\n        body = context.fetcher.fetch(url=url).body\n    except StatusCodeError as error:\n        context.logger.warning(str(error))\n        return None",
            )
        ],
        at="except",
    ),
    Planted(
        code="error-page-as-data",
        base="pages",
        changes=[
            (
                '    if body.get("error"):\n        raise UserVisibleError(body["error"])\n    rows = body["data"]',
                '    rows = body.get("data", [])',
            )
        ],
        at=".fetch(",
    ),
    Planted(
        code="error-page-as-data",
        base="pages",
        changes=[('raise UserVisibleError(body["error"])', 'return {"result": []}')],
        at=".fetch(",
    ),
    Planted(
        code="cap-unnoticed",
        base="pages",
        changes=[],
        fake_changes=[
            ("    service.error_pages", "    service.result_cap = 30\n    service.error_pages")
        ],
        at=".fetch(",
    ),
    Planted(
        code="cap-unnoticed",
        base="tasks",
        changes=[],
        fake_changes=[
            ("    return ListService(", "    service = ListService("),
            (
                "        seed=seed,\n    )",
                "        seed=seed,\n    )\n    service.result_cap = 12\n    return service",
            ),
        ],
        at=".fetch(",
    ),
    Planted(
        code="request-for-each-row",
        base="events",
        changes=[
            (
                '    gone = [event["id"]',
                '    for event in body["items"]:\n        await context.fetcher.fetch(url=url)\n    gone = [event["id"]',
            )
        ],
        at=".fetch(",
    ),
    Planted(
        code="row-changes-each-sync",
        base="pages",
        changes=[
            (
                'rows = body["data"]',
                'rows = [{**row, "city": uuid.uuid4().hex} for row in body["data"]]',
            )
        ],
        at='"city"',
    ),
    Planted(
        code="rows-doubled",
        base="tasks",
        changes=[
            (
                '{"cursor": response.body["next"]}',
                '{"cursor": response.body["next"] if context.sync.continuation else ""}',
            )
        ],
        at="continuation",
    ),
    Planted(
        code="rows-lost-between-pages",
        base="pages",
        changes=[],
        fake_changes=[
            (
                "    service.error_pages",
                "    service.shifting_pages = False\n    service.error_pages",
            )
        ],
        at="continuation",
    ),
    Planted(
        code="deletions-missed",
        base="tasks",
        changes=[
            ('{"limit": 10}', '{"limit": 4}'),
            (
                'for row in rows if row["deleted"]],\n    }',
                'for row in rows if row["deleted"] and not response.body["next"]],\n    }',
            ),
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="deletions-missed",
        base="events",
        changes=[
            (
                '            "deletedRowIds": gone,\n            "continuation"',
                '            "continuation"',
            )
        ],
        fake_changes=[('place.get("after"), 10, key', 'place.get("after"), 4, key')],
        at="deletedRowIds",
    ),
    Planted(
        code="increments-differ",
        base="tasks",
        changes=[('[row["id"] for', '[{"points": row["points"]} for')],
        at="deletedRowIds",
    ),
    Planted(
        code="increments-differ",
        base="events",
        changes=[('gone = [event["id"] for', 'gone = [{"minutes": event["minutes"]} for')],
        fake_changes=[('{"id": item.id, "cancelled": True}', '{**item.fields, "cancelled": True}')],
        at="deletedRowIds",
    ),
    Planted(
        code="id-not-unique",
        base="pages",
        changes=[
            ('id_property="contact_id"', 'id_property="city"'),
            ('"city": {"type": "string"}', '"city": {"type": "string", "from_key": "vipText"}'),
            (
                'rows = body["data"]',
                'rows = [{**row, "vipText": str(row["vip"])} for row in body["data"]]',
            ),
        ],
        at="id_property",
    ),
    Planted(
        code="id-not-unique",
        base="events",
        changes=[
            ("rows = [event for event in", 'rows = [{**event, "id": event["id"][:3]} for event in')
        ],
        at="id_property",
    ),
    Planted(
        code="id-changes",
        base="pages",
        changes=[
            (
                'rows = body["data"]',
                'rows = [{**row, "id": str(uuid.uuid4())} for row in body["data"]]',
            )
        ],
        at="id_property",
    ),
    Planted(
        code="id-changes",
        base="pages",
        changes=[('id_property="contact_id"', 'id_property="email"')],
        at="id_property",
    ),
    Planted(
        code="digits-lost",
        base="pages",
        changes=[
            (
                'rows = body["data"]',
                'rows = [{**row, "id": float(row["id"])} for row in body["data"]]',
            )
        ],
        at="id_property",
    ),
    Planted(
        code="digits-lost",
        base="pages",
        changes=[
            (
                'rows = body["data"]',
                'rows = [{**row, "id": f"{float(row[\'id\']):.0f}"} for row in body["data"]]',
            )
        ],
        at="id_property",
    ),
    Planted(
        code="row-rejected",
        base="tasks",
        changes=[('"title": {"type": "string"}', '"title": {"type": "number"}')],
        at='"title"',
    ),
    Planted(
        code="row-rejected",
        base="pages",
        changes=[('"email": {"type": "string"}', '"email": {"type": "string", "hint": "date"}')],
        at='"email"',
    ),
    Planted(
        code="row-rejected",
        base="events",
        changes=[('"minutes": {"type": "number"}', '"minutes": {"type": "boolean"}')],
        at='"minutes"',
    ),
    Planted(
        code="column-always-null",
        base="tasks",
        changes=[('"from_key": "ownerName"', '"from_key": "owner_nam"')],
        at='"owner"',
    ),
    Planted(
        code="column-always-null",
        base="pages",
        changes=[
            ('"vip": {"type": "boolean"}', '"vip": {"type": "boolean", "from_key": "important"}')
        ],
        at='"vip"',
    ),
    Planted(
        code="column-always-null",
        base="events",
        changes=[
            (
                "rows = [event for event in",
                'rows = [{**event, "minutes": event.get("Minutes")} for event in',
            )
        ],
        at='"minutes"',
    ),
    Planted(
        code="secret-returned",
        base="tasks",
        changes=[
            (
                'pack.add_network_domain("api.example.com")',
                'pack.add_network_domain("api.example.com")\npack.set_authentication(type="QueryParamToken", param_name="key")',
            ),
            ('"title": {"type": "string"}', '"title": {"type": "string", "from_key": "self"}'),
        ],
        fake_changes=[
            ("seed=seed,\n    )", "seed=seed,\n    )"),
            ("    return ListService(", "    service = ListService("),
            (
                "        seed=seed,\n    )",
                '        seed=seed,\n    )\n\n    def echo(request, number, make):\n        response = make()\n        for row in response.body["tasks"]:\n            row["self"] = "https://example.com/?key=" + request.query["key"]\n        return response\n\n    service.faults.append(echo)\n    return service',
            ),
        ],
        at='"title"',
    ),
    Planted(
        code="secret-returned",
        base="tasks",
        changes=[
            (
                'pack.add_network_domain("api.example.com")',
                'pack.add_network_domain("api.example.com")\npack.set_authentication(type="QueryParamToken", param_name="key")',
            ),
            (
                '{"since": since.isoformat()}',
                '{"since": since.isoformat(), "url": response.body["self"]}',
            ),
        ],
        fake_changes=[
            ("    return ListService(", "    service = ListService("),
            (
                "        seed=seed,\n    )",
                '        seed=seed,\n    )\n\n    def echo(request, number, make):\n        response = make()\n        response.body["self"] = request.url\n        return response\n\n    service.faults.append(echo)\n    return service',
            ),
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="request-for-each-row",
        base="pages",
        changes=[
            (
                'rows = body["data"]',
                'rows = body["data"]\n    for row in rows:\n        context.fetcher.fetch(url=url)',
            )
        ],
        at=".fetch(",
    ),
    Planted(
        code="small-pages",
        base="tasks",
        changes=[('{"limit": 10}', '{"limit": 4}')],
        at=".fetch(",
    ),
    Planted(
        code="small-pages",
        base="pages",
        changes=[("per_page=20", "per_page=5"), ("len(rows) == 20", "len(rows) == 5")],
        at=".fetch(",
    ),
    Planted(
        code="row-changes-each-sync",
        base="tasks",
        changes=[
            (
                '"result": [row for row in rows if not row["deleted"]]',
                '"result": [\n            {**row, "title": str(context.sync.started_at)} for row in rows if not row["deleted"]\n        ]',
            )
        ],
        at='"title"',
    ),
    Planted(
        code="misspelt-parameter",
        base="tasks",
        changes=[('query["since"]', 'query["sinse"]')],
        at=".fetch(",
    ),
    Planted(
        code="misspelt-parameter",
        base="tasks",
        changes=[('{"limit": 10}', '{"limt": 10}')],
        at=".fetch(",
    ),
    Planted(
        code="misspelt-parameter",
        base="pages",
        changes=[("per_page=20", "perPage=20")],
        at=".fetch(",
    ),
    Planted(
        code="requests-differ",
        base="tasks",
        changes=[
            ('query = {"limit": 10}', 'query = {"limit": 10, "asked_at": datetime.now(UTC)}'),
        ],
        at=".fetch(",
    ),
    Planted(
        code="requests-differ",
        base="pages",
        changes=[("per_page=20", "per_page=20&nonce={uuid.uuid4()}")],
        at=".fetch(",
    ),
    Planted(
        code="credential-in-source",
        base="tasks",
        changes=[
            (
                "urlencode(query))",
                'urlencode(query), headers={"Authorization": "Bearer 9f8e7d6c5b4a39281706"})',
            ),
        ],
        at="Bearer 9f8e",
    ),
    Planted(
        code="credential-in-source",
        base="events",
        changes=[
            (
                "def fetch_events",
                'GITHUB = "ghp_0123456789abcdefghijABCDEFGHIJ456789"\n\n\ndef fetch_events',
            )
        ],
        at="GITHUB = ",
    ),
    Planted(
        code="deletions-not-reported",
        base="tasks",
        changes=NO_DELETIONS,
        fake_changes=[('                deleted_key=("deleted",),\n', "")],
        at="result",
    ),
    Planted(
        code="deletions-not-reported",
        base="tasks",
        changes=NO_DELETIONS,
        fake_changes=SERVED_APART,
        at="result",
    ),
    Planted(
        code="deletions-not-reported",
        base="events",
        changes=[],
        fake_changes=[
            (
                'changed = events.changes(place["since"], place["upto"])',
                'feed = events.changes(place["since"], place["upto"])\n'
                "            changed = [item for item in feed if not item.deleted]",
            )
        ],
        at="deletedRowIds",
    ),
    Planted(
        code="null-as-text",
        base="tasks",
        changes=[
            (
                '"result": [row for',
                '"result": [\n            {**row, "ownerName": str(row["ownerName"] if row["points"] > 300 else None)} for',
            ),
        ],
        at='"owner"',
    ),
    Planted(
        code="null-as-text",
        base="pages",
        changes=[
            (
                'page = {"result": rows}',
                'page = {"result": [{**row, "city": f"{row.get(\'town\')}"} for row in rows]}',
            )
        ],
        at='"city"',
    ),
    Planted(
        code="wrong-unit-of-time",
        base="tasks",
        changes=[
            (
                '"id": {"type": "string"},',
                '"id": {"type": "string"},\n        "due": {"type": "number", "hint": "datetime"},',
            ),
            ('"result": [row for', '"result": [{**row, "due": 1735689600_000 + row["points"]} for'),
        ],
        at='"due"',
    ),
    Planted(
        code="wrong-unit-of-time",
        base="pages",
        changes=[
            (
                '"city": {"type": "string"},',
                '"city": {"type": "string"},\n            "since": {"type": "number", "hint": "date"},',
            ),
            (
                'page = {"result": rows}',
                'page = {"result": [{**row, "since": 1735689600 / 1000} for row in rows]}',
            ),
        ],
        at='"since"',
    ),
    Planted(
        code="failed-request-repeated",
        base="pages",
        changes=[
            (
                "    body = context.fetcher.fetch(url=url).body",
                "    for _ in range(9):\n        try:\n            body = context.fetcher.fetch(url=url).body\n            break\n        except StatusCodeError as error:\n            failure = error\n    else:\n        raise failure",
            )
        ],
        at="except",
    ),
    Planted(
        code="failed-request-repeated",
        base="events",
        changes=[
            (
                "        body = (await context.fetcher.fetch(url=url)).body\n",
                "        body = None\n        for left in range(20, -1, -1):\n            try:\n                body = body or (await context.fetcher.fetch(url=url)).body\n            except StatusCodeError as error:\n                if not left or error.status_code < 500:\n                    raise\n",
            )
        ],
        at="except",
    ),
    Planted(
        code="digits-lost",
        base="pages",
        changes=[('"city": {"type": "string"}', '"city": {"type": "number"}')],
        fake_changes=[
            ('"city": {"type": "string"}', '"city": {"type": "string", "enum": ["01067", "10115"]}')
        ],
        at='"city"',
    ),
    Planted(
        code="digits-lost",
        base="tasks",
        changes=[
            ('"result": [row for', '"result": [{**row, "points": str(row["points"]).zfill(6)} for'),
            (', "precision": 0', ""),
        ],
        at='"points"',
    ),
    Planted(
        code="column-always-null",
        base="tasks",
        changes=[
            (
                '"owner": {"type": "string", "from_key": "ownerName"}',
                '"owners": {"type": "array", "items": {"type": "string"}}',
            ),
            ('"result": [row for', '"result": [{**row, "owners": [row.get("owner")]} for'),
        ],
        at='"owners"',
    ),
    Planted(
        code="errors-swallowed",
        base="tasks",
        changes=[
            (
                '    response = context.fetcher.fetch(url="https://api.example.com/tasks?" + urlencode(query))',
                '    try:\n        response = context.fetcher.fetch(url="https://api.example.com/tasks?" + urlencode(query))\n    except StatusCodeError as error:\n        if error.status_code != 404:\n            raise\n        return {"result": []}',
            )
        ],
        at="except",
    ),
    Planted(
        code="credential-in-source",
        base="pages",
        changes=[("per_page=20", "per_page=20&api_key=7f3a9c1e5b2d8f4a6c0e")],
        at="api_key=",
    ),
    Planted(
        code="cursor-stands-still",
        base="tasks",
        changes=[
            (
                '{"since": since.isoformat()}',
                '{\n            "since": previous.incremental_continuation["since"] if previous else since.isoformat(),\n            "at": since.isoformat(),\n        }',
            )
        ],
        at="incrementalContinuation",
    ),
    Planted(
        code="misspelt-parameter",
        base="events",
        changes=[('"syncToken="', '"sync_token="')],
        at=".fetch(",
    ),
    Planted(
        code="page-needs-memory",
        base="tasks",
        changes=[
            (
                '    if response.body["next"]:',
                '    if not context.sync.continuation:\n        seen["at"] = context.sync.started_at\n    if response.body["next"]:',
            ),
            (
                "context.sync.started_at - timedelta(minutes=1)",
                'seen.get("at", datetime(2020, 1, 1, tzinfo=UTC)) - timedelta(minutes=1)',
            ),
        ],
        at="seen",
    ),
]
