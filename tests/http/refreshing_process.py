"""A process that syncs from an `OAuthService`: two requests, each of which meets a 401."""

import sys
from pathlib import Path

from pack_sdk.authentication import make_authentication
from pack_sdk.fetching import FetchRequest
from pack_sync.connection_settings import ConnectionSettings
from pack_sync.http.connection import Connection
from pack_sync.http.fetcher import SyncFetcher
from pack_sync.state.postgres_secrets import shared_stores
from pack_sync.warehouse.database import database_at
from tests.http.oauth_service import oauth_credentials


def main(url: str, place: str) -> None:
    """Fetch twice, and say what came; tokens are in a folder, or in the Postgres of a lake."""
    in_lake = place.startswith("ducklake:")
    authentication = make_authentication(type="OAuth2", token_url=f"{url}/token")
    settings = ConnectionSettings(
        name="acme",
        credentials=oauth_credentials(access_token="expired-token"),
        credentials_folder=None if in_lake else place,
        allow_http_localhost=True,
    )
    stores = shared_stores(database_at(place, Path())) if in_lake else None
    with Connection(settings, authentication, (), shared=stores) as connection:
        fetcher = SyncFetcher(connection)
        for path in ("one", "two"):
            sys.stdout.write(f"{fetcher.send(FetchRequest(url=f'{url}/{path}')).body}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
