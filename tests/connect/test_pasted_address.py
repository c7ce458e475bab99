"""`--no-browser`: a link is shown, and the address of the page that did not load is pasted (A6)."""

import re
from collections.abc import Callable

import httpx
import pytest

# Before a test replaces `say`, by all who have it: commands are imported when they are called.
import pack_sync.cli.connect  # noqa: F401  # pyright: ignore[reportUnusedImport]
from tests.connect import bench as benches
from tests.connect.bench import Bench, Ran
from tests.dagster import dagster_project

# Dagster uses it to read a defs.yaml
pytestmark = pytest.mark.filterwarnings("ignore:`parse_obj_as` is deprecated")

project = dagster_project.project
bench = benches.bench


def paste(bench: Bench, change: Callable[[str], str], *options: str) -> Ran:
    """Connect; the person opens the link and pastes the address that it leads to, changed."""
    shown: list[str] = []

    def say(text: str) -> None:
        shown.append(text)

    def ask(prompt: str, *, hidden: bool = False) -> str:
        assert hidden
        assert "not shown" in prompt
        [link] = [text for text in shown if text.startswith(f"{bench.service.url}/authorize?")]
        with httpx.Client(trust_env=False) as client:
            return change(client.get(link).headers.get("location", ""))

    bench.project.monkeypatch.setattr("pack_sync.cli.connect_consent.say", say)
    bench.project.monkeypatch.setattr("pack_sync.cli.connect_consent.ask_text", ask)
    return bench.connect("--no-browser", *options)


def test_the_address_is_taken(bench: Bench) -> None:
    """With blanks around it, as a terminal may leave them (A6)."""
    bench.switch_on()
    ran = paste(bench, lambda address: f"  {address} ")
    assert ran.code == 0, ran.output
    assert "Connected acme default as Ada Lovelace" in ran.output
    assert bench.pages == []


OTHERS: dict[str, tuple[Callable[[str], str], str]] = {
    "nothing": (lambda _: "", "not the address of the page after the consent"),
    "only where it leads": (lambda _: "http://127.0.0.1:1/callback", "not the address of the page"),
    "that of an earlier link": (
        lambda address: re.sub("state=[^&]+", "state=old", address), "does not answer this request",
    ),
    "a denial": (lambda address: re.sub("code=[^&]+", "error=access_denied", address), "denied"),
    "another service's": (lambda address: f"{address}&iss=https://evil.example", "from another"),
    "half of it": (lambda address: address[: address.index("state=")], "does not answer this"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_an_address_that_is_not_the_one(bench: Bench, case: str) -> None:
    """Checked as the listener checks it; nothing is kept (A6)."""
    change, text = OTHERS[case]
    bench.switch_on()
    ran = paste(bench, change)
    assert ran.code == 1
    assert text in ran.output
    assert bench.service.asked("/token") == []
    assert bench.account_files == []


def test_a_wrong_address_is_asked_for_again(bench: Bench) -> None:
    """A few times: who has pasted the wrong one need not begin anew (A6)."""
    bench.switch_on()
    pasted: list[str] = []

    def wrong_once(address: str) -> str:
        pasted.append(address)
        return address if len(pasted) > 1 else "http://127.0.0.1:1/callback"

    ran = paste(bench, wrong_once)
    assert ran.code == 0, ran.output
    assert len(pasted) == 2


def test_the_port_is_the_one_that_was_asked_for(bench: Bench) -> None:
    """For services that compare it (A6)."""
    bench.switch_on()
    ran = paste(bench, str, "--port", "8910")
    assert "Redirect address: http://127.0.0.1:8910/callback" in ran.output
    [asked] = bench.service.asked("/authorize")
    assert asked["redirect_uri"] == "http://127.0.0.1:8910/callback"


def test_another_redirect_address(bench: Bench) -> None:
    """For services that want https (A6)."""
    bench.service.validator.redirects = ("https://localhost/callback",)
    bench.switch_on()
    ran = paste(bench, str, "--redirect", "https://localhost/callback")
    assert ran.code == 0, ran.output
    assert "Redirect address: https://localhost/callback" in ran.output


def test_without_a_terminal_nobody_is_asked(bench: Bench) -> None:
    """The error says what works without one (A6)."""
    bench.switch_on()
    ran = bench.connect("--no-browser")
    assert ran.code == 1
    assert "there is no terminal to ask at" in ran.output
