"""What may go wrong while an account is connected; each message says what to do."""

from pack_sdk.errors import PackError


class ConnectError(PackError):
    """The account could not be connected; nothing was saved."""


class ForeignAnswerError(PackError):
    """An answer that is not to our question; the wait for ours goes on."""


class PastedAddressError(ConnectError):
    """What was pasted is not the address that answers the request; another may be."""
