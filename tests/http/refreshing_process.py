"""A process that syncs from an `OAuthService`: two requests, each of which meets a 401."""

import sys

from pack_sdk.authentication import make_authentication
from pack_sdk.fetching import FetchRequest
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.settings import ConnectionSettings
from tests.http.oauth_service import oauth_credentials


def main(url: str, folder: str) -> None:
    """Fetch twice, and say what came."""
    authentication = make_authentication(type="OAuth2", token_url=f"{url}/token")
    settings = ConnectionSettings(
        name="acme",
        credentials=oauth_credentials(access_token="expired-token"),
        credentials_folder=str(folder),
        allow_http_localhost=True,
    )
    with Connection(settings, authentication, ()) as connection:
        fetcher = SyncFetcher(connection)
        for path in ("one", "two"):
            sys.stdout.write(f"{fetcher.send(FetchRequest(url=f'{url}/{path}')).body}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
