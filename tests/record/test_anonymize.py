"""`packsync record --anonymize`: no personal data in files, and rows that still fit together."""

import base64
import json
from collections.abc import Generator
from typing import Any
from urllib.parse import unquote

import pytest

from pack_sdk.testing import Recording
from pack_sync.record.stand_ins import StandIns
from tests.dagster import dagster_project
from tests.dagster.dagster_project import DagsterProject
from tests.http_server import Answer, SeenRequest
from tests.record.service import Service, served
from tests.record.test_record import pytest_says

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project

PERSONAL = {
    "name": "Ada Lovelace",
    "email": "Ada.Lovelace@example.org",
    "login": "adalove",
    "phone": "+44 20 7946 0018",
    "mobile": 442079460018,
    "zip": "94107",
    "birth_date": "1815-12-10",
    "ip_address": "81.2.69.142",
    "avatar": "https://images.example.net/ada/large.png",
    "bio": "Wrote the first program; ask ada.lovelace@example.org.",
    "address": {"street": "12 St James's Square", "city": "London", "lat": 51.5072},
    "nicknames": ["The Enchantress", "Lady L"],
}
KEPT = {
    "id": "p-1",
    "team_id": "T0042",
    "uuid": "0b9f8a52-6f5f-4c0e-9d6a-1f2e3d4c5b6a",
    "status": "active",
    "joined": "2024-05-06T07:08:09Z",
    "rank": "12.5",
    "active": True,
    "points": 1200,
}


@pytest.fixture
def service(project: DagsterProject) -> Generator[Service]:
    """Two people and their tasks."""
    with served(project) as service:
        service.people = [{**KEPT, **PERSONAL}, {"id": "p-2", "email": "grace@example.org"}]
        service.tasks = [
            {"id": "t-1", "owner": "ADALOVE", "mail": PERSONAL["email"], "owner_id": "p-1"},
            {"id": "t-2", "owner": "adalove", "mail": "grace@example.org", "owner_id": "p-2"},
        ]
        yield service


def rows_of(recording: Recording) -> list[dict[str, Any]]:
    """The rows of its answers."""
    return [
        row for each in recording.exchanges if each.response for row in each.response.body["items"]
    ]


def test_personal_data_is_in_no_file(service: Service) -> None:
    """Texts and telling numbers are replaced, what only counts and classifies is kept."""
    service.record("--anonymize")
    text = "".join(service.files().values()).casefold()
    personal = [
        "lovelace", "adalove", "7946", "94107", "1815", "81.2.69", "images.example.net", "program",
        "james", "london", "51.5072", "enchantress", "grace",
    ]  # fmt: skip
    assert [word for word in personal if word in text] == []
    (row, _), _ = map(rows_of, service.recordings)
    assert {name: row[name] for name in KEPT} == KEPT
    assert row["email"].endswith("@example.com")
    assert row["avatar"].startswith("https://example.com/")
    assert isinstance(row["mobile"], int)
    assert isinstance(row["address"]["lat"], float)
    assert len(row["name"].split()) == 2
    assert row["name"].istitle()
    assert service.record("--replay").count("as recorded") == 2
    assert "2 passed" in pytest_says(service)


def test_rows_fit_together_as_before(service: Service) -> None:
    """The same value has the same stand-in, over tables and over recordings of several days."""
    service.record("--anonymize")
    service.record("Tasks", "--anonymize", "--full")
    (ada, grace), tasks, again = map(rows_of, service.recordings)
    assert [task["mail"] for task in tasks] == [ada["email"], grace["email"]]
    assert [task["owner_id"] for task in tasks] == [ada["id"], grace["id"]]
    assert tasks[1]["owner"] == ada["login"] == tasks[0]["owner"].lower()
    assert again == tasks
    assert ada["email"] != grace["email"]


def test_the_ids_of_deleted_rows_stay_as_those_of_rows_do(service: Service) -> None:
    """A list of nothing but ids has no name that says so; a name that is an id is replaced."""
    service.gone = ["t-3", "Grace Hopper"]
    service.record("Tasks", "--anonymize")
    service.record("Tasks", "--anonymize")
    _, recording = service.recordings
    kept, replaced = recording.exchanges[0].response.body["gone"]  # type: ignore[union-attr]
    assert kept == "t-3"
    assert replaced != "Grace Hopper"
    assert list(recording.expected.deleted_ids) == [kept, replaced]


BY_MAIL = """
from urllib.parse import quote
from pack_sdk import Pack, make_object_schema
pack = Pack()
pack.add_network_domain("127.0.0.1")
def execute(args, context):
    found = context.fetcher.fetch(url="/people").body["items"]
    url = "/people/{}/tasks?by={}"
    rows = [context.fetcher.fetch(url=url.format(quote(p["email"]), quote(p["login"]))).body
            for p in found]
    return {"result": rows, "deletedRowIds": []}
pack.add_sync_table(name="Tasks", identity_name="Task", execute=execute, schema=make_object_schema(
    properties={"email": {"type": "string"}}, id_property="email", display_property="email"))
"""


