"""The pack `google_calendar`: calendars, their events, and who may see them."""
