"""The pack `google_contacts`: people, other contacts, and contact groups."""
