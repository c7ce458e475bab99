"""What the columns of the tables mean, in the words of Google's reference.

https://developers.google.com/workspace/drive/api/reference/rest/v3
"""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

_USER = {
    "name": c.text("Name, as it is shown.", "displayName"),
    "email": c.email("E-mail address, if it may be seen.", "emailAddress"),
}

_PERMISSION = {
    "id": c.text("Identifier of whom it is for."),
    "type": c.text("user, group, domain or anyone."),
    "role": c.text("owner, organizer, fileOrganizer, writer, commenter or reader."),
    "email": c.email("Address of the user or group.", "emailAddress"),
    "domain": c.text("The domain, if it is for one."),
    "name": c.text("Name of the user, group or domain.", "displayName"),
    "is_found_by_search": c.flag(
        "Whether those of the domain, or anyone, find the file by search.", "allowFileDiscovery"
    ),
    "expires_at": c.moment("When it ends.", "expirationTime"),
    "is_account_deleted": c.flag("Whether the account is there no longer.", "deleted"),
}

PERMISSION_FIELDS = (
    "id,type,role,emailAddress,domain,displayName,allowFileDiscovery,expirationTime,deleted"
)

FILE_FIELDS = (
    "id,name,mimeType,description,driveId,parents,webViewLink,webContentLink,size,quotaBytesUsed,"
    "md5Checksum,sha256Checksum,originalFilename,fileExtension,headRevisionId,version,starred,"
    "trashed,explicitlyTrashed,trashedTime,shared,ownedByMe,owners(displayName,emailAddress),"
    "lastModifyingUser(displayName,emailAddress),sharingUser(displayName,emailAddress),"
    f"sharedWithMeTime,permissionIds,permissions({PERMISSION_FIELDS}),shortcutDetails,properties,"
    "createdTime,modifiedTime"
)

FILE = make_object_schema(
    description="A file, a folder or a shortcut.",
    id_property="id",
    display_property="name",
    link_property="url",
    properties={
        "id": c.text("Identifier.", required=True),
        "name": c.text("Name, which others in the folder may have as well."),
        "mime_type": c.text("Kind; application/vnd.google-apps.folder for a folder.", "mimeType"),
        "description": c.text("Description."),
        "drive_id": c.text("The shared drive that it is in.", "driveId"),
        "parent_ids": c.several(c.text("A folder."), "The folder that it is in.", "parents"),
        "url": c.url("The file in Google's page.", "webViewLink"),
        "download_url": c.url("Where a browser gets its content.", "webContentLink"),
        "size": c.whole("Bytes; empty for folders and shortcuts."),
        "quota_bytes_used": c.whole(
            "Bytes that count for the quota, kept revisions too.", "quotaBytesUsed"
        ),
        "md5": c.text("MD5 of the content.", "md5Checksum"),
        "sha256": c.text("SHA-256 of the content.", "sha256Checksum"),
        "original_filename": c.text("Name with which it was uploaded.", "originalFilename"),
        "file_extension": c.text("Last part of the name, such as pdf.", "fileExtension"),
        "head_revision_id": c.text("The revision that is shown.", "headRevisionId"),
        "version": c.whole("Grows with each change."),
        "is_starred": c.flag("Whether the account has starred it.", "starred"),
        "is_trashed": c.flag("Whether it or its folder is in the trash.", "trashed"),
        "is_explicitly_trashed": c.flag(
            "Whether it is in the trash by itself.", "explicitlyTrashed"
        ),
        "trashed_at": c.moment("When; in shared drives alone.", "trashedTime"),
        "is_shared": c.flag("Whether it is shared; not in shared drives.", "shared"),
        "is_owned_by_me": c.flag("Whether it is the account's own.", "ownedByMe"),
        "owners": c.several(c.struct(_USER, "An owner."), "Whose it is; not in shared drives."),
        "last_modifying_user": c.struct(_USER, "Who changed it last.", "lastModifyingUser"),
        "sharing_user": c.struct(_USER, "Who shared it with the account.", "sharingUser"),
        "shared_with_me_at": c.moment("When.", "sharedWithMeTime"),
        "permission_ids": c.several(
            c.text("A permission."), "Who may see it, by identifiers.", "permissionIds"
        ),
        "permissions": c.several(
            c.struct(_PERMISSION, "A permission."),
            "Who may see it; told of files that the account may share, not in shared drives.",
        ),
        "shortcut_target_id": c.text(
            "The file that a shortcut leads to.", "shortcutDetails.targetId"
        ),
        "properties": c.json("What apps have noted with it."),
        "created_at": c.moment("When it was made.", "createdTime"),
        "modified_at": c.moment("When anyone last changed it.", "modifiedTime"),
    },
)

DRIVE_FIELDS = "id,name,createdTime,hidden,colorRgb,themeId,restrictions"

DRIVE = make_object_schema(
    description="A shared drive.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text("Identifier, which is also that of its top folder.", required=True),
        "name": c.text("Name."),
        "is_hidden": c.flag("Whether the account has hidden it.", "hidden"),
        "color": c.text("Colour, such as #0f9d58.", "colorRgb"),
        "theme_id": c.text("Theme of colour and picture.", "themeId"),
        "domain_users_only": c.flag(
            "Whether only users of its domain may see it.", "restrictions.domainUsersOnly"
        ),
        "drive_members_only": c.flag(
            "Whether only members may see its files.", "restrictions.driveMembersOnly"
        ),
        "created_at": c.moment("When it was made.", "createdTime"),
    },
)

DRIVE_PERMISSION = make_object_schema(
    description="Who may use a shared drive.",
    id_property="id",
    display_property="name",
    properties={
        **_PERMISSION,
        "id": c.text("Identifier, unique within the drive.", required=True),
        "drive_id": c.text("The shared drive.", "drive", required=True),
    },
)
