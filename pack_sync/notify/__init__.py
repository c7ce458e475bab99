"""Notifications: what is wrong with synced tables and accounts, told once, and once when over."""
