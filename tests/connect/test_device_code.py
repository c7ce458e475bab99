"""Consent by a code on another device (contract A6; RFC 8628)."""

import json
from functools import partial
from typing import Any

import pytest

from pack_sync.connect.device_code import wait_for_consent
from tests.connect import bench as benches
from tests.connect.authorization_server import CLIENT_ID, AuthorizationServer, tokens
from tests.connect.bench import Bench
from tests.dagster import dagster_project
from tests.http_server import Answer

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench


@pytest.fixture
def waits(bench: Bench) -> list[float]:
    """How long was waited between two questions; nobody really waits."""
    waited: list[float] = []
    patient = partial(wait_for_consent, sleep=waited.append)
    bench.project.monkeypatch.setattr("pack_sync.cli.connect_consent.wait_for_consent", patient)
    bench.switch_on(device_authorization_url=f"{bench.service.url}/device")
    return waited


def device(service: AuthorizationServer, **changes: Any) -> Answer:
    """What the device endpoint answers, changed; None leaves a field out."""
    service.device_code = "PLANTED-device"
    fields: dict[str, Any] = {
        "device_code": service.device_code,
        "user_code": "WDJB-MJHT",
        "verification_uri": f"{service.url}/activate",
        **changes,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return Answer(body=json.dumps(kept).encode())


def test_a_code_is_shown_and_the_account_connected(bench: Bench, waits: list[float]) -> None:
    """The address and the code; then the token endpoint is asked at the service's pace (A6)."""
    bench.service.device_answers = ["authorization_pending", "authorization_pending"]
    ran = bench.connect("--device")
    assert ran.code == 0, ran.output
    assert f"Open {bench.service.url}/activate on any device, and type the code WDJB" in ran.output
    assert "Allow it the device flow; it needs no redirect address." in ran.output
    assert "PLANTED" not in ran.output
    assert waits == [5, 5, 5]
    [asked] = bench.service.asked("/device")
    assert (asked["client_id"], asked["scope"]) == (CLIENT_ID, "read write")
    assert len(bench.account_files) == 1


def test_it_is_the_way_where_there_is_no_browser(bench: Bench, waits: list[float]) -> None:
    """As over ssh (A6)."""
    bench.project.monkeypatch.delenv("BROWSER")
    bench.project.monkeypatch.setenv("SSH_CONNECTION", "1.2.3.4 5 6.7.8.9 22")
    assert bench.connect().code == 0
    assert waits == [5]
    assert bench.pages == []


def test_slow_down(bench: Bench, waits: list[float]) -> None:
    """Five seconds more each time, for good (RFC 8628, section 3.5; A6)."""
    bench.service.device_answers = ["slow_down", "authorization_pending", "slow_down"]
    assert bench.connect("--device").code == 0
    assert waits == [5, 10, 10, 15]


def test_a_token_endpoint_that_fails_meanwhile(bench: Bench, waits: list[float]) -> None:
    """It is asked again, less often (RFC 8628, section 3.5; A6)."""
    busy = [Answer(status=503), Answer(drop=True)]
    bench.service.twists["/token"] = lambda _, answer: busy.pop(0) if busy else answer
    assert bench.connect("--device").code == 0
    assert waits == [5, 10, 20]


@pytest.mark.parametrize(
    ("answers", "text"),
    [
        (["access_denied"], "The consent was denied"),
        (["authorization_pending", "expired_token"], "was not used in time"),
        (["invalid_grant"], "gave no token (invalid_grant)"),
        (["unauthorized_client"], "whether the application may ask in this way"),
    ],
)
def test_no_consent(bench: Bench, waits: list[float], answers: list[str], text: str) -> None:
    """It ends at once, and says why (A6)."""
    bench.service.device_answers = answers.copy()
    ran = bench.connect("--device")
    assert ran.code == 1
    assert text in ran.output
    assert len(waits) == len(answers)
    assert bench.account_files == []


def test_a_code_that_nobody_types(bench: Bench, waits: list[float]) -> None:
    """The wait ends with the code, whatever the service goes on to say (A6)."""
    bench.service.device_answers = ["authorization_pending"] * 1_000
    ran = bench.connect("--device")
    assert ran.code == 1
    assert "was not used in time" in ran.output
    assert sum(waits) == 600


ODD: dict[str, tuple[dict[str, Any], str | None]] = {
    "an address that is a script": ({"verification_uri": "javascript:alert(1)"}, "is not shown"),
    "an address by http": ({"verification_uri": "http://x.example/"}, "is not shown"),
    "an address with a user": ({"verification_uri": "https://a:b@x.example/"}, "is not shown"),
    "a whole address that is a file": ({"verification_uri_complete": "file:///etc"}, "not shown"),
    "no address": ({"verification_uri": None}, "lacks device_code, user_code or verification_uri"),
    "no device code": ({"device_code": None}, "lacks device_code"),
    "a user code that is a number": ({"user_code": 12}, "lacks device_code, user_code"),
    "no pace": ({"interval": None}, None),
    "an odd pace": ({"interval": "soon", "expires_in": "later"}, None),
    "a pace below zero": ({"interval": -1}, None),
    "an address as older services call it": (
        {"verification_uri": None, "verification_url": "https://x.example/device"}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_answers_of_the_device_endpoint(bench: Bench, waits: list[float], case: str) -> None:
    """What cannot be trusted is not shown; a pace that is none is five seconds (A6)."""
    changes, text = ODD[case]
    bench.service.twists["/device"] = lambda _, __: device(bench.service, **changes)
    ran = bench.connect("--device")
    assert ran.code == (1 if text else 0), ran.output
    assert text is None or text in ran.output
    assert waits == ([] if text else [5])


def test_a_user_code_with_commands_for_the_terminal(bench: Bench, waits: list[float]) -> None:
    """Only what can be printed is (A6)."""
    code = "\x1b]0;x\x07[bold]AB" + "C" * 500
    bench.service.twists["/device"] = lambda _, __: device(bench.service, user_code=code)
    output = bench.connect("--device").output
    assert "\x1b" not in output
    assert "[bold]ABCCC" in output
    assert "C" * 100 not in output
    assert waits == [5]


def test_a_client_that_may_not_ask_in_this_way(bench: Bench, waits: list[float]) -> None:
    """The endpoint's error is said (A6)."""
    refusal = Answer(status=400, body=b'{"error": "unauthorized_client"}')
    bench.service.twists["/device"] = lambda _, __: refusal
    ran = bench.connect("--device")
    assert ran.code == 1
    assert "no code for another device (unauthorized_client)" in ran.output
    assert waits == []


def test_a_pack_without_it(bench: Bench) -> None:
    """The other ways are named (A6)."""
    bench.switch_on()
    ran = bench.connect("--device")
    assert ran.code == 1
    assert "use a browser, or --no-browser" in ran.output


def test_tokens_of_the_bench_work(bench: Bench, waits: list[float]) -> None:
    """A device answer whose tokens lack a refresh token is warned of like any other (A6)."""
    bench.service.twists["/token"] = lambda _, answer: (
        tokens(bench.service, refresh_token=None) if answer.status == 200 else answer
    )
    assert "no refresh token" in bench.connect("--device").output
    assert waits == [5]
