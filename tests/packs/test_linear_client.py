"""Linear's own SDK and schema, both from npm: the SDK reads from our fake what our pack reads."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from shutil import which
from typing import Any

import graphql
import pytest

from pack_sdk import value_at
from pack_sdk.fetching import FetchRequest
from pack_sdk.testing import FakeService, execute_sync_table
from pack_sync.check.fakes import find_fake
from pack_sync.runtimes.loader import load_pack, pack_folder
from tests.http_server import Answer, HttpServer, SeenRequest
from tests.packs.linear_sdk import linear_schema, sdk_folder

LISTS = {
    "Teams": "teams",
    "WorkflowStates": "workflowStates",
    "Projects": "projects",
    "Cycles": "cycles",
    "Issues": "issues",
    "Comments": "comments",
    "Labels": "issueLabels",
    "Users": "users",
}

READ = """
import { LinearClient } from "@linear/sdk";
const [apiUrl, ...lists] = process.argv.slice(2);
const client = new LinearClient({ apiKey: "lin_api_made_up", apiUrl });
const found = {};
for (const list of lists) {
  const asked = { first: 100 };
  if (!["teams", "issueLabels"].includes(list)) asked.includeArchived = true;
  if (list === "users") asked.includeDisabled = true;
  const connection = await client[list](asked);
  while (connection.pageInfo.hasNextPage) await connection.fetchNext();
  found[list] = connection.nodes;
}
console.log(JSON.stringify(found));
"""


@pytest.fixture
def service() -> FakeService:
    """A workspace in which something has happened."""
    made = find_fake("linear", load_pack("linear"), pack_folder("linear"))(3)
    for _ in range(2):
        made.world.advance(hours=1)
        made.world.step("update", "delete")
    return made


@pytest.fixture
def server(service: FakeService) -> Iterator[HttpServer]:
    """It, on loopback."""

    def answered(request: SeenRequest) -> Answer:
        assert request.headers["authorization"] == "lin_api_made_up"
        url = f"https://api.linear.app{request.path}"
        found = service.respond(FetchRequest(method="POST", url=url, body=request.body))
        return Answer(status=found.status, body=json.dumps(found.body).encode())

    running = HttpServer()
    running.answer = answered
    yield running
    running.close()


@pytest.mark.parametrize("table", LISTS)
def test_queries_and_answers_fit_the_schema(table: str, service: FakeService) -> None:
    """Those of a full sync and of an increment; what is never null is not."""
    schema, pack = linear_schema(), load_pack("linear")
    full = execute_sync_table(pack, table, fetcher=service, clock=service.world.clock)
    if full.cursor is not None:
        execute_sync_table(
            pack,
            table,
            fetcher=service,
            clock=service.world.clock,
            previous_completion=full.completion,
        )
    for request, answer in zip(service.requests, service.answers, strict=True):
        asked = json.loads(request.body or "")
        document = graphql.parse(asked["query"])
        assert graphql.validate(schema, document) == []
        execute: Any = graphql.execute_sync  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        made = execute(
            schema, document, root_value=answer.body["data"], variable_values=asked["variables"]
        )
        assert made.errors is None
        assert made.data == answer.body["data"]
        assert int(answer.headers["x-complexity"]) <= 10_000


def test_the_account_is_asked_for_by_the_schema(service: FakeService) -> None:
    """It is what `packsync connect` shows."""
    pack = load_pack("linear")
    name = pack.authentication.get_connection_name
    assert name is not None
    asked: list[str] = []

    class Context:
        class fetcher:  # noqa: N801
            @staticmethod
            def fetch(**request: Any) -> Any:
                asked.append(json.loads(request["body"])["query"])
                return service.send(FetchRequest.from_mapping(request))

    assert name(Context) == "Acme: Person 1 (person1@example.com)"
    assert graphql.validate(linear_schema(), graphql.parse(asked[0])) == []


def test_the_sdk_reads_the_same(service: FakeService, server: HttpServer) -> None:
    """It asks for all fields of each object, and follows the pages by itself."""
    node = which("node")
    folder = sdk_folder()
    assert node is not None
    read = subprocess.run(  # noqa: S603
        [node, "--input-type=module", "-", f"{server.url}/graphql", *LISTS.values()],
        input=READ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert read.returncode == 0, read.stderr[-2000:]
    found: Mapping[str, Sequence[Mapping[str, Any]]] = json.loads(read.stdout)
    pack = load_pack("linear")
    for table, name in LISTS.items():
        synced = execute_sync_table(pack, table, fetcher=service, clock=service.world.clock)
        theirs = {each["id"]: each for each in found[name] if not each.get("trashed")}
        assert synced.ids
        assert set(synced.ids) == set(theirs), table
        for row in synced.rows:
            for column in pack.sync_tables[table].schema.properties or {}:
                path = pack.sync_tables[table].schema.field_of(column)
                assert _same(theirs[row["id"]], row, path), (table, path, row["id"])


def _same(theirs: Mapping[str, Any], row: Mapping[str, Any], path: str) -> bool:
    """Whether the value at a path is the same; of other objects the SDK has the id alone."""
    first, _, rest = path.partition(".")
    if not rest:
        return theirs.get(first) == row[first]
    if rest != "id" and first != "botActor":
        return True
    return value_at(theirs.get(f"_{first}", theirs.get(first)), rest) == value_at(row, path)
