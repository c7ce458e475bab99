"""The engine's rule of which URLs a pack may ask for, as far as a test needs it (F4)."""

from urllib.parse import urlsplit

from pack_sdk.errors import RequestRefusedError
from pack_sdk.fetching import FetchRequest, FetchResponse, Send
from pack_sdk.pack import Pack

_LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


def guarded(send: Send, pack: Pack, endpoint: str | None) -> Send:
    """`send`, refusing what the engine would: a pack that passes its tests must be able to run.

    A URL is `https` on a declared domain or below it, on this machine, or relative where
    there is an endpoint. Raises `RequestRefusedError` for any other, before it is sent.
    """

    def send_allowed(request: FetchRequest) -> FetchResponse:
        url = urlsplit(request.url)
        host = (url.hostname or "").removesuffix(".")
        if not url.netloc:
            if endpoint is None:
                raise RequestRefusedError(
                    f"the URL {request.url!r} is relative, and there is no endpoint; give the "
                    "test an `endpoint`, as a connection would have"
                )
        elif host not in _LOCAL_HOSTS:
            if url.scheme not in ("https", ""):
                raise RequestRefusedError(
                    f"the URL {request.url} would be refused: only https is allowed"
                )
            if not any(host == d or host.endswith(f".{d}") for d in pack.network_domains):
                raise RequestRefusedError(
                    f"the URL {request.url} would be refused: {host!r} is not on a network domain "
                    f"that the pack declares ({', '.join(pack.network_domains) or 'none'}). "
                    f'Declare it: pack.add_network_domain("{host}")'
                )
        return send(request)

    return send_allowed
