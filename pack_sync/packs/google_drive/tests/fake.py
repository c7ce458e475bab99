"""Google Drive without a network: https://developers.google.com/workspace/drive/api/reference."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from pack_sdk.testing import FakeService, ServiceRequest, StatusCode, World
from pack_sdk.testing.collection import Change, ChangeKind, Fields, Item
from pack_sdk.testing.listing import page_after, seal, unseal

PAGE_SIZE = 7
"""Far below what is asked for, as the service is free to do."""

DRIVES = 3


def make_fake(seed: int) -> "GoogleDriveFake":
    """The service with files of the account, and in shared drives."""
    return GoogleDriveFake(seed)


class DriveWorld(World):
    """A world in which late changes move files from one drive to another."""

    moving = False

    def step(self, *kinds: ChangeKind) -> Sequence[Change]:
        """As in every world."""
        self.moving = "late" in kinds
        return super().step(*kinds)

    def revise_file(self, random: Random, fields: Fields, now: datetime) -> Fields:
        """Another name, and perhaps another drive."""
        revised: dict[str, Any] = {
            **fields,
            "name": f"Report {random.randint(1, 10**6)}",
            "modifiedTime": _time(now),
            "version": str(int(fields["version"]) + 1),
            "trashed": random.random() < 0.2,
        }
        if self.moving:
            revised["was_in"] = [*fields["was_in"], fields.get("driveId")]
            revised["driveId"] = _drive_id(random.randint(0, DRIVES))
        return revised


class GoogleDriveFake(FakeService):
    """Lists with `pageToken`, and logs of changes: the account's, and one of each shared drive."""

    def __init__(self, seed: int) -> None:
        world = DriveWorld(seed)
        super().__init__(world, "https://www.googleapis.com/drive/v3")
        self.drives = world.add("drives", _make_drive, _revise_drive, count=DRIVES)
        self.files = world.add("files", _make_file, world.revise_file, count=40)
        self.permissions = world.add("permissions", _make_permission, _revise_permission, count=12)
        self.route("GET", "/about")(self._show_about)
        self.route("GET", "/drives")(self._list_drives)
        self.route("GET", "/files")(self._list_files)
        self.route("GET", "/files/{drive}/permissions")(self._list_permissions)
        self.route("GET", "/changes/startPageToken")(self._show_start)
        self.route("GET", "/changes")(self._list_changes)

    def row_counts(self) -> Mapping[str, int]:
        """How many rows the tables of the pack should have."""
        drives = {item.id for item in self.drives}
        places = [item.fields.get("driveId") for item in self.files]
        return {
            "Drives": len(drives),
            "Files": places.count(None),
            "SharedDriveFiles": sum(place in drives for place in places),
            "DrivePermissions": sum(item.fields["drive"] in drives for item in self.permissions),
        }

    def _show_about(self, _request: ServiceRequest) -> Any:
        return {"user": {"emailAddress": "ada@example.com"}}

    def _list_drives(self, request: ServiceRequest) -> Any:
        return self._listed(request, self.drives.items(), "drives")

    def _list_files(self, request: ServiceRequest) -> Any:
        drive = request.query.get("driveId")
        if (drive is None) != (request.query.get("corpora") == "user"):
            return _refused(400, "invalid", "corpora")
        if problem := self._problem(request, drive):
            return problem
        files = [item for item in self.files if item.fields.get("driveId") == drive]
        return self._listed(request, files, "files")

    def _list_permissions(self, request: ServiceRequest) -> Any:
        drive = request.path["drive"]
        if self.drives.get(drive) is None or request.query.get("supportsAllDrives") != "true":
            return _refused(404, "notFound", "fileId")
        found = [item for item in self.permissions if item.fields["drive"] == drive]
        return self._listed(request, found, "permissions")

    def _show_start(self, request: ServiceRequest) -> Any:
        drive = request.query.get("driveId")
        if drive and self.drives.get(drive) is None:
            return _refused(404, "notFound", "driveId")
        return {"kind": "drive#startPageToken", "startPageToken": self._place(drive)}

    def _list_changes(self, request: ServiceRequest) -> Any:
        """What has changed in a log since a place in it; each file once, as it is now."""
        drive = request.query.get("driveId")
        if problem := self._problem(request, drive):
            return problem
        place = unseal(request.query.get("pageToken", ""))
        if not place or place["epoch"] != self.world.epoch or place["drive"] != drive:
            return _refused(400, "invalid", "pageToken")
        found = [
            item
            for item in self.files.changes(place["after"])
            if drive in (item.fields.get("driveId"), *item.fields["was_in"])
        ]
        page = page_after(found, None, PAGE_SIZE, key=lambda item: item.version)
        mask = _mask(request.query.get("fields", ""))
        shown = partial(_change, drive=drive, names=_mask(_mask(mask.get("changes", ""))["file"]))
        body: dict[str, Any] = {"changes": [shown(item) for item in page.items]}
        if page.more:
            last = page.items[-1].version
            return {**body, "nextPageToken": self._place(drive, last)}
        return {**body, "newStartPageToken": self._place(drive)}

    def _place(self, drive: str | None, after: int | None = None) -> str:
        after = self.files.version if after is None else after
        return seal(after=after, drive=drive, epoch=self.world.epoch)

    def _problem(self, request: ServiceRequest, drive: str | None) -> StatusCode | None:
        """What is wrong with a request for what is in a drive."""
        if drive is None:
            return None
        for name in ("supportsAllDrives", "includeItemsFromAllDrives"):
            if request.query.get(name) != "true":
                return _refused(403, "teamDriveMembershipRequired", name)
        return None if self.drives.get(drive) else _refused(404, "notFound", "driveId")

    def _listed(self, request: ServiceRequest, items: Sequence[Item], key: str) -> Any:
        place = unseal(request.query.get("pageToken", "")) or {}
        page = page_after(items, place.get("after"), PAGE_SIZE)
        names = _mask(_mask(request.query.get("fields", "")).get(key, ""))
        body = {key: [_shown(item, names) for item in page.items]}
        return {**body, "nextPageToken": seal(after=page.items[-1].number)} if page.more else body


