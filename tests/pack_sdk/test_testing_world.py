"""The moving world: seeded changes, their log, and a service over it."""

from datetime import timedelta

import pytest

from pack_sdk import ConnectionFailedError, FetchRequest, StatusCodeError
from pack_sdk.testing import (
    Collection,
    FakeService,
    ServiceRequest,
    StatusCode,
    World,
    cut_short,
    failing,
    page_after,
    rate_limited,
    with_etags,
)

URL = "https://api.example.com/tasks"


def a_world(seed: int = 3) -> tuple[World, Collection]:
    world = World(seed)
    tasks = world.add(
        "tasks",
        lambda random, number, _: {"id": f"T{number}", "points": random.randint(1, 99)},
        lambda _random, fields, _: {**fields, "points": fields["points"] + 1},
        count=5,
    )
    return world, tasks


def a_service() -> FakeService:
    world, tasks = a_world()
    service = FakeService(world, "https://api.example.com")

    @service.route("GET", "/tasks")
    def list_tasks(_: ServiceRequest) -> object:
        return [item.fields for item in tasks]

    @service.route("GET", "/tasks/{id}/notes")
    def list_notes(request: ServiceRequest) -> object:
        return {"of": request.path["id"], "text": request.query.get("q")}

    return service


def test_the_same_seed_gives_the_same_world() -> None:
    """Rows and changes are the same again, and others with another seed."""
    worlds = [a_world(seed)[0] for seed in (3, 3, 4)]
    logs = [world.step("insert", "update", "delete", "late") for world in worlds]
    assert logs[0] == logs[1] != logs[2]


def test_a_late_change_bears_an_earlier_time_than_it_shows_at() -> None:
    """It is the last in the log, but not by its time of modification."""
    world, tasks = a_world()
    world.step("update")
    before = world.clock.now
    [late] = world.step("late")
    assert late.item.updated_at == before - timedelta(seconds=1)
    assert tasks.changes()[-1].id == late.item.id


def test_a_feed_has_each_row_once_as_it_is_now() -> None:
    """Deleted rows are in it, and undeleted ones are rows again."""
    world, tasks = a_world()
    known = tasks.version
    [gone] = world.step("delete")
    assert [(i.id, i.deleted) for i in tasks.changes(known)] == [(gone.item.id, True)]
    assert tasks.get(gone.item.id) is None
    world.step("undelete")
    assert [(i.id, i.deleted) for i in tasks.changes(known)] == [(gone.item.id, False)]
    assert [change.kind for change in tasks.log[known:]] == ["delete", "undelete"]


def test_changes_are_found_by_their_time() -> None:
    """The moment itself is included; deleted rows only where they are asked for."""
    world, tasks = a_world()
    world.advance(minutes=1)
    moment = world.clock.now
    world.step("update", "delete")
    assert len(tasks.updated_since(moment)) == 1
    assert len(tasks.updated_since(moment, deleted=True)) == 2
    assert tasks.updated_since(moment + timedelta(seconds=1)) == []


def test_a_place_after_a_row_is_stable() -> None:
    """What is deleted or inserted between two pages makes no other row come twice or never."""
    world, tasks = a_world()
    first = page_after(tasks.items(), None, 2)
    tasks.delete("T1", world.clock.now)
    world.step("insert")
    second = page_after(tasks.items(), first.items[-1].number, 9)
    assert [item.id for item in second.items] == ["T3", "T4", "T5", "T6"]


def test_a_route_gets_the_parts_of_its_path() -> None:
    """And the query; what no route fits is a 404."""
    service = a_service()
    answer = service.send(FetchRequest(url=f"{URL}/T2/notes?q=a%20b"))
    assert answer.body == {"of": "T2", "text": "a b"}
    with pytest.raises(StatusCodeError, match="404"):
        service.send(FetchRequest(url="https://api.example.com/nothing"))


def test_requests_take_time() -> None:
    """A request moves the clock, and the header `Date` has the service's time."""
    service = a_service()
    service.request_time = timedelta(seconds=4)
    answer = service.send(FetchRequest(url=URL))
    assert answer.headers["date"] == "Wed, 01 Jan 2025 00:00:02 GMT"
    assert service.world.clock.now.second == 4


def test_faults_stand_between_request_and_answer() -> None:
    """By the number of the request: refused, limited, or half a document."""
    service = a_service()
    service.faults = [failing({1}, StatusCode(500)), rate_limited({2}), cut_short({3})]
    for expected in ("500", "429"):
        with pytest.raises(StatusCodeError, match=expected):
            service.send(FetchRequest(url=URL))
    with pytest.raises(ConnectionFailedError, match="half"):
        service.send(FetchRequest(url=URL))
    assert len(service.send(FetchRequest(url=URL)).body) == 5


def test_an_etag_answers_who_has_the_version() -> None:
    """304 for as long as nothing changed."""
    service = a_service()
    service.faults = [with_etags]
    tag = service.respond(FetchRequest(url=URL)).headers["etag"]
    asked = FetchRequest(url=URL, headers={"If-None-Match": tag})
    assert service.respond(asked).status == 304
    service.world.step("update")
    assert service.respond(asked).status == 200
