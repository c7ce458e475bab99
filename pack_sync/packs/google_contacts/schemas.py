"""What the columns of the tables mean, in the words of Google's reference.

https://developers.google.com/people/api/rest/v1/people
"""

from pack_sdk import columns as c
from pack_sdk import make_object_schema

_KIND = c.text("home, work, other, or a word of the user's.", "type")
_IS_PRIMARY = c.flag("Whether it is the primary one.", "metadata.primary")

_DATE = {
    "year": c.whole("Year; empty or 0 if it is not known."),
    "month": c.whole("Month; empty or 0 if it does not matter."),
    "day": c.whole("Day of the month; empty or 0 if it does not matter."),
}

_EMAIL = c.struct(
    {
        "value": c.email("The address."),
        "kind": _KIND,
        "name": c.text("Name that is shown with it.", "displayName"),
        "is_primary": _IS_PRIMARY,
    },
    "An e-mail address.",
)

_PHONE = c.struct(
    {
        "value": c.text("The number, as it was written."),
        "e164": c.text("The number in the form of ITU-T E.164.", "canonicalForm"),
        "kind": _KIND,
        "is_primary": _IS_PRIMARY,
    },
    "A telephone number.",
)

_ADDRESS = c.struct(
    {
        "text": c.text("The whole address.", "formattedValue"),
        "street": c.text("Street and number.", "streetAddress"),
        "extended": c.text("Such as the number of the flat.", "extendedAddress"),
        "po_box": c.text("Post office box.", "poBox"),
        "city": c.text("City."),
        "region": c.text("State or province."),
        "postal_code": c.text("Postal code.", "postalCode"),
        "country": c.text("Country."),
        "country_code": c.text("Country (ISO 3166-1 alpha-2).", "countryCode"),
        "kind": _KIND,
        "is_primary": _IS_PRIMARY,
    },
    "An address.",
)

_ORGANIZATION = c.struct(
    {
        "name": c.text("Name of the organization."),
        "title": c.text("What the person does there."),
        "department": c.text("Department."),
        "is_current": c.flag("Whether it is the current one.", "current"),
        "is_primary": _IS_PRIMARY,
    },
    "An organization that the person belongs to or did.",
)

_COMMON = {
    "id": c.text('Name of the resource, such as "people/c123".', "resourceName", required=True),
    "display_name": c.text("Name as it is shown.", "name.displayName"),
    "given_name": c.text("Given name.", "name.givenName"),
    "family_name": c.text("Family name.", "name.familyName"),
    "email": c.email("The primary e-mail address."),
    "phone": c.text("The primary telephone number."),
    "email_addresses": c.several(_EMAIL, "All e-mail addresses.", "emailAddresses"),
    "phone_numbers": c.several(_PHONE, "All telephone numbers.", "phoneNumbers"),
    "photo_url": c.url("The primary photo.", "photoUrl"),
    "updated_at": c.moment("When it was last changed.", "updated"),
}

PERSON = make_object_schema(
    description="A contact.",
    id_property="id",
    display_property="display_name",
    properties={
        **_COMMON,
        "middle_name": c.text("Middle names.", "name.middleName"),
        "name_prefix": c.text("Such as Dr.", "name.honorificPrefix"),
        "name_suffix": c.text("Such as Jr.", "name.honorificSuffix"),
        "nickname": c.text("Nickname."),
        "organization_name": c.text("The primary organization.", "organization.name"),
        "organization_title": c.text("What the person does there.", "organization.title"),
        "organizations": c.several(_ORGANIZATION, "All organizations."),
        "addresses": c.several(_ADDRESS, "All addresses."),
        "birthday": c.struct(_DATE, "Day of birth, as far as it is known."),
        "birthday_text": c.text("Day of birth as it was written.", "birthdayText"),
        "events": c.several(
            c.struct(
                {
                    "kind": c.text("anniversary, or a word of the user's.", "type"),
                    "date": c.struct(_DATE, "The day."),
                },
                "A day that matters.",
            ),
            "Anniversaries and the like.",
        ),
        "relations": c.several(
            c.struct(
                {
                    "name": c.text("Name of the other person.", "person"),
                    "kind": c.text("spouse, child, friend …", "type"),
                },
                "Another person.",
            ),
            "Whom the person is related to.",
        ),
        "urls": c.several(
            c.struct({"value": c.url("The address."), "kind": _KIND}, "An address in the web."),
            "Pages of the person.",
        ),
        "im_clients": c.several(
            c.struct(
                {
                    "username": c.text("Name of the user."),
                    "protocol": c.text("Which messenger."),
                    "kind": _KIND,
                },
                "A messenger.",
            ),
            "Instant messengers.",
            "imClients",
        ),
        "custom_fields": c.several(
            c.struct({"key": c.text("Name."), "value": c.text("Value.")}, "A field."),
            "Fields that the user has added.",
            "userDefined",
        ),
        "notes": c.text("What the user has noted.", "biography"),
        "group_ids": c.several(c.text("A group."), "The groups it is in.", "groups"),
    },
)

OTHER_CONTACT = make_object_schema(
    description="Somebody whom Google has noted by itself.",
    id_property="id",
    display_property="display_name",
    properties=_COMMON,
)

CONTACT_GROUP = make_object_schema(
    description="A group of contacts.",
    id_property="id",
    display_property="name",
    properties={
        "id": c.text(
            'Name of the resource, such as "contactGroups/friends".', "resourceName", required=True
        ),
        "name": c.text("Name; of Google's own groups in English."),
        "formatted_name": c.text("Name in the account's language.", "formattedName"),
        "group_type": c.text("USER_CONTACT_GROUP or SYSTEM_CONTACT_GROUP.", "groupType"),
        "updated_at": c.moment("When it was last changed.", "metadata.updateTime"),
    },
)
