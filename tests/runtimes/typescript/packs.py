"""Little packs in JavaScript, in the shape of the bundles that the SDK's build makes.

They need no npm: what the SDK's functions would return is written out.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pack_sdk import FetchRequest, FetchResponse, SyncState
from pack_sdk.logger import LineLogger, LogLevel
from pack_sdk.pack import Pack
from pack_sync.runtimes.runtime import CallEnvironment
from pack_sync.runtimes.session import PackSession
from pack_sync.runtimes.typescript.build import ask_manifest
from pack_sync.runtimes.typescript.bundle import Bundle
from pack_sync.runtimes.typescript.manifest import read_manifest
from pack_sync.runtimes.typescript.process import Limits
from pack_sync.runtimes.typescript.runtime import TypeScriptCaller, TypeScriptRuntime

pytest.importorskip("deno", reason="packs in TypeScript need the extra `typescript`")

TASK_SCHEMA = """{
    type: "object", idProperty: "Id", displayProperty: "TaskName",
    properties: {
        Id: {type: "string", fromKey: "id"},
        TaskName: {type: "string", fromKey: "task_name"},
    },
}"""


def one_table(execute: str, *, parameters: str = "[]", before: str = "", more: str = "") -> str:
    """A bundle with the table `Tasks`, whose `execute(args, context)` has this body."""
    return f"""'use strict';
{before}
exports.pack = {{
    networkDomains: ["example.com"],
    syncTables: [{{
        name: "Tasks", identityName: "Task", schema: {TASK_SCHEMA},
        getter: {{
            name: "Tasks", parameters: {parameters},
            async execute(args, context) {{ {execute} }},
        }},
        {more}
    }}],
}};
"""


@dataclass
class Lines(LineLogger):
    """A logger that remembers."""

    lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def write(self, level: LogLevel, line: str) -> None:
        """Remember."""
        self.lines.append((level, line))


@dataclass
class Answers:
    """A fetcher that gives the answers by URL, or raises them, and remembers the requests."""

    answers: dict[str, FetchResponse | Exception] = field(
        default_factory=dict[str, "FetchResponse | Exception"]
    )
    requests: list[FetchRequest] = field(default_factory=list[FetchRequest])
    tokens: list[str] = field(default_factory=list[str])
    pauses: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    cancelled: bool = False
    last_answer: str = ""
    _page_ends_at: float = 0.0

    def send(self, request: FetchRequest, *, invocation_token: str = "") -> FetchResponse:
        """Answer; without an answer for the URL, with the URL itself."""
        self.requests.append(request)
        self.tokens.append(invocation_token)
        answer = self.answers.get(request.url, FetchResponse(status=200, body=request.url))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def begin_page(self, seconds: float) -> None:
        """Remember when the page ends."""
        self._page_ends_at = time.monotonic() + seconds

    @property
    def page_seconds_left(self) -> float:
        """What is left of it."""
        return self._page_ends_at - time.monotonic()

    def pause(self, seconds: float, what: str, _earlier: Sequence[float] = ()) -> float:
        """Remember it; nobody waits."""
        self.pauses.append((seconds, what))
        return seconds

    def cancel(self) -> None:
        """Remember it."""
        self.cancelled = True


@dataclass(kw_only=True)
class Bench:
    """A bundle in a folder, whose table is opened and called."""

    folder: Path
    fetcher: Answers = field(default_factory=Answers)
    logger: Lines = field(default_factory=Lines)
    seconds: float = 60
    limits: Limits = field(default_factory=Limits)
    sessions: list[PackSession] = field(default_factory=list[PackSession])

    def bundle(self, source: str) -> Bundle:
        """The bundle of a source text."""
        file = self.folder / "bundle.js"
        file.write_text(source)
        return Bundle(file=file, folder=self.folder)

    def pack(self, source: str) -> Pack:
        """The pack of a source text, as its manifest has it."""
        return read_manifest(ask_manifest(self.bundle(source)))

    def open(self, source: str, **environment: Any) -> PackSession:
        """A session of the table `Tasks`; the fixture closes it."""
        session = self.runtime(source).open("Tasks", self.environment(**environment))
        self.sessions.append(session)
        return session

    def pid_of(self, session: PackSession) -> int:
        """The process id of a session's child."""
        caller = session._caller  # pyright: ignore[reportPrivateUsage]
        assert isinstance(caller, TypeScriptCaller)
        return caller.pid

    def runtime(self, source: str) -> TypeScriptRuntime:
        """What runs the pack."""
        return TypeScriptRuntime(self.pack(source), self.bundle(source), self.limits)

    def environment(self, **fields: Any) -> CallEnvironment:
        """What a session is given."""
        return CallEnvironment(
            fetcher=self.fetcher,
            logger=self.logger,
            page_timeout_seconds=self.seconds,
            **{"endpoint": None, **fields},
        )

    def execute(
        self, execute: str, args: Sequence[Any] = (), sync: SyncState | None = None, **fields: str
    ) -> Any:
        """The first page of a table whose `execute` has this body."""
        session = self.open(one_table(execute, **fields))
        return session.execute(args, sync or SyncState())

    def close(self) -> None:
        """End the children."""
        for session in self.sessions:
            session.close()
