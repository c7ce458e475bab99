"""The pack `google_drive`: files, shared drives and their files, and who may use the drives."""
