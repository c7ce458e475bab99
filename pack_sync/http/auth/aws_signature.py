"""AWSAccessKey authentication: requests signed with AWS Signature Version 4 (contract A1).

The signer is botocore's, which is large and therefore an extra: `pack-sync[aws]`.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import httpx

from pack_sdk.errors import RequestRefusedError
from pack_sync.http.allowed_hosts import host_of
from pack_sync.http.auth.authenticator import Authenticator, RequestTokens, credential

DEFAULT_REGION = "us-east-1"
# Services of the whole world, whose requests are signed for one region.
_GLOBAL_SERVICES = frozenset({"iam", "cloudfront", "globalaccelerator", "route53", "sts"})
_REGION = re.compile(r"[a-z]{2,3}(-[a-z]+){1,3}-\d+")
# What a proxy may change on the way is not signed.
_SIGNED = re.compile(r"host|content-type|content-md5|range|x-amz-.*")


class AwsSignature(Authenticator):
    """AWSAccessKey: a signature over the request, made with the secret key."""

    def put_on(self, request: httpx.Request, tokens: RequestTokens) -> httpx.Request:
        """Sign the request as it will be sent; path and query get AWS's spelling.

        Raises `RequestRefusedError` for a missing credential, or when botocore is not installed.
        """
        _sign(self.authentication.service, self.credentials, request)
        return request

    def secrets(self) -> Iterable[str]:
        """All but the region."""
        return [value for key, value in self.credentials.items() if key != "region"]


def _sign(service: str, credentials: Mapping[str, str], request: httpx.Request) -> None:
    try:
        from botocore.auth import S3SigV4Auth, SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials as AwsCredentials
    except ImportError:
        raise RequestRefusedError(
            "No request can be made: signing for AWS needs botocore. Install it with "
            "`uv sync --extra aws`, or `pip install pack-sync[aws]`."
        ) from None
    # At level DEBUG it writes the headers it signs, a session token among them (contract A4).
    logging.getLogger("botocore.auth").disabled = True
    request.url = _in_aws_spelling(request.url)
    signed: Any = AWSRequest(
        method=request.method,
        url=str(request.url),
        data=request.content,
        headers={name: value for name, value in request.headers.items() if _SIGNED.fullmatch(name)},
    )
    kind = S3SigV4Auth if service.startswith("s3") else SigV4Auth
    keys = AwsCredentials(
        credential(credentials, "access_key_id"),
        credential(credentials, "secret_access_key"),
        credentials.get("session_token", "").strip() or None,
    )
    region = credentials.get("region", "").strip() or region_of(service, host_of(request.url))
    signer: Any = kind(keys, service, region)
    signer.add_auth(signed)
    for name, value in signed.headers.items():
        request.headers[name] = value


def region_of(service: str, host: str) -> str:
    """The region that a host's name tells, else the one of global services.

    >>> region_of("s3", "bucket.s3.eu-west-1.amazonaws.com")
    'eu-west-1'
    """
    if service in _GLOBAL_SERVICES:
        return DEFAULT_REGION
    parts = reversed(host.split("."))
    return next((part for part in parts if _REGION.fullmatch(part)), DEFAULT_REGION)


def _in_aws_spelling(url: httpx.URL) -> httpx.URL:
    """The same URL, with what AWS encodes encoded, since the signature covers each letter."""
    path, _, query = url.raw_path.decode("ascii").partition("?")
    path = "/".join(quote(unquote(part), safe="~") for part in path.split("/"))
    pairs = [piece.partition("=")[::2] for piece in query.split("&") if piece]
    query = "&".join(f"{_respelled(name)}={_respelled(value)}" for name, value in pairs)
    return url.copy_with(raw_path=(f"{path}?{query}" if query else path).encode("ascii"))


def _respelled(text: str) -> str:
    return quote(unquote_plus(text), safe="~")
