"""What somebody is told, given what they know: pure comparisons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from pack_sync.notify.changes import Changes, Condition, Seen, changes
from pack_sync.notify_settings import Notice

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = list(get_args(Notice))
SUBJECTS = {"acme.Items", "acme.Others", "acme (default)"}


def condition(kind: Notice = "failed", subject: str = "acme.Items", mark: str = "") -> Condition:
    """Something that is wrong."""
    return Condition(
        kind=kind, subject=subject, since=NOW, text="It failed.", remedy="Look.", mark=mark
    )


def seen(*conditions: Condition, unknown: str = "") -> Seen:
    """What a look finds."""
    return Seen(conditions=conditions, subjects=SUBJECTS, unknown={unknown})


def told(found: Changes) -> tuple[list[str], list[str]]:
    """The subjects that are new, and those that are over."""
    return [each.subject for each in found.new], [each.subject for each in found.over]


def test_each_condition_is_new_once_and_over_once() -> None:
    """The memory that a look leaves is what the next one begins with."""
    first = changes({}, seen(condition()), ALL)
    second = changes(first.remembered, seen(condition()), ALL)
    third = changes(second.remembered, seen(), ALL)
    fourth = changes(third.remembered, seen(), ALL)
    assert [told(each) for each in (first, second, third, fourth)] == [
        (["acme.Items"], []),
        ([], []),
        ([], ["acme.Items"]),
        ([], []),
    ]
    assert fourth.remembered == {}


def test_it_is_over_since_it_began() -> None:
    """Not since the last look: some conditions know no other time than now."""
    first = changes({}, seen(condition()), ALL)
    later = replace(condition(), since=NOW + timedelta(hours=1))
    second = changes(first.remembered, seen(later), ALL)
    assert changes(second.remembered, seen(), ALL).over[0].since == NOW


def test_kinds_and_subjects_are_told_apart() -> None:
    """A table that fails may be held too, and another fail."""
    wrong = seen(condition(), condition("held"), condition(subject="acme.Others"))
    first = changes({}, wrong, ALL)
    assert len(first.new) == 3
    assert told(changes(first.remembered, seen(condition("held")), ALL))[1] == [
        "acme.Items",
        "acme.Others",
    ]


def test_what_cannot_be_seen_is_not_over() -> None:
    """An account whose store does not answer keeps its conditions."""
    short = condition("budget_short", "acme (default)")
    first = changes({}, seen(short), ALL)
    second = changes(first.remembered, seen(unknown="acme (default)"), ALL)
    assert not second
    assert told(changes(second.remembered, seen(), ALL)) == ([], ["acme (default)"])


def test_a_table_that_is_switched_off_is_forgotten() -> None:
    """That it is over would be wrong, and so would be to keep it."""
    first = changes({}, seen(condition()), ALL)
    after = changes(first.remembered, Seen(conditions=[], subjects=set()), ALL)
    assert not after
    assert after.remembered == {}


def test_an_event_is_told_once_and_is_never_over() -> None:
    """The second one of a table is another one."""
    first = changes({}, seen(condition("schema_changed", mark="run-1")), ALL)
    second = changes(first.remembered, seen(condition("schema_changed", mark="run-2")), ALL)
    assert [len(first.new), len(second.new), len(second.over)] == [1, 1, 0]
    assert not changes(second.remembered, seen(), ALL)


def test_only_what_is_asked_for_is_told() -> None:
    """Neither as new nor as over."""
    assert not changes({}, seen(condition()), ["held"])
    first = changes({}, seen(condition()), ALL)
    assert not changes(first.remembered, seen(), ["held"])
