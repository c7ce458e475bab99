"""The pack `zendesk`: tickets, users, organizations, comments, and metric events."""
