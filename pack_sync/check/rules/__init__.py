"""The rules of `packsync check`, a module for each topic; importing this registers them all."""

from pack_sync.check.findings import RULES, Rule
from pack_sync.check.rules import (
    advice,
    cursors,
    deletions,
    errors,
    expiry,
    first_sync,
    ids,
    increments,
    memory,
    paging,
    random_worlds,
    requests,
    secrets,
    values,
)

_ORDER = [
    module.__name__
    for module in (
        first_sync,
        requests,
        paging,
        ids,
        memory,
        values,
        secrets,
        increments,
        cursors,
        deletions,
        expiry,
        errors,
        random_worlds,
        advice,
    )
]
"""Each topic rests on those before it: what is wrong there would show here as well."""


def rules_in_order() -> list[Rule]:
    """All rules, in the order in which a table is looked at."""
    return sorted(RULES.values(), key=lambda rule: _ORDER.index(rule.look.__module__))
