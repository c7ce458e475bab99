"""Google Drive: the account's files, the shared drives and their files, and who may use the drives.

A full sync notes where the log of changes stands and lists all files; increments read the log from
there on, which also tells what was `removed`. The account has a log, and each shared drive has one
of its own (https://developers.google.com/workspace/drive/api/guides/manage-changes). By Google's
reference the places in a log do not expire; if one is refused, a full sync follows. Drives and
their permissions are few and listed anew each time. What is too much is refused with 403 or 429 and
a reason such as `userRateLimitExceeded`
(https://developers.google.com/workspace/drive/api/guides/handle-errors); Google's limits are higher
than the rate below.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pack_sdk import (
    AuthenticationType,
    ChangeFeed,
    FetchResponse,
    Pack,
    ParameterType,
    SyncExecutionContext,
    SyncPage,
    full_sync_when_expired,
    make_parameter,
    split_deleted,
    value_at,
    with_query_params,
)

from .schemas import DRIVE, DRIVE_FIELDS, DRIVE_PERMISSION, FILE, FILE_FIELDS, PERMISSION_FIELDS

API = "https://www.googleapis.com/drive/v3"

BLIND_SPOTS: Mapping[str, Mapping[str, str]] = {}

pack = Pack()
pack.add_network_domain("googleapis.com")
pack.set_rate("600/minute")


def _is_limited(response: FetchResponse) -> bool:
    return response.status == 403 and "ateLimitExceeded" in str(response.body)


pack.set_rate_limits(is_limited=_is_limited)


def _connection_name(context: SyncExecutionContext) -> str:
    url = f"{API}/about?fields=user(emailAddress)"
    return str(context.fetcher.fetch(url=url).body["user"]["emailAddress"])


pack.set_authentication(
    type=AuthenticationType.OAUTH2,
    authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
    token_url="https://oauth2.googleapis.com/token",
    revocation_url="https://oauth2.googleapis.com/revoke",
    # Without these Google gives a refresh token with the first consent alone.
    additional_params={"access_type": "offline", "prompt": "consent"},
    # The list of shared drives is not to be had with drive.metadata.readonly.
    scopes=["https://www.googleapis.com/auth/drive.readonly"],
    use_proof_key_for_code_exchange=True,
    instructions_url="https://developers.google.com/workspace/guides/create-credentials",
    get_connection_name=_connection_name,
)

DRIVE_PARAMETER = make_parameter(
    name="drive",
    type=ParameterType.STRING,
    description="Identifier of a shared drive.",
    crawl_strategy={"parentTable": {"tableName": "Drives", "propertyKey": "id"}},
)


@pack.add_sync_table(
    name="Files",
    identity_name="File",
    schema=FILE,
    description="The files and folders of the account that are in no shared drive: its own, and "
    "those that are shared with it. What is in the trash is here too.",
)
@full_sync_when_expired(400, reason="pageToken")
def sync_files(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of the list, or of the account's log."""
    return _files_or_changes(context, None)


@pack.add_sync_table(
    name="SharedDriveFiles",
    identity_name="SharedDriveFile",
    schema=FILE,
    description="The files and folders in the shared drives, with the trash.",
    parameters=[DRIVE_PARAMETER],
)
@full_sync_when_expired(400, reason="pageToken")
def sync_shared_drive_files(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page of the list, or of the drive's log."""
    return _files_or_changes(context, str(args[0]))


@pack.add_sync_table(
    name="Drives",
    identity_name="Drive",
    schema=DRIVE,
    description="The shared drives that the account is a member of, hidden ones too.",
)
def sync_drives(_args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page."""
    rows, further = _listed(context, "/drives", "drives", DRIVE_FIELDS)
    return {"result": rows, "continuation": further}


@pack.add_sync_table(
    name="DrivePermissions",
    identity_name="DrivePermission",
    schema=DRIVE_PERMISSION,
    description="Who may use a shared drive, and as what. Those of other files are in the column "
    "permissions of Files.",
    parameters=[DRIVE_PARAMETER],
)
def sync_drive_permissions(args: Sequence[Any], context: SyncExecutionContext) -> SyncPage:
    """One page (https://developers.google.com/workspace/drive/api/reference/rest/v3/permissions)."""
    drive = str(args[0])
    path = f"/files/{quote(drive, safe='')}/permissions"
    rows, further = _listed(
        context, path, "permissions", PERMISSION_FIELDS, supportsAllDrives="true"
    )
    return {"result": [{**row, "drive": drive} for row in rows], "continuation": further}


def _files_or_changes(context: SyncExecutionContext, drive: str | None) -> SyncPage:
    """One page of the files of a shared drive, or of those in none."""
    feed = ChangeFeed(context)
    # In both Google's parameters say of which drive; without one they leave all drives out.
    where = {"driveId": drive, "includeItemsFromAllDrives": "true", "supportsAllDrives": "true"}
    where = where if drive else {}
    if feed.position is not None:
        return _changes(context, feed, drive, where)
    if feed.start is None:
        place = {key: value for key, value in where.items() if key != "includeItemsFromAllDrives"}
        url = with_query_params(f"{API}/changes/startPageToken", place)
        feed.start = context.fetcher.fetch(url=url).body["startPageToken"]
    query = {
        "corpora": "drive" if drive else "user",
        "spaces": "drive",
        "pageSize": 1000,
        "fields": f"nextPageToken,files({FILE_FIELDS})",
        **where,
        "pageToken": feed.next_page,
    }
    body = context.fetcher.fetch(url=with_query_params(f"{API}/files", query)).body
    return feed.page(body["files"], next_page=body.get("nextPageToken"))


def _changes(
    context: SyncExecutionContext, feed: ChangeFeed, drive: str | None, where: Mapping[str, Any]
) -> SyncPage:
    """One page of a log. A file that was moved to another drive is gone from this one."""

    def is_gone(change: Mapping[str, Any]) -> bool:
        return bool(change.get("removed")) or value_at(change, "file.driveId") != drive

    query = {
        "spaces": "drive",
        "pageSize": 1000,
        "fields": "nextPageToken,newStartPageToken,"
        f"changes(changeType,removed,fileId,file({FILE_FIELDS}))",
        **where,
        "pageToken": feed.position,
    }
    body = context.fetcher.fetch(url=with_query_params(f"{API}/changes", query)).body
    of_files = [change for change in body["changes"] if change["changeType"] == "file"]
    changes, deleted = split_deleted(of_files, is_gone, "fileId")
    further = body.get("nextPageToken")
    return feed.page(
        [change["file"] for change in changes],
        deleted_ids=deleted,
        next_position=further or body["newStartPageToken"],
        more=bool(further),
    )


def _listed(
    context: SyncExecutionContext, path: str, key: str, fields: str, **query: object
) -> tuple[Sequence[Any], Any]:
    """The rows of one page of a list that is read in full each time, and the next page's token."""
    place = {"pageToken": context.sync.continuation}
    asked = {"pageSize": 100, "fields": f"nextPageToken,{key}({fields})", **query, **place}
    body = context.fetcher.fetch(url=with_query_params(f"{API}{path}", asked)).body
    return body[key], body.get("nextPageToken")
