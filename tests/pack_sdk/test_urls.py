"""Building URLs by the original SDK's names."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from pack_sdk import get_query_params, join_url, with_query_params


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("https://a.b/c", None, "https://a.b/c"),
        ("https://a.b/c", {}, "https://a.b/c"),
        ("/c?x=1#here", {"y": 2}, "/c?x=1&y=2#here"),
        ("/c?x=1&y=2", {"x": 3}, "/c?y=2&x=3"),
        ("/c?x=", {"y": ""}, "/c?x=&y="),
        ("/c", {"none": None, "yes": True, "no": False}, "/c?yes=true&no=false"),
        ("/c", {"n": 1.0, "m": 1.5, "i": 2**63}, f"/c?n=1&m=1.5&i={2**63}"),
        ("/c", {"q": "a b&ü/?=+"}, "/c?q=a%20b%26%C3%BC%2F%3F%3D%2B"),
        ("/c", {"$where": "depth > 1"}, "/c?%24where=depth%20%3E%201"),
        ("/c", {"ids": [1, None, "b"]}, "/c?ids%5B0%5D=1&ids%5B2%5D=b"),
        ("/c", {"f": {"a": {"b": 1}}}, "/c?f%5Ba%5D%5Bb%5D=1"),
        ("/c", {"d": date(2024, 1, 2)}, "/c?d=2024-01-02"),
        ("/c", {"d": datetime(2024, 1, 2, tzinfo=UTC)}, "/c?d=2024-01-02T00%3A00%3A00.000Z"),
        (
            "/c",
            {"d": datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=1)))},
            "/c?d=2024-01-01T23%3A00%3A00.000Z",
        ),
    ],
)
def test_parameters_are_put_on_a_url(url: str, params: dict[str, Any], expected: str) -> None:
    """None is left out; a parameter that is there already is replaced; the rest stays."""
    assert with_query_params(url, params) == expected


def test_parameters_are_read_from_a_url() -> None:
    """What comes repeatedly is a list."""
    assert get_query_params("https://a.b/c?x=1&y=&z=a%20b&x=2#x") == {
        "x": ["1", "2"],
        "y": "",
        "z": "a b",
    }
    assert get_query_params("/c") == {}


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ((), ""),
        (("https://a.b",), "https://a.b"),
        (("https://a.b/", "/c/", "/d"), "https://a.b/c/d"),
        (("https://a.b", "c", "d/"), "https://a.b/c/d/"),
        (("/c", "d"), "/c/d"),
    ],
)
def test_tokens_are_joined_by_one_slash(tokens: tuple[str, ...], expected: str) -> None:
    """Slashes at the beginning and at the end are kept."""
    assert join_url(*tokens) == expected


def test_an_empty_token_is_an_error() -> None:
    """It is most likely an id that is missing: the URL would mean another thing."""
    with pytest.raises(ValueError, match="'' must be a text that is not empty"):
        join_url("https://a.b", "", "c")
