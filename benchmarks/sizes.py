"""How much is measured: in full, in a minute or two, or just enough to see that it all runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Rows, requests and repetitions of each part.

    `slow_…` are of the slower tools. dlt's tuned merge, much slower than that of Arrow tables,
    is measured up to tables of `tuned_merge_into` rows; preparing a peer's table may take
    `longest_peer_seconds`.
    """

    rows: int = 1_000_000
    slow_rows: int = 100_000
    repeat: int = 3
    slow_repeat: int = 2
    shapes: Mapping[str, int] = field(
        default_factory=lambda: {
            "wide": 40_000,
            "long-texts": 20_000,
            "nested": 40_000,
            "tiny-pages": 40_000,
            "huge-pages": 200_000,
        }
    )
    shape_repeat: int = 2
    tables_of: Sequence[int] = (1_000_000, 10_000_000, 50_000_000)
    changes: int = 10_000
    deletes: int = 1_000
    rounds: int = 3
    tuned_merge_into: int = 10_000_000
    longest_peer_seconds: float = 180
    weekly_rows: int = 10_000_000
    memory_limit: str = "300MB"
    tables: int = 200
    table_pages: Sequence[int] = (1, 10)
    parents: int = 1_000
    latency_ms: int = 50
    slow_pages: int = 400
    latency_repeat: int = 2
    nothing_repeat: int = 4
    applied_rows: int = 1_000_000
    applies: int = 2_000
    applied_changes: int = 20


FULL = Sizes()
QUICK = Sizes(
    rows=50_000,
    slow_rows=5_000,
    repeat=1,
    slow_repeat=1,
    shapes={"wide": 1_000, "nested": 1_000},
    shape_repeat=1,
    tables_of=(200_000,),
    rounds=2,
    weekly_rows=100_000,
    tables=20,
    parents=50,
    slow_pages=50,
    latency_repeat=1,
    nothing_repeat=1,
    applied_rows=50_000,
    applies=30,
)
TINY = Sizes(
    rows=2_000,
    slow_rows=200,
    repeat=1,
    slow_repeat=1,
    shapes={"nested": 200},
    shape_repeat=1,
    tables_of=(2_000,),
    changes=100,
    deletes=10,
    rounds=1,
    weekly_rows=5_000,
    tables=3,
    parents=4,
    latency_ms=5,
    slow_pages=5,
    latency_repeat=1,
    nothing_repeat=1,
    applied_rows=2_000,
    applies=3,
    applied_changes=5,
)
