"""What is made of an answer: parsed, looked at, and refused where it cannot be meant."""

import re

from pack_sdk.errors import ConnectionFailedError, StatusCodeError
from pack_sdk.fetching import FetchRequest, FetchResponse
from pack_sync.http.allowed_hosts import host_of
from pack_sync.http.connection import Connection
from pack_sync.http.connection_failures import LastingFailureError
from pack_sync.http.described_answers import first_line
from pack_sync.http.response_body import BrokenBodyError, RawResponse, parse_response
from pack_sync.http.single_request import Hop
from pack_sync.http.text_encodings import UndecodableTextError
from pack_sync.http.unusable_answers import Asked, why_unusable

_DIGITS = re.compile(r"\d+")
_MOST_KNOWN = 500


def parsed_answer(request: FetchRequest, hop: Hop, raw: RawResponse) -> FetchResponse:
    """The answer with its body parsed (contract F2).

    Raises `ConnectionFailedError` for a body that cannot be read.
    """
    try:
        return parse_response(raw, as_bytes=request.is_binary_response and raw.status < 300)
    except (BrokenBodyError, UndecodableTextError) as error:
        lasting = isinstance(error, UndecodableTextError) and not error.cut_short
        raise (LastingFailureError if lasting else ConnectionFailedError)(
            f"{hop} answered with status {raw.status}, but the body "
            f"({raw.content_type or 'no content type'}, {len(raw.body):,} bytes) cannot be "
            f"read: {error}. It begins with: {first_line(raw.body)}"
        ) from None


def check_usable(
    connection: Connection,
    request: FetchRequest,
    first: Hop,
    hop: Hop,
    raw: RawResponse,
    parsed: FetchResponse,
) -> None:
    """Raise `ConnectionFailedError` for a body that the request cannot have meant.

    The request began at the hop `first` and ended at `hop`. JSON is remembered by its path.
    """
    known = connection.json_answers
    kind = _DIGITS.sub("#", f"{host_of(hop.url)}{hop.url.path}")
    asked = Asked(
        request=request,
        url=first.url,
        last_url=hop.url,
        authenticated=first.authenticated and connection.has_credentials,
        json_before=kind in known,
    )
    if why := why_unusable(asked, raw):
        raise ConnectionFailedError(f"{hop} answered with status {raw.status}, but {why}.")
    if raw.status == 200 and isinstance(parsed.body, dict | list) and len(known) < _MOST_KNOWN:
        known.add(kind)


def status_error(
    connection: Connection, hop: Hop, raw: RawResponse, parsed: FetchResponse
) -> StatusCodeError:
    """The error for an answer whose status is none that was wanted (contract F3)."""
    error = StatusCodeError(parsed, method=hop.method, url=str(hop.url))
    covered = connection.authenticator.covers(hop.url)
    if raw.status in (401, 403) and hop.authenticated and not covered:
        domains = ", ".join(connection.authentication.network_domains)
        error.add_note(
            f"It was sent without credentials: the authentication's `network_domain` ({domains}) "
            f"leaves out {host_of(hop.url)}. Name that host there too, or correct the endpoint."
        )
    return error
