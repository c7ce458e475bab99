"""What went wrong on the way to an API, in words (contract F5)."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from pack_sdk.errors import ConnectionFailedError, FetchError, RequestRefusedError


class LastingFailureError(ConnectionFailedError):
    """Asking again would not help: somebody must correct something, here or at the service."""


class UntrustedCertificateError(LastingFailureError):
    """The server's certificate does not prove who it is."""


class NameLookupError(ConnectionFailedError):
    """No name can be looked up for now; that is a matter of minutes, not of the next second."""


class NotConnectedError(ConnectionFailedError):
    """Nobody accepts connections there: a restart passes in seconds, most else does not."""


# The server speaks TLS, but the connection ended: that may pass.
_BROKEN_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def explain_failure(error: httpx.HTTPError, method: str, url: str, host: str) -> FetchError:
    """The error a pack gets for a failure of httpx."""
    causes = list(_causes(error))
    what = f"{method} {url} failed"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UntrustedCertificateError(
                f"{what}: the certificate of {host} cannot be trusted ({cause.verify_message}). "
                "Nothing was sent. Correct the host name, or the certificate of the server."
            )
        if isinstance(cause, ssl.SSLError):
            kind = ConnectionFailedError if isinstance(cause, _BROKEN_OFF) else LastingFailureError
            return kind(
                f"{what}: {host} does not speak TLS as it should ({_reason(cause)}). Is it an "
                "https server, and is the port right?"
            )
        if isinstance(cause, socket.gaierror):
            later = cause.errno == socket.EAI_AGAIN
            return (NameLookupError if later else LastingFailureError)(
                f"{what}: the name {host} could not be resolved ({_reason(cause)}). Is it spelled "
                "right, and is there a network?"
            )
    if isinstance(error, httpx.LocalProtocolError):
        return RequestRefusedError(f"{what}: the request is not valid HTTP ({error}).")
    kind = NotConnectedError if isinstance(error, httpx.ConnectError) else ConnectionFailedError
    return kind(f"{what}: {_happening(error, causes, host)}")


def _happening(error: httpx.HTTPError, causes: list[BaseException], host: str) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return f"{host} did not accept a connection in time. Is it up, and not behind a firewall?"
    if isinstance(error, httpx.PoolTimeout):
        return f"no connection to {host} became free in time."
    if isinstance(error, httpx.TimeoutException):
        return f"{host} did not answer in time. Ask for less, or raise `request_timeout_seconds`."
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return f"{host} refused the connection. Is the server up, and is the port right?"
    if isinstance(error, httpx.ConnectError):
        return f"no connection to {host} could be made ({error})."
    return f"{host} dropped the connection before the answer was complete ({error or 'reset'})."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)
