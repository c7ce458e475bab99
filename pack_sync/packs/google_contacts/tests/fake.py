"""Google Contacts without a network: https://developers.google.com/people/api/rest."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Collection, Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

PAGE_SIZE = 6
"""Far below what is asked for, as the service is free to do."""

_PLACE = ("pageToken", "syncToken")


def make_fake(seed: int) -> "GoogleContactsFake":
    """The service with contacts of all kinds."""
    return GoogleContactsFake(seed)


class ContactsWorld(World):
    """A world in which late changes link contacts to profiles, whose names they then bear."""

    linking = False

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world."""
        self.linking = "late" in kinds
        return super().step(*kinds)

    def revise_person(self, random: Random, fields: Fields, now: datetime) -> Fields:
        """Another e-mail address, and perhaps another name of the resource."""
        email = f"{random.randint(1, 10**6)}@example.com"
        metadata = {**fields["metadata"], "sources": [_source("CONTACT", fields["number"], now)]}
        emails = _primary("CONTACT", value=email, type="work")
        revised = {**fields, "emailAddresses": emails, "metadata": metadata}
        if not self.linking:
            return revised
        former = [*metadata.get("previousResourceNames", []), fields["resourceName"]]
        metadata["previousResourceNames"] = former
        return {**revised, "resourceName": f"people/{fields['number']}x{len(former)}"}


class GoogleContactsFake(FakeService):
    """Lists with `pageToken` and `syncToken`, which ask for the same parameters again.

    `first_pages_left` is how many first pages of full lists are allowed; None: as many as asked.
    """

    def __init__(self, seed: int) -> None:
        world = ContactsWorld(seed)
        super().__init__(world, "https://people.googleapis.com/v1")
        self.first_pages_left: int | None = None
        number = _number_of
        self.people = world.add("people", _make_person, world.revise_person, count=20, id_of=number)
        self.others = world.add("others", _make_other, _revise_other, count=9, id_of=number)
        self.groups = world.add("groups", _make_group, _revise_group, count=8, id_of=number)
        self.route("GET", "/people/me")(self._show_me)
        self.route("GET", "/people/me/connections")(self._list_people)
        self.route("GET", "/otherContacts")(self._list_others)
        self.route("GET", "/contactGroups")(self._list_groups)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        return {
            "People": len(self.people),
            "OtherContacts": len(self.others),
            "ContactGroups": len(self.groups),
        }

    def _show_me(self, _request: ServiceRequest) -> Any:
        return {"resourceName": "people/1", "emailAddresses": [{"value": "ada@example.com"}]}

    def _list_people(self, request: ServiceRequest) -> Any:
        fields = _mask(request, "personFields")
        return self._listed(request, self.people, "connections", fields)

    def _list_others(self, request: ServiceRequest) -> Any:
        return self._listed(request, self.others, "otherContacts", _mask(request, "readMask"))

    def _list_groups(self, request: ServiceRequest) -> Any:
        return self._listed(request, self.groups, "contactGroups", _mask(request, "groupFields"))

    def _listed(
        self, request: ServiceRequest, collection: Collection, key: str, mask: Sequence[str]
    ) -> Any:
        """A page of a full list or of changes, and the token for what changes afterwards."""
        asked = {name: value for name, value in request.query.items() if name not in _PLACE}
        if not mask:
            return _refused(400, "INVALID_ARGUMENT", "A field mask is required.")
        token = unseal(request.query.get("syncToken", ""))
        place = unseal(request.query.get("pageToken", ""))
        if any(each["asked"] != asked for each in (token, place) if each):
            return _refused(400, "INVALID_ARGUMENT", "The parameters differ from the first call's.")
        if token and token["epoch"] != self.world.epoch:
            return _refused(400, "FAILED_PRECONDITION", "Gone.", "EXPIRED_SYNC_TOKEN")
        if not token and not place and not self._may_begin():
            return _refused(429, "RESOURCE_EXHAUSTED", "The quota of full syncs is exceeded.")
        place = place or {"upto": collection.version}
        if token:
            items: Sequence[Item] = collection.changes(token["upto"], place["upto"])
            by: Callable[[Item], int] = _version
        else:
            items, by = collection.items(), _number
        page = page_after(items, place.get("after"), PAGE_SIZE, key=by)
        body: dict[str, Any] = {}
        if page.items:
            body[key] = [_shown(item, mask, changes=bool(token)) for item in page.items]
        if page.more:
            after = by(page.items[-1])
            return {**body, "nextPageToken": seal(upto=place["upto"], after=after, asked=asked)}
        if key != "contactGroups" and asked.get("requestSyncToken") != "true":
            return body
        following = seal(upto=place["upto"], epoch=self.world.epoch, asked=asked)
        return {**body, "nextSyncToken": following}

    def _may_begin(self) -> bool:
        if self.first_pages_left is None:
            return True
        self.first_pages_left -= 1
        return self.first_pages_left >= 0


def _version(item: Item) -> int:
    return item.version


def _number(item: Item) -> int:
    return item.number


def _number_of(fields: Fields) -> Any:
    return fields["number"]


def _mask(request: ServiceRequest, name: str) -> list[str]:
    return [field for field in request.query.get(name, "").split(",") if field]


