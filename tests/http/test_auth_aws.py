"""AWSAccessKey: requests are signed with Signature Version 4 (contract A1)."""

import hashlib
import hmac
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pack_sdk.authentication import make_authentication
from pack_sdk.errors import RequestRefusedError, StatusCodeError
from pack_sdk.fetching import FetchRequest
from pack_sync.http.auth.authenticator import RequestTokens
from pack_sync.http.auth.aws_signature import AwsSignature, region_of
from tests.conftest import Connect, impatient
from tests.http_server import Answer, HttpServer, SeenRequest

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET}
# From AWS's test suite for Signature Version 4 (service "service", region us-east-1).
SUITE = [
    ("GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "GET",
        "/?Param2=value2&Param1=value1",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
]
S3_KEYS = {
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
# From "Authenticating Requests: Using the Authorization Header" of the S3 reference.
S3_EXAMPLES: list[tuple[str, dict[str, str], str]] = [
    (
        "/test.txt",
        {"Range": "bytes=0-9"},
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    ("/?lifecycle", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
    (
        "/?max-keys=2&prefix=J",
        {},
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
]


def at(monkeypatch: pytest.MonkeyPatch, *moment: int) -> None:
    """Let it be that moment."""
    now = datetime(*moment, tzinfo=UTC)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)


def sign(service: str, keys: dict[str, str], request: httpx.Request) -> None:
    """Put the signature on the request."""
    authentication = make_authentication(type="AWSAccessKey", service=service)
    AwsSignature(authentication, keys).put_on(request, RequestTokens())


@pytest.mark.parametrize(("method", "path", "signature"), SUITE)
def test_the_published_test_suite(
    monkeypatch: pytest.MonkeyPatch, method: str, path: str, signature: str
) -> None:
    """Signatures are those that AWS publishes (A1)."""
    at(monkeypatch, 2015, 8, 30, 12, 36, 0)
    request = httpx.Request(method, f"https://example.amazonaws.com{path}")
    sign("service", KEYS, request)
    assert request.headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )


@pytest.mark.parametrize(("path", "headers", "signature"), S3_EXAMPLES)
def test_the_published_examples_of_s3(
    monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], signature: str
) -> None:
    """S3 has rules of its own for paths and the hash of the body (A1)."""
    at(monkeypatch, 2013, 5, 24, 0, 0, 0)
    request = httpx.Request("GET", f"https://examplebucket.s3.amazonaws.com{path}", headers=headers)
    sign("s3", S3_KEYS, request)
    assert request.headers["authorization"].endswith(f"Signature={signature}")


def signature_of(seen: SeenRequest, service: str, region: str) -> tuple[str, str]:
    """What AWS would compute of a request as it arrived (here without double encoding: S3)."""
    authorization = seen.headers["authorization"]
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    pairs = [(name, value) for name, values in seen.query.items() for value in values]
    query = sorted(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    canonical = "\n".join(
        [seen.method, seen.path, "&".join(query)]
        + [f"{name}:{seen.headers[name].strip()}" for name in signed]
        + ["", ";".join(signed), hashlib.sha256(seen.body).hexdigest()]
    )
    when = seen.headers["x-amz-date"]
    scope = f"{when[:8]}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{hashed}"):
        key = hmac.digest(key, part.encode(), "sha256")
    return f"Credential=AKIDEXAMPLE/{scope}", key.hex()


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/a:b/c d/e%2Ff/ü?list-type=2&prefix=a+b/c%20d:e&flag", {}),
        ("/", {"method": "POST", "form": {"Action": "List", "x": "a b"}}),
        ("/k", {"method": "PUT", "body": bytes(range(256)), "headers": {"X-Amz-Acl": "private"}}),
    ],
)
def test_what_arrives_has_the_right_signature(
    server: HttpServer, connect: Connect, path: str, fields: dict[str, Any]
) -> None:
    """The server computes the signature of what it got, path, query, headers and body (A1)."""
    authentication = make_authentication(type="AWSAccessKey", service="s3")
    credentials = {**KEYS, "region": "eu-west-1", "session_token": "session/token"}
    fetcher = impatient(connect(authentication, credentials=credentials))
    fetcher.send(FetchRequest(url=server.url + path, **fields))
    [seen] = server.requests
    scope, signature = signature_of(seen, "s3", "eu-west-1")
    assert scope in seen.headers["authorization"]
    assert seen.headers["authorization"].endswith(f"Signature={signature}")
    assert seen.headers["x-amz-security-token"] == "session/token"


@pytest.mark.parametrize(
    ("service", "host", "region"),
    [
        ("s3", "bucket.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("s3", "bucket.s3.amazonaws.com", "us-east-1"),
        ("s3", "s3.dualstack.ap-southeast-2.amazonaws.com", "ap-southeast-2"),
        ("ec2", "ec2.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("ec2", "ec2.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("execute-api", "a1b2.execute-api.eu-central-1.amazonaws.com", "eu-central-1"),
        ("iam", "iam.eu-west-1.amazonaws.com", "us-east-1"),
        ("service", "example.com", "us-east-1"),
    ],
)
def test_the_region_is_in_the_host(service: str, host: str, region: str) -> None:
    """Unless the credentials name one (A1)."""
    assert region_of(service, host) == region


def test_a_missing_key_is_named(connect: Connect) -> None:
    """An unset credential is a clear error (A2)."""
    authentication = make_authentication(type="AWSAccessKey", service="s3")
    fetcher = impatient(connect(authentication, credentials={"access_key_id": "x"}))
    with pytest.raises(RequestRefusedError, match="no 'secret_access_key'"):
        fetcher.send(FetchRequest(url="https://api.example.com/"))


def test_without_botocore_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer is an extra (A1)."""
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(RequestRefusedError, match=r"pip install pack-sync\[aws\]"):
        sign("s3", KEYS, httpx.Request("GET", "https://s3.amazonaws.com/"))


def test_no_key_shows(
    server: HttpServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither in an error nor in what botocore would log; a region is no secret (A4)."""
    caplog.set_level("DEBUG")
    server.answer = lambda _: Answer(status=403, body=f'"AKIDEXAMPLE {SECRET} eu-west-1"'.encode())
    authentication = make_authentication(type="AWSAccessKey", service="s3")
    credentials = {**KEYS, "region": "eu-west-1", "session_token": "session/token"}
    with pytest.raises(StatusCodeError) as caught:
        impatient(connect(authentication, credentials=credentials)).send(
            FetchRequest(url=server.url)
        )
    shown = f"{caught.value} {caplog.text}"
    assert "[secret] [secret] eu-west-1" in shown
    assert not any(secret in shown for secret in ("AKIDEXAMPLE", SECRET, "session/token"))
