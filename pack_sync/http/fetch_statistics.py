"""What requests have cost so far."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FetchStatistics:
    """What a fetcher has done so far.

    `requests` counts each one that was attempted, redirects and retries included; `retries`
    those made again; `not_modified` those whose answer had not changed since it was kept.
    `bytes_received` is the size of the bodies as they came over the wire.
    `seconds` is the time packs spent waiting for `send`, summed over threads.
    """

    requests: int = 0
    retries: int = 0
    not_modified: int = 0
    bytes_received: int = 0
    seconds: float = 0.0

    def plus(self, more: "FetchStatistics") -> "FetchStatistics":
        """Both together."""
        return FetchStatistics(
            requests=self.requests + more.requests,
            retries=self.retries + more.retries,
            not_modified=self.not_modified + more.not_modified,
            bytes_received=self.bytes_received + more.bytes_received,
            seconds=self.seconds + more.seconds,
        )