def _refused(status: int, kind: str, message: str, reason: str = "") -> StatusCode:
    error: dict[str, Any] = {"code": status, "message": message, "status": kind}
    if reason:
        error["details"] = [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "people.googleapis.com",
            }
        ]
    return StatusCode(status, {"error": error})


def _shown(item: Item, mask: Sequence[str], *, changes: bool) -> Fields:
    """The fields of the mask; of a deleted one hardly any. Former names are in changes alone."""
    fields = item.fields
    metadata = dict(fields["metadata"])
    if not changes:
        metadata.pop("previousResourceNames", None)
    shown = {"resourceName": fields["resourceName"], "etag": fields["etag"]}
    if item.deleted:
        return {**shown, "metadata": {**metadata, "deleted": True}}
    kept = {name: value for name, value in fields.items() if name in {*mask, "formattedName"}}
    return {**shown, **kept, "metadata": metadata}


def _time(now: datetime) -> str:
    return now.isoformat().replace("+00:00", "Z")


def _primary(kind: str, **fields: Any) -> list[Fields]:
    return [{"metadata": {"primary": True, "source": {"type": kind, "id": "1"}}, **fields}]


def _source(kind: str, number: int, now: datetime) -> Fields:
    return {"type": kind, "id": f"{number:x}", "updateTime": _time(now)}


def _make_person(random: Random, number: int, now: datetime) -> Fields:
    group = f"contactGroups/g{random.randint(1, 8)}"
    made: dict[str, Any] = {
        "number": number,
        "resourceName": f"people/c{number}",
        "etag": f"%{number}",
        "metadata": {"objectType": "PERSON", "sources": [_source("CONTACT", number, now)]},
        "names": _primary(
            "CONTACT",
            displayName=f"Ada {number}",
            givenName="Ada",
            middleName="King",
            familyName=str(number),
            honorificPrefix="Lady",
            honorificSuffix="II",
        ),
        "emailAddresses": [
            {"value": f"old{number}@example.com", "type": "home"},
            *_primary("CONTACT", value=f"ada{number}@example.com", type="work"),
        ],
        "memberships": _primary(
            "CONTACT",
            contactGroupMembership={
                "contactGroupId": group[14:],
                "contactGroupResourceName": group,
            },
        ),
    }
    if number % 2:
        made["phoneNumbers"] = _primary(
            "CONTACT", value=f"0{number}", canonicalForm=f"+410{number}"
        )
        made["organizations"] = _primary("CONTACT", name="Analytical Engines", title="Countess")
        made["nicknames"] = _primary("CONTACT", value="Enchantress")
        made["biographies"] = _primary("CONTACT", value="Numbers", contentType="TEXT_PLAIN")
        made["photos"] = _primary("CONTACT", url=f"https://photos.example.com/{number}")
        made["birthdays"] = _primary("CONTACT", text="10/12", date={"month": 12, "day": 10})
    if number % 3 == 0:
        made["addresses"] = _primary("CONTACT", city="London", countryCode="GB", type="home")
        made["userDefined"] = _primary("CONTACT", key="Likes", value="numbers")
        made["relations"] = _primary("CONTACT", person="Annabella", type="mother")
        made["urls"] = _primary("CONTACT", value="https://example.com/ada", type="homePage")
        made["imClients"] = _primary("CONTACT", username="ada", protocol="jabber", type="home")
        made["events"] = _primary(
            "CONTACT", type="anniversary", date={"year": 1835, "month": 7, "day": 8}
        )
    return made


def _make_other(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "number": number,
        "resourceName": f"otherContacts/c{number}",
        "etag": f"%{number}",
        "metadata": {"objectType": "PERSON", "sources": [_source("OTHER_CONTACT", number, now)]},
        "emailAddresses": _primary("OTHER_CONTACT", value=f"shop{number}@example.com"),
        "phoneNumbers": _primary("OTHER_CONTACT", value=f"0{number}", canonicalForm=f"+41{number}"),
        "photos": _primary("OTHER_CONTACT", url=f"https://photos.example.com/{number}"),
        "names": _primary("OTHER_CONTACT", displayName="Shop", givenName="Sh", familyName="Op"),
    }


def _revise_other(random: Random, fields: Fields, now: datetime) -> Fields:
    name = f"Shop {random.randint(1, 10**6)}"
    sources = [_source("OTHER_CONTACT", fields["number"], now)]
    metadata = {**fields["metadata"], "sources": sources}
    return {**fields, "names": _primary("OTHER_CONTACT", displayName=name), "metadata": metadata}


def _make_group(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "number": number,
        "resourceName": f"contactGroups/g{number}",
        "etag": f"%{number}",
        "groupType": "USER_CONTACT_GROUP" if number % 4 else "SYSTEM_CONTACT_GROUP",
        "name": f"Group {number}",
        "formattedName": f"Group {number}",
        "metadata": {"updateTime": _time(now)},
    }


def _revise_group(random: Random, fields: Fields, now: datetime) -> Fields:
    name = f"Group {random.randint(1, 10**6)}"
    return {**fields, "name": name, "formattedName": name, "metadata": {"updateTime": _time(now)}}