@pytest.mark.parametrize("gone", ["", "gone@example.org"])
def test_ids_that_are_personal_are_replaced_in_urls_too(project: DagsterProject, gone: str) -> None:
    """A pack that asks for each person goes on as before; what its code says cannot be replaced."""
    source = BY_MAIL.replace('Ids": []', f'Ids": ["{gone}"]' if gone else 'Ids": []')
    with served(project, source) as service:
        connection = {"endpoint": service.server.url, "allow_http_localhost": True}
        project.switch_on("acme", pack=str(service.folder), connections={"default": connection})
        people = [{"email": f"ada{n}@lovelace.org", "login": f"ada lovelace {n}"} for n in (1, 2)]

        def answer(request: SeenRequest) -> Answer:
            name = unquote(request.path.split("/")[-2])
            one = {"email": name} if "tasks" in request.path else None
            return Answer(body=json.dumps(one or {"items": people}).encode())

        service.answer = answer  # type: ignore[method-assign]
        result = service.run("record", "acme", "--anonymize")
        if gone:
            assert "is left inside of 'gone@example.org'" in result.output
            assert service.files() == {}
            return
        assert result.exit_code == 0
        (recording,) = service.recordings
        first = recording.exchanges[1].request.url
        mail, login = recording.expected.ids[0], first.partition("?by=")[2]
        assert first == f"/people/{mail}/tasks?by={login}"
        assert mail.endswith("@example.com")
        assert "lovelace" not in "".join(service.files().values())


def test_a_property_may_be_kept(service: Service) -> None:
    """`--keep` names some."""
    service.record("People", "--anonymize", "--keep", "login, bio_")
    (row, _) = rows_of(service.recordings[0])
    assert row["login"] == "adalove"
    assert row["name"] != "Ada Lovelace"


def test_a_cursor_that_is_personal_is_no_place_to_go_on_from(service: Service) -> None:
    """The service does not know its stand-in."""
    page = {"items": [{"id": "a", "by": "ada lovelace"}], "now": "ada lovelace"}
    service.answer = lambda _: Answer(body=json.dumps(page).encode())  # type: ignore[method-assign]
    assert "there is no cursor to go on from" in service.record("Tasks", "--anonymize")
    (recording,) = service.recordings
    assert recording.next_cursor is None
    assert recording.expected.cursor == {"since": rows_of(recording)[0]["by"]}


def test_a_header_with_a_link_is_replaced_too(service: Service) -> None:
    """However its parameters are written."""
    after = "after=grace%40example.org&x=1"
    service.headers = {"Link": f'<{service.server.url}/people?{after}>; rel="next", <a>'}
    service.record("People", "--anonymize")
    (exchange,) = service.recordings[0].exchanges
    assert exchange.response
    mail = rows_of(service.recordings[0])[1]["email"]
    link = f'<{service.server.url}/people?after={mail}&x=1>; rel="next", <a>'
    assert exchange.response.headers["link"] == link


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(
                body=json.dumps(
                    {
                        "items": [{"id": "a", "email": "ada@lovelace.org"}],
                        "now": "1",
                        "next_cursor": base64.b64encode(b'{"after": "ada@lovelace.org"}').decode(),
                    }
                ).encode()
            ),
            "a value that is to be replaced is left inside of",
        ),
        (Answer(body=b"id,name\n1,Ada", content_type="text/csv"), "is no JSON"),
        (
            Answer(
                body=json.dumps(
                    {
                        "items": [{"id": "a", "name": "Lovelace"}],
                        "now": "1",
                        "next_cursor": "x:LoveLace:1",
                    }
                ).encode()
            ),
            "a value that is to be replaced is left inside of",
        ),
    ],
)
def test_what_cannot_be_told_is_not_kept(service: Service, answer: Answer, said: str) -> None:
    """Nothing is written, and it is said what to do."""
    if answer.content_type == "text/csv":
        source = (service.folder / "pack.py").read_text()
        body = '{"items": [], "now": 1} if isinstance(response.body, str) else response.body'
        source = source.replace(
            '        result = {"result"',
            f"        response = type('R', (), {{'body': {body}}})\n        result = {{\"result\"",
        )
        (service.folder / "pack.py").write_text(source)
    service.answer = lambda _: answer  # type: ignore[method-assign]
    result = service.run("record", "acme", "Tasks", "--anonymize")
    assert result.exit_code == 1
    assert said in result.output
    assert "without --anonymize" in result.output
    assert service.files() == {}


def test_stand_ins_need_a_key(service: Service) -> None:
    """It is the project's, readable by its owner only, and another one gives other stand-ins."""
    service.record("--anonymize")
    key = service.project.folder / ".dagster" / "recording.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert StandIns(b"a").of("Ada Lovelace") != StandIns(b"b").of("Ada Lovelace")


def test_stand_ins_are_hardly_ever_the_same() -> None:
    """Of 20,000 names no two become one."""
    stand_ins = StandIns(b"key")
    names = {stand_ins.of(f"name{number}") for number in range(20_000)}
    assert len(names) == 20_000
