"""Services of what is known of a real one: a specification, or recordings."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pack_sdk import FetchRequest, FetchResponse
from pack_sdk.testing.recordings import Exchange, Expected, Recording, content_of
from pack_sync.check.findings import CannotCheckError
from pack_sync.check.known_lists import fake_of_recordings, fake_of_specification
from pack_sync.check.running import check_pack
from tests.check.packs import write_pack

SPECIFICATION = {
    "openapi": "3.0.0",
    "info": {"title": "CRM", "version": "1"},
    "servers": [{"url": "https://crm.example.com"}],
    "paths": {
        "/contacts": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "schema": {"type": "integer"}},
                    {"name": "per_page", "in": "query", "schema": {"maximum": 20}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "properties": {
                                        "data": {
                                            "type": "array",
                                            "items": {
                                                "type": "object",
                                                "properties": {
                                                    "id": {"type": "integer"},
                                                    "email": {"type": "string", "format": "email"},
                                                    "city": {"type": "string"},
                                                    "balance": {"type": "number"},
                                                    "vip": {"type": "boolean"},
                                                },
                                            },
                                        }
                                    }
                                }
                            }
                        }
                    }
                },
            }
        }
    },
}
FORGOTTEN = [("if len(rows) == 20:", "if len(rows) > 20:")]


def without_fake(pack: Path) -> Path:
    """The pack, without a fake of its own."""
    (pack / "tests" / "fake.py").unlink()
    return pack


@pytest.mark.parametrize("changes", [[], FORGOTTEN], ids=["clean", "paging forgotten"])
def test_a_pack_is_checked_against_a_specification(
    changes: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Its lists are served; what is wrong is found, and what is right is not accused."""
    file = tmp_path / "crm.json"
    file.write_text(json.dumps(SPECIFICATION))
    pack = without_fake(write_pack(tmp_path / "packs", "pages", changes))
    report = check_pack(str(pack), make_fake=fake_of_specification("pages", file))
    assert [f.code for f in report.findings] == (["paging-forgotten"] if changes else [])
    assert report.exit_code == (1 if changes else 0)


@pytest.mark.parametrize("changes", [[], FORGOTTEN], ids=["clean", "paging forgotten"])
def test_a_pack_is_checked_against_its_recordings(
    changes: list[tuple[str, str]], tmp_path: Path
) -> None:
    """They are found beside its tests, where it has no fake."""
    pack = without_fake(write_pack(tmp_path, "pages", changes))
    folder = pack / "tests" / "recordings" / "Contacts"
    folder.mkdir(parents=True)
    (folder / "1-full.json").write_text(json.dumps(content_of(recording())))
    report = check_pack(str(pack))
    assert [f.code for f in report.findings] == (["paging-forgotten"] if changes else [])


def test_what_is_no_specification_is_said(tmp_path: Path) -> None:
    """And so is a recording that has no list."""
    file = tmp_path / "crm.json"
    file.write_text("{}")
    with pytest.raises(CannotCheckError, match="no specification"):
        fake_of_specification("pages", file)
    (tmp_path / "none").mkdir()
    with pytest.raises(CannotCheckError, match="no recording of a full sync"):
        fake_of_recordings("pages", tmp_path / "none")


def recording() -> Recording:
    """Two pages of contacts."""
    url = "https://crm.example.com/contacts?page={}&per_page=20"
    rows = [
        {"id": n, "email": f"a{n}@example.com", "city": "Ulm", "balance": n / 4, "vip": n > 9}
        for n in range(1, 30)
    ]
    return Recording(
        pack="pages",
        table="Contacts",
        sync="default",
        mode="full",
        started_at=datetime(2025, 1, 1, tzinfo=UTC),
        exchanges=[
            Exchange(
                request=FetchRequest(url=url.format(number)),
                response=FetchResponse(
                    status=200,
                    headers={"content-type": "application/json"},
                    body={"data": rows[20 * number - 20 : 20 * number]},
                ),
            )
            for number in (1, 2)
        ],
        expected=Expected(pages=2),
    )
