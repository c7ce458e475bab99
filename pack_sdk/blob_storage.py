"""`context.temporary_blob_storage`: what the original SDK has for files, without a storage.

There, a pack stores a file, gives its link, and the product fetches it before the link
expires. Rows in a database are for years, so here nothing expires: a URL is kept as it is, and
a file's bytes become a `data:` URL that holds them.
"""

import base64
from typing import Any

from pack_sdk.camel_case import CamelCaseAttributes


class TemporaryBlobStorage(CamelCaseAttributes):
    """The storage of a pack whose functions are plain `def`; options are ignored."""

    def store_url(self, url: str, /, *_options: Any, **_more_options: Any) -> str:
        """The URL itself. Who follows it needs the access that the service asks for."""
        return url

    def store_blob(
        self, data: bytes, content_type: str, /, *_options: Any, **_more_options: Any
    ) -> str:
        """A `data:` URL that holds the bytes: the same for the same bytes."""
        return f"data:{content_type};base64,{base64.b64encode(data).decode()}"


class AsyncTemporaryBlobStorage(CamelCaseAttributes):
    """The storage of a pack whose functions are `async def`."""

    async def store_url(self, url: str, /, *_options: Any, **_more_options: Any) -> str:
        """As in `TemporaryBlobStorage`."""
        return TemporaryBlobStorage().store_url(url)

    async def store_blob(
        self, data: bytes, content_type: str, /, *_options: Any, **_more_options: Any
    ) -> str:
        """As in `TemporaryBlobStorage`."""
        return TemporaryBlobStorage().store_blob(data, content_type)
