"""The pack `slack`: channels, users, messages, and replies in threads."""