def _mask(fields: str) -> dict[str, str]:
    """The fields of a mask such as `id,owners(name)`, each with what is in its parentheses."""
    return dict(_parts(fields))


def _parts(fields: str) -> Iterator[tuple[str, str]]:
    depth, begin = 0, 0
    for at, letter in enumerate(f"{fields},"):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            found = re.fullmatch(r"(\w+)(?:\((.*)\))?", fields[begin:at])
            if found:
                yield found[1], found[2] or ""
            begin = at + 1


def _change(item: Item, drive: str | None, names: Mapping[str, str]) -> Fields:
    change: dict[str, Any] = {"changeType": "file", "fileId": item.id}
    if item.deleted or item.fields.get("driveId") != drive:
        return {**change, "removed": True}
    return {**change, "removed": False, "file": _shown(item, names)}


def _shown(item: Item, names: Mapping[str, str]) -> Fields:
    """The fields that are asked for, else the few that Google has without being asked."""
    wanted = names or {"kind": "", "id": "", "name": "", "mimeType": ""}
    return {key: value for key, value in item.fields.items() if key in wanted and value is not None}


def _refused(status: int, reason: str, location: str) -> StatusCode:
    errors = [
        {"domain": "global", "reason": reason, "location": location, "locationType": "parameter"}
    ]
    return StatusCode(status, {"error": {"errors": errors, "code": status, "message": reason}})


def _time(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _drive_id(number: int) -> str | None:
    """A shared drive; 0 is none."""
    return f"0ADRIVE{number}" if number else None


_ADA = {"displayName": "Ada", "emailAddress": "ada@example.com"}


def _make_drive(_random: Random, number: int, now: datetime) -> Fields:
    return {
        "kind": "drive#drive",
        "id": _drive_id(number),
        "name": f"Drive {number}",
        "hidden": False,
        "colorRgb": "#0f9d58",
        "themeId": "abacus",
        "restrictions": {"domainUsersOnly": True, "driveMembersOnly": False},
        "createdTime": _time(now),
    }


def _revise_drive(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "name": f"{fields['name']}+", "hidden": random.random() < 0.3}


def _make_file(random: Random, number: int, now: datetime) -> Fields:
    drive = _drive_id(random.randint(0, DRIVES))
    made: dict[str, Any] = {
        "kind": "drive#file",
        "id": f"1file{number:06}",
        "was_in": [],
        "name": f"Report {number}",
        "description": "Figures",
        "mimeType": "application/pdf",
        "driveId": drive,
        "parents": [drive or "0ROOT"],
        "webViewLink": f"https://drive.google.com/file/d/1file{number:06}/view",
        "webContentLink": f"https://drive.google.com/uc?id=1file{number:06}",
        "size": str(2**53 + number),
        "quotaBytesUsed": str(number),
        "md5Checksum": f"{number:032x}",
        "sha256Checksum": f"{number:064x}",
        "originalFilename": f"report{number}.pdf",
        "fileExtension": "pdf",
        "headRevisionId": "0B1",
        "version": "1",
        "starred": False,
        "trashed": False,
        "explicitlyTrashed": False,
        "lastModifyingUser": _ADA,
        "permissionIds": ["1", "2"],
        "properties": {"stage": "draft"},
        "createdTime": _time(now),
        "modifiedTime": _time(now),
    }
    if number % 5 == 0:
        folder = {"shortcutDetails": {"targetId": "1file000001"}, "size": None}
        return {**made, "mimeType": "application/vnd.google-apps.shortcut", **folder}
    if drive:
        return {**made, "trashedTime": _time(now)}
    permission = {"id": "2", "type": "anyone", "role": "reader", "allowFileDiscovery": False}
    sharing = {"shared": True, "sharingUser": _ADA, "sharedWithMeTime": _time(now)}
    return {**made, "ownedByMe": True, "owners": [_ADA], "permissions": [permission], **sharing}


def _make_permission(random: Random, number: int, _now: datetime) -> Fields:
    return {
        "kind": "drive#permission",
        "id": f"{number:020}",
        "drive": _drive_id(number % DRIVES + 1),
        "type": "user",
        "role": random.choice(["organizer", "writer"]),
        "emailAddress": f"person{number}@example.com",
        "displayName": f"Person {number}",
        "domain": "example.com",
        "allowFileDiscovery": False,
        "expirationTime": "2030-01-01T00:00:00.000Z",
        "deleted": False,
    }


def _revise_permission(random: Random, fields: Fields, _now: datetime) -> Fields:
    return {**fields, "role": random.choice(["reader", "commenter", "fileOrganizer"])}
