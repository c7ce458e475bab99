"""What happens to objects of Linear, and when they say that they were updated.

`_edited` is when that was told last. A change at the moment `_untold` leaves it as it was: nothing
says that to archive an object is an update of it, or that its issues change.
"""

from datetime import datetime
from random import Random

from pack_sdk.testing.collection import Fields, Revise


def text(moment: datetime) -> str:
    """A moment as Linear writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def changed(name: str) -> Revise:
    """Another text in a field."""

    def revise(_random: Random, fields: Fields, now: datetime) -> Fields:
        return {**fields, name: f"{fields[name]}+", "_edited": text(now)}

    return revise


def archived_or(name: str) -> Revise:
    """Sometimes it is archived instead, which leaves `updatedAt` as it was, or comes back."""

    def revise(random: Random, fields: Fields, now: datetime) -> Fields:
        if fields["archivedAt"]:
            return {**fields, "archivedAt": None, "autoArchivedAt": None, "_edited": text(now)}
        if random.random() < 0.3:
            archived = {"archivedAt": text(now), "autoArchivedAt": text(now)}
            return {**fields, **archived, "_untold": text(now)}
        return changed(name)(random, fields, now)

    return revise


def progressed(random: Random, fields: Fields, now: datetime) -> Fields:
    """Its issues change, and it does not count as updated."""
    if random.random() < 0.4:
        return {**fields, "progress": random.randint(0, 100) / 100, "_untold": text(now)}
    return archived_or("description")(random, fields, now)


def resolved(random: Random, fields: Fields, now: datetime) -> Fields:
    """It is edited, and its thread is resolved or no more."""
    edited = {**changed("body")(random, fields, now), "editedAt": text(now)}
    return {**edited, "resolvedAt": random.choice([None, text(now)])}
