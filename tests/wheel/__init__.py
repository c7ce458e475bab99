"""The library as somebody installs it."""
