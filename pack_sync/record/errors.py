"""Why a sync is not kept as a recording."""


class NotRecordedError(Exception):
    """A sync cannot be kept as a recording; nothing was written. The message says all."""
